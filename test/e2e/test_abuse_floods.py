"""Clients that want too much: of time, connections, commands, recipients, octets, handshakes."""

import contextlib
import socket

import pytest

from abuse import ABUSER, MIB, connections, unharmed
from smtp_client import Client, Closed
from tls_records import Records
from wait import wait_for

HOUR = {"delay": "1h"}


def abuser(greygate, **options):
    return Client(greygate.port, source=ABUSER, **options)


def codes(client):
    """The codes of all replies until the proxy closes."""
    found = []
    with contextlib.suppress(Closed):
        while True:
            found.append(client.reply().code)
    return found


# Slowloris: where a client may stop for good

def before_a_word(_client):
    pass


def within_ehlo(client):
    client.send("EHLO client.exam")


def between_commands(client):
    client.ehlo()


def within_mail(client):
    client.ehlo()
    client.send("MAIL FROM:<alice@")


def within_rcpt(client):
    client.ehlo()
    client.mail()
    client.send("RCPT TO:<bob@example.org>\r")


def after_a_recipient_that_passes(client):
    client.ehlo()
    client.mail()
    client.rcpt("pass@example.org")


def within_content(client):
    after_a_recipient_that_passes(client)
    client.cmd("DATA")
    client.send("Subject: endless\r\n\r\n.\r")


def within_a_chunk(client):
    after_a_recipient_that_passes(client)
    client.send("BDAT 1000000\r\nhalf")


def within_a_chunk_that_nobody_wants(client):
    client.ehlo()
    client.send("BDAT 1000000\r\nhalf")


def within_a_line_too_long(client):
    client.send("NOOP " + "x" * 5000)


PHASES = [before_a_word, within_ehlo, between_commands, within_mail, within_rcpt, after_a_recipient_that_passes,
          within_content, within_a_chunk, within_a_chunk_that_nobody_wants, within_a_line_too_long]


def test_clients_that_stop(make_greygate, backend):
    """Fifty of them, as many as one client may have, in all phases: they hold up nobody, and lose their places in time."""
    greygate = make_greygate(backend, greylist=HOUR, limits={"command_timeout": "2s", "data_timeout": "2s"})
    with unharmed(greygate), contextlib.ExitStack() as stack:
        for stop in PHASES * 5:
            client = stack.enter_context(abuser(greygate))
            with contextlib.suppress(Closed, OSError):  # on a busy machine time may be up already
                stop(client)
        wait_for("the slow ones to be closed", lambda: connections(greygate) <= 2)
    assert all(message.recipients == ["pass@example.org"] and b"endless" not in message.content
               for message in backend.messages)


def test_a_header_of_a_load_balancer_that_never_comes(make_greygate, backend):
    greygate = make_greygate(backend, start=False, greylist=HOUR)
    port = greygate.add_listener(proxy_protocol_from=[ABUSER])
    greygate.start()
    with unharmed(greygate), contextlib.ExitStack() as stack:
        for number in range(200):
            client = stack.enter_context(Client(port, source=ABUSER, greeting=False))
            client.send(b"PROXY TCP4 192.0.2.1"[:number % 20])
        wait_for("them to be closed", lambda: connections(greygate) <= 2)


# Floods

def test_connections_that_come_and_go(make_greygate, backend):
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate):
        for number in range(1500):
            client = abuser(greygate, greeting=False)
            client.reset() if number % 2 else client.close()
        wait_for("them to be gone", lambda: connections(greygate) <= 2)


def test_connections_that_stay(make_greygate, backend):
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(abuser(greygate)) for _ in range(300)]
        greetings = [client.greeting.code for client in clients]
        assert greetings.count(220) == 50 and greetings.count(421) == 250


@pytest.mark.parametrize("lines", [
    "NOOP\r\n",
    "RSET\r\n",
    "EHLO client.example.com\r\n",
    "MAIL FROM:<alice@example.com>\r\nRSET\r\n",
    "VRFY bob\r\n",
])
def test_commands_whose_replies_nobody_reads(make_greygate, backend, lines):
    """The proxy reads no more once its replies aren't taken: the abuser is stuck, and nothing piles up."""
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate), abuser(greygate) as client:
        client.ehlo()
        client.socket.settimeout(1)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 64 * MIB:
                sent += client.socket.send((lines * 4000).encode())
        assert sent < 64 * MIB, "it took all of it"


def test_commands_without_end(make_greygate, backend):
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate), abuser(greygate) as client:
        client.ehlo()
        for _ in range(20):
            client.send("NOOP\r\n" * 1000)
            assert {reply.code for reply in client.replies(1000)} == {250}


