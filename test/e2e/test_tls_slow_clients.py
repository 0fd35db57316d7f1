"""Clients that are slow, stop, or leave, in TLS and on the way to it: nobody else is kept waiting."""

import time

import pytest

from smtp_client import Client, Closed, tls_settings
from tls_records import Records
from wait import wait_for


@pytest.fixture
def hurried(make_greygate, backend, certificate):
    """One loop, which none may hold up; a second for each handshake."""
    return make_greygate(backend, threads=1, greylist={"delay": "1h"}, tls={"certificates": [certificate.entry]},
                         limits={"command_timeout": "1s", "data_timeout": "1s", "connections_per_client": 1000})


def at_handshake(greygate):
    client = greygate.session()
    assert client.cmd("STARTTLS").code == 220
    return client


def until_closed(client):
    octets = b""
    try:
        while more := client.socket.recv(65536):
            octets += more
    except ConnectionResetError:
        pass
    return octets


# Where a client may stop

def says_nothing(_client, _records):
    pass


def half_a_hello(client, records):
    client.send(records.first_flight()[:100])


def one_octet(client, records):
    client.send(records.first_flight()[:1])


def all_but_the_end(client, records):
    client.send(records.first_flight())
    client.send(records.last_flight()[:-1])


def a_hello_alone(client, records):
    client.send(records.first_flight())


STOPS = [says_nothing, one_octet, half_a_hello, a_hello_alone, all_but_the_end]


@pytest.mark.parametrize("stop", STOPS)
def test_a_client_that_stops_in_the_handshake_is_closed(hurried, stop):
    begun = time.monotonic()
    with at_handshake(hurried) as client:
        stop(client, Records(client, tls_settings(version="TLSv1_3")))
        assert b"421" not in until_closed(client)  # there is no channel in which to say so
    assert 0.8 < time.monotonic() - begun < 15
    (event,) = hurried.events("tls_handshake_failed", 1)
    assert "time" in event["reason"], event


@pytest.mark.parametrize("stop", STOPS)
def test_a_client_that_leaves_in_the_handshake(tls_greygate, stop):
    with at_handshake(tls_greygate) as client:
        stop(client, Records(client, tls_settings(version="TLSv1_3")))
        client.end_input()
        until_closed(client)
    assert len(tls_greygate.events("tls_handshake_failed", 1)) == 1
    wait_for("the session to end", lambda: tls_greygate.status()["connections"]["open"] == 0)


def test_others_are_served_while_some_stop(make_greygate, backend, certificate):
    greygate = make_greygate(backend, threads=1, tls={"certificates": [certificate.entry]},
                             limits={"connections_per_client": 1000}, greylist={"delay": "1h"})
    stopped = []
    for number in range(100):
        client = at_handshake(greygate)
        STOPS[number % len(STOPS)](client, Records(client, tls_settings(version="TLSv1_3")))
        stopped.append(client)
    for _ in range(3):
        with greygate.tls_session() as client:
            assert client.attempt("alice@example.com", "pass@example.org").code == 250
        with greygate.session() as client:
            assert client.attempt("alice@example.com", "pass@example.org").code == 250
    for client in stopped:
        client.close()
    wait_for("the sessions to end", lambda: greygate.status()["connections"]["open"] == 0)
    assert greygate.status()["tls"]["handshakes_failed"] == 100


def test_a_drip_of_octets_does_not_extend_the_time(hurried):
    begun = time.monotonic()
    with at_handshake(hurried) as client, pytest.raises(OSError):
        for octet in Records(client).first_flight():
            client.send(bytes([octet]))
            time.sleep(0.1)  # it would take half a minute
            assert time.monotonic() - begun < 15
    assert time.monotonic() - begun > 0.8


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_handshake_and_a_session_octet_by_octet(tls_greygate, version):
    with at_handshake(tls_greygate) as client:
        records = Records(client, tls_settings(version=version))

        def drip(octets):
            for octet in octets:
                client.send(bytes([octet]))
        records.handshake(drip)
        drip(records.sealed(b"EHLO client.example.com\r\n"))
        assert records.until(b"250 ") and records.until(b"\r\n")
        drip(records.sealed(b"NO") + records.sealed(b"OP\r\nQUI") + records.sealed(b"T\r\n"))
        assert records.until(b"250 ") and records.until(b"\r\n221 ")


