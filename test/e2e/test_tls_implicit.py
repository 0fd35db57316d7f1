"""Listeners where TLS comes first, as on port 465, and PROXY headers before any TLS."""

import time

import pytest

from smtp_client import Client, tls_settings
from test_proxy_protocol import TOLD
from tls_records import Records


@pytest.fixture
def make_implicit(make_greygate, backend, certificate):
    """A proxy with one more listener, `tls_port`, that is implicit."""
    def make(listener=None, tls=None, **settings):
        greygate = make_greygate(backend, start=False, tls={"certificates": [certificate.entry], **(tls or {})},
                                 **{"greylist": {"delay": "1h"}, **settings})
        greygate.tls_port = greygate.add_listener(tls="implicit", **(listener or {}))
        return greygate.start()
    return make


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_greeting_comes_after_the_handshake(make_implicit, backend, authority, version):
    greygate = make_implicit()
    with Client(greygate.tls_port, tls=tls_settings(authority.file, version), name="mx.example.org") as client:
        assert client.greeting.text == "220 mx.example.org ESMTP"
        assert "STARTTLS" not in client.keywords()
        assert client.cmd("STARTTLS").code == 503
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert greygate.events("message", 1)[0]["tls"].startswith(version.replace("_", ".") + " ")
    assert greygate.status()["connections"]["tls"] == 1


def test_nothing_is_said_before_the_handshake(make_implicit):
    greygate = make_implicit(limits={"command_timeout": "1s"})
    with Client(greygate.tls_port, greeting=False) as client:
        assert client.is_closed()  # without a word in plain text, at the end of its time neither
    (event,) = greygate.events("tls_handshake_failed", 1)
    assert event["reason"]


def test_the_other_listener_is_plain(make_implicit):
    with make_implicit().session() as client:
        assert client.cmd("NOOP").code == 250


def test_required_is_met_there(make_implicit):
    greygate = make_implicit(tls={"required": True})
    with Client(greygate.tls_port, tls=tls_settings()) as client:
        client.ehlo()
        assert client.mail().code == 250
    with greygate.session() as client:
        assert client.mail().code == 530


def test_a_client_too_many_is_told_so_in_tls(make_implicit):
    greygate = make_implicit(limits={"connections_per_client": 1})
    with Client(greygate.tls_port, tls=tls_settings()) as first:
        with Client(greygate.tls_port, tls=tls_settings()) as second:
            assert (second.greeting.code, second.greeting.enhanced) == (421, "4.7.0")
            assert second.is_closed()
        with Client(greygate.tls_port, tls=tls_settings(), source="127.0.0.2") as other:
            assert other.greeting.code == 220
        assert first.cmd("NOOP").code == 250
    assert greygate.status()["connections"]["refused"] == 1


def test_a_connection_too_many_is_told_so_in_tls(make_implicit):
    greygate = make_implicit(limits={"connections": 1})
    with Client(greygate.tls_port, tls=tls_settings()) as first:
        with Client(greygate.tls_port, tls=tls_settings(), source="127.0.0.2") as second:
            assert (second.greeting.code, second.greeting.enhanced) == (421, "4.7.0")
        assert first.cmd("NOOP").code == 250


@pytest.mark.parametrize("why", TOLD)
def test_a_proxy_header_comes_before_tls(make_implicit, why):
    header, address = TOLD[why]
    greygate = make_implicit({"proxy_protocol_from": ["127.0.0.0/24"]})
    with Client(greygate.tls_port, greeting=False) as client:
        client.send(header)
        client.handshake()
        assert client.reply().code == 220
        client.ehlo()
        assert client.attempt("alice@example.com", "bob@example.org").code == 450
    assert greygate.events("recipient", 1)[0]["client"] == address


def test_a_proxy_header_and_the_handshake_in_one_flight(make_implicit):
    greygate = make_implicit({"proxy_protocol_from": ["127.0.0.0/24"]})
    for header, _ in TOLD.values():
        with Client(greygate.tls_port, greeting=False) as client:
            records = Records(client)
            client.send(header + records.first_flight())
            records.handshake(client.send)
            assert records.until(b"\r\n").startswith(b"220 ")


def test_a_proxy_header_cut_anywhere_and_the_handshake(make_implicit):
    greygate = make_implicit({"proxy_protocol_from": ["127.0.0.0/24"]})
    header = TOLD["v2 IPv4"][0]
    for cut in range(1, len(header)):
        with Client(greygate.tls_port, greeting=False) as client:
            records = Records(client)
            client.send(header[:cut])
            client.send(header[cut:] + records.first_flight())
            records.handshake(client.send)
            assert records.until(b"\r\n").startswith(b"220 ")


def test_tls_without_its_proxy_header_is_closed(make_implicit):
    greygate = make_implicit({"proxy_protocol_from": ["127.0.0.0/24"]})
    with Client(greygate.tls_port, greeting=False) as client:
        client.send(Records(client).first_flight())
        assert client.is_closed()
    assert greygate.status()["connections"]["tls"] == 0


def test_the_told_client_is_the_one_that_is_counted(make_implicit):
    greygate = make_implicit({"proxy_protocol_from": ["127.0.0.1"]}, limits={"connections_per_client": 1})
    clients = []
    for address, code in (("192.0.2.1", 220), ("192.0.2.2", 220), ("192.0.2.1", 421)):
        clients.append(Client(greygate.tls_port, greeting=False))
        clients[-1].send(f"PROXY TCP4 {address} 192.0.2.25 40000 465\r\n")
        clients[-1].handshake()
        assert clients[-1].reply().code == code
    for client in clients:
        client.close()


@pytest.mark.parametrize("why", TOLD)
def test_a_proxy_header_comes_before_starttls(make_greygate, backend, certificate, why):
    header, address = TOLD[why]
    greygate = make_greygate(backend, start=False, greylist={"delay": "1h"}, tls={"certificates": [certificate.entry]})
    port = greygate.add_listener(proxy_protocol_from=["127.0.0.0/24"])
    greygate.start()
    with Client(port, greeting=False) as client:
        client.send(header)
        assert client.reply().code == 220
        client.ehlo()
        client.starttls()
        client.ehlo()
        client.attempt("alice@example.com", "bob@example.org")
    assert greygate.events("recipient", 1)[0]["client"] == address  # the session starts afresh, the client stays the same


def test_a_failed_handshake_is_laid_to_the_told_client(make_implicit):
    greygate = make_implicit({"proxy_protocol_from": ["127.0.0.1"]}, limits={"command_timeout": "1s"})
    with Client(greygate.tls_port, greeting=False) as client:
        client.send(TOLD["v1 TCP4"][0])
        begun = time.monotonic()
        assert client.is_closed()
    assert time.monotonic() - begun > 0.5
    assert greygate.events("tls_handshake_failed", 1)[0]["client"] == "192.0.2.7"