def test_nonsense_without_end(make_greygate, backend):
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate):
        for _ in range(30):
            with abuser(greygate) as client, contextlib.suppress(OSError):
                client.send("FROBNICATE\r\n" * 1000)
                assert codes(client) == [500] * 19 + [421]


def test_thousands_of_recipients(make_greygate, backend):
    """All put off but those beyond limits.recipients, which are not even looked at."""
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate), abuser(greygate) as client:
        client.ehlo()
        client.mail()
        seen = []
        for batch in range(10):
            client.send("".join(f"RCPT TO:<bob{batch}x{number}@example.org>\r\n" for number in range(500)))
            seen += [reply.code for reply in client.replies(500)]
        assert seen == [450] * 1000 + [452] * 4000
    assert greygate.status()["recipients"]["put_off"] == 1000


def test_a_thousand_recipients_that_pass(make_greygate, backend):
    greygate = make_greygate(backend, greylist=HOUR, allow={"recipients": ["@example.org"]})
    with unharmed(greygate), abuser(greygate) as client:
        client.ehlo()
        client.mail()
        client.send("".join(f"RCPT TO:<bob{number}@example.org>\r\n" for number in range(1500)))
        assert [reply.code for reply in client.replies(1500)] == [250] * 1000 + [452] * 500
        assert client.data().code == 250
    assert max(len(message.recipients) for message in backend.messages) == 1000


@pytest.mark.parametrize("begins", [b"", b"NOOP ", b"EHLO ", b"MAIL FROM:<", b"MAIL FROM:<a@example.com> X=",
                                    b"RCPT TO:<@", b"BDAT "])
def test_lines_of_megabytes(make_greygate, backend, begins):
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(abuser(greygate)) for _ in range(20)]
        for client in clients:
            client.send(begins + b"x" * 2 * MIB)
        for client in clients:
            client.send(b"\r\nNOOP\r\n")
        for client in clients:
            assert [(reply.code, reply.enhanced) for reply in client.replies(2)] == [(500, "5.5.2"), (250, "2.0.0")]


def test_a_line_of_content_of_many_megabytes(make_greygate, backend):
    greygate = make_greygate(backend, greylist={**HOUR, "header": True})
    with unharmed(greygate), abuser(greygate) as client:
        client.ehlo()
        client.mail()
        client.rcpt("pass@example.org")
        content = b"X-Greylist: " + b"x" * 30 * MIB + b"\r\n\r\nend\r\n"
        assert client.data(content).code == 250
    assert any(message.content == b"\r\nend\r\n" for message in backend.messages)


def test_a_chunk_of_exabytes(make_greygate, backend):
    """Its size is taken at its word, and nothing is set aside for it."""
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate), contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(abuser(greygate))
            after_a_recipient_that_passes(client)
            client.send(f"BDAT {2**63 - 1} LAST\r\n".encode() + b"x" * 100_000)


# TLS

def hello(client):
    client.send(Records(client).first_flight())


def hello_and_garbage(client):
    hello(client)
    client.send(b"\x16\x03\x03\xff\xff" + b"\xa5" * 20000)


def half_a_hello(client):
    client.send(Records(client).first_flight()[:60])


def record_without_end(client):
    client.send(b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc" + b"x" * 1000)


@pytest.mark.parametrize("leave", [hello, hello_and_garbage, half_a_hello, record_without_end])
def test_handshakes_that_are_abandoned(make_greygate, backend, certificate, leave):
    greygate = make_greygate(backend, greylist=HOUR, tls={"certificates": [certificate.entry]})
    with unharmed(greygate, 32 * MIB):
        for number in range(150):
            with abuser(greygate) as client, contextlib.suppress(OSError, Closed):
                client.ehlo()
                assert client.cmd("STARTTLS").code == 220
                leave(client)
                if number % 2:
                    client.reset()
        wait_for("them to be gone", lambda: connections(greygate) <= 2)
    tls = greygate.status()["tls"]
    assert tls["handshakes_failed"] == 150 and not tls["clients"]


def test_half_closed_ones_are_closed(make_greygate, backend):
    greygate = make_greygate(backend, greylist=HOUR)
    with unharmed(greygate), contextlib.ExitStack() as stack:
        for _ in range(50):
            client = stack.enter_context(abuser(greygate, greeting=False))
            client.socket.shutdown(socket.SHUT_WR)
        wait_for("them to be gone", lambda: connections(greygate) <= 2)