def test_silence_in_tls_is_cut_off_in_tls(hurried):
    with hurried.tls_session() as client:
        reply = client.reply()
        assert (reply.code, reply.enhanced) == (421, "4.4.2")
        assert client.is_closed()


def test_a_command_begun_in_tls_is_cut_off(hurried):
    begun = time.monotonic()
    with hurried.tls_session() as client:
        client.socket.settimeout(0.2)
        while True:
            client.send(b"N")  # a record of its own each
            try:
                assert client.reply().code == 421
                break
            except TimeoutError:
                assert time.monotonic() - begun < 15


def test_a_client_that_breaks_off_in_content_delivers_nothing(tls_greygate, backend):
    """TCP's end without TLS' is a truncation: no part of a message may be taken for the whole."""
    for how in ("end_input", "reset"):
        with tls_greygate.tls_session() as client:
            client.mail()
            assert client.rcpt("pass@example.org").code == 250
            assert client.cmd("DATA").code == 354
            client.send(b"Subject: cut\r\n\r\nhalf a\r\n")
            getattr(client, how)()
            wait_for("the backend connection to close", lambda: not backend.served()[-1].open)
    with tls_greygate.tls_session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        client.send(b"BDAT 1000 LAST\r\n" + bytes(500))
        client.end_input()
        with pytest.raises(Closed):
            client.reply()
        wait_for("the backend connection to close", lambda: not backend.served()[-1].open)
    assert not any(each.complete for each in backend.transactions)


def test_a_client_that_breaks_off_after_the_end_of_data_has_delivered(tls_greygate, backend):
    with tls_greygate.tls_session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        assert client.cmd("DATA").code == 354
        client.send(b"Subject: whole\r\n\r\nall of it\r\n.\r\n")
        client.end_input()
        backend.await_messages(1)
    assert tls_greygate.events("message", 1)[0]["outcome"] == "relayed"


# At the drain

def test_idle_sessions_are_told_at_the_drain(tls_greygate):
    with tls_greygate.tls_session() as client:
        tls_greygate.terminate()
        reply = client.reply()
        assert (reply.code, reply.enhanced) == (421, "4.3.2")
        assert client.is_closed()
    assert tls_greygate.exit_code() == 0


def test_an_open_transaction_finishes_at_the_drain(tls_greygate, backend):
    with tls_greygate.tls_session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        tls_greygate.terminate()
        wait_for("draining", lambda: tls_greygate.status()["state"] == "draining")
        assert client.data().code == 250
    assert tls_greygate.exit_code() == 0
    assert len(backend.messages) == 1


@pytest.fixture
def patient(make_greygate, backend, certificate):
    """It would wait long for an open transaction; a handshake is none."""
    greygate = make_greygate(backend, start=False, limits={"drain_timeout": "10m"},
                             tls={"certificates": [certificate.entry]})
    greygate.tls_port = greygate.add_listener(tls="implicit")
    return greygate.start()


@pytest.mark.parametrize("stop", STOPS)
def test_a_handshake_does_not_hold_up_the_drain(patient, stop):
    with at_handshake(patient) as client:
        stop(client, Records(client, tls_settings(version="TLSv1_3")))
        patient.terminate()
        assert patient.exit_code() == 0
        assert b"421" not in until_closed(client)


def test_a_silent_client_at_an_implicit_listener_does_not_hold_up_the_drain(patient):
    with Client(patient.tls_port, greeting=False) as client:
        wait_for("the connection", lambda: patient.status()["connections"]["open"] == 1)
        patient.terminate()
        assert patient.exit_code() == 0
        assert client.is_closed()
