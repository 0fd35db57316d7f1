"""STARTTLS injection (CVE-2011-0411): what came in plain text must not be taken for what came in TLS."""

import pytest

from smtp_client import Client, Closed, tls_settings
from tls_records import ALERT, Records, client_hello, first_record

COMMANDS = b"EHLO evil.example\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<pass@example.org>\r\n"

IN_THE_SAME_FLIGHT = {
    "commands": COMMANDS, "a command": b"NOOP\r\n", "a letter": b"N", "LF": b"\n", "an empty line": b"\r\n",
    "a blank": b" ", "NUL": b"\0", "a handshake": client_hello(0x0303),
}
INSTEAD_OF_A_HANDSHAKE = {
    "commands": COMMANDS, "QUIT": b"QUIT\r\n" * 100, "an impossible record": b"\x16\x03\x01\xff\xff" + bytes(200),
    "NULs": bytes(1000),
}


def rest(client):
    """What the server still says until it closes."""
    octets = b""
    while True:
        try:
            more = client.socket.recv(65536)
        except ConnectionResetError:
            return octets
        if not more:
            return octets
        octets += more


def is_an_alert_at_most(octets):
    return not octets or (octets[0] == ALERT and len(octets) == 7)


def nothing_came_of_it(greygate, backend):
    assert not greygate.events("recipient") and not backend.served()
    assert greygate.status()["connections"]["tls"] == 0
    with greygate.session() as client:
        assert client.cmd("NOOP").code == 250


@pytest.mark.parametrize("what", IN_THE_SAME_FLIGHT)
def test_what_comes_in_the_same_flight_is_refused_before_any_tls(tls_greygate, backend, what):
    with tls_greygate.session() as client:
        client.send(b"STARTTLS\r\n" + IN_THE_SAME_FLIGHT[what])
        reply = client.reply()
        assert (reply.code, reply.enhanced) == (503, "5.5.1")
        with pytest.raises(Closed):
            client.reply()
    nothing_came_of_it(tls_greygate, backend)


def test_earlier_commands_of_the_flight_are_answered_first(tls_greygate, backend):
    with Client(tls_greygate.port) as client:
        client.send(b"EHLO client.example.com\r\nNOOP\r\nSTARTTLS\r\n" + COMMANDS)
        assert [each.code for each in client.replies(3)] == [250, 250, 503]
        assert client.is_closed()
    nothing_came_of_it(tls_greygate, backend)


def test_a_flight_that_ends_with_starttls_is_well(tls_greygate):
    with Client(tls_greygate.port) as client:
        client.send(b"EHLO client.example.com\r\nNOOP\r\nSTARTTLS\r\n")
        assert [each.code for each in client.replies(3)] == [250, 250, 220]
        client.handshake()
        assert client.ehlo().code == 250


def test_what_comes_before_the_reply_is_never_obeyed(tls_greygate, backend):
    """Right behind STARTTLS, in a packet of its own: found before the 220, or it spoils the handshake."""
    for _ in range(20):
        with tls_greygate.session() as client:
            client.send(b"STARTTLS\r\n")
            client.send(COMMANDS)
            said = rest(client)
        line, _, more = said.partition(b"\r\n")
        if line.startswith(b"503 5.5.1 "):
            assert not more, said
        else:
            assert line.startswith(b"220 2.0.0 ") and is_an_alert_at_most(more), said
    nothing_came_of_it(tls_greygate, backend)


@pytest.mark.parametrize("what", INSTEAD_OF_A_HANDSHAKE)
def test_plain_text_after_the_reply_ends_the_connection(tls_greygate, backend, what):
    with tls_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.send(INSTEAD_OF_A_HANDSHAKE[what])
        assert is_an_alert_at_most(rest(client))
    (event,) = tls_greygate.events("tls_handshake_failed", 1)
    assert event["client"] == "127.0.0.1" and event["session"] and event["reason"]
    assert tls_greygate.status()["tls"]["handshakes_failed"] == 1
    nothing_came_of_it(tls_greygate, backend)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_plain_text_within_the_handshake_ends_the_connection(tls_greygate, backend, version):
    with tls_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.send(Records(client, tls_settings(version=version)).first_flight() + COMMANDS)
        rest(client)
    assert tls_greygate.events("tls_handshake_failed", 1)
    nothing_came_of_it(tls_greygate, backend)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_plain_text_within_the_session_ends_the_connection(tls_greygate, backend, version):
    with tls_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        records = Records(client, tls_settings(version=version))
        records.handshake(client.send)
        client.send(records.sealed(b"EHLO client.example.com\r\n"))
        assert records.until(b"250 ")
        client.send(COMMANDS)
        rest(client)
    assert not tls_greygate.events("recipient") and not backend.served()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_record_that_was_touched_ends_the_connection(tls_greygate, backend, version):
    with tls_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        records = Records(client, tls_settings(version=version))
        records.handshake(client.send)
        client.send(records.sealed(b"EHLO client.example.com\r\n"))
        assert records.until(b"250 ")
        touched = bytearray(records.sealed(COMMANDS))
        touched[20] ^= 1
        client.send(touched)
        rest(client)
    assert not tls_greygate.events("recipient") and not backend.served()


def test_plain_text_at_an_implicit_listener_is_never_obeyed(make_greygate, backend, certificate):
    greygate = make_greygate(backend, tls={"certificates": [certificate.entry]}, start=False)
    tls_port = greygate.add_listener(tls="implicit")
    greygate.start()
    with Client(tls_port, greeting=False) as client:
        client.send(COMMANDS)
        assert is_an_alert_at_most(rest(client))
    assert greygate.events("tls_handshake_failed", 1)
    with Client(tls_port, greeting=False) as client:
        client.send(client_hello(0x0302))
        assert first_record(client)[0] == ALERT
    nothing_came_of_it(greygate, backend)
