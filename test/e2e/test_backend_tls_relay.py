"""Mail to a backend in TLS: the same octets and the same care as in plain."""

import random
import socket
import threading

import pytest

from backend_tls import relayed
from fake_backend import close, reset, say, stall, write
from wait import wait_for


@pytest.fixture
def backend(make_backend, backend_certificate):
    return make_backend(certificate=backend_certificate)


@pytest.fixture
def proxy(make_verifying, backend):
    return make_verifying(backend, reply_timeout="10s", end_of_data_timeout="10s")


def noise(octets):
    """Lines of any octets but CR and LF, some of them dots."""
    source = random.Random(octets)
    table = bytes(each if each not in b"\r\n" else 46 for each in range(256))
    lines = []
    while octets > 0:
        lines.append(b"." * source.randrange(3) + source.randbytes(source.randrange(990)).translate(table))
        octets -= len(lines[-1]) + 2
    return lines


@pytest.mark.parametrize("chunks", [0, 3])
@pytest.mark.parametrize("slow", [False, True])
def test_a_big_message_arrives_byte_for_byte(proxy, backend, chunks, slow):
    lines = noise(12_000_000)
    plain = b"".join(line + b"\r\n" for line in lines)
    if slow:  # the kernel's buffers fill, and TLS must go on where it stopped
        backend.script("BDAT" if chunks else "BODY", stall())
        threading.Timer(1, backend.release).start()
    with proxy.session() as client:
        client.mail()
        assert client.rcpt("bob@example.org").code == 250
        if chunks:
            size = len(plain) // chunks + 1
            for at in range(0, len(plain), size):
                part = plain[at:at + size]
                client.send(b"BDAT %d%s\r\n" % (len(part), b" LAST" if at + size >= len(plain) else b"") + part)
                assert client.reply().code == 250
        else:
            stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
            assert client.data(stuffed).code == 250
    (message,) = backend.messages
    assert message.connection.tls
    assert message.message == plain
    assert proxy.events("message", 1)[0]["bytes"] == len(plain)


# A sick backend

def test_several_transactions_share_the_connection(proxy, backend):
    with proxy.session() as client:
        first, second = relayed(client, backend), relayed(client, backend)
    assert first.connection is second.connection


@pytest.mark.parametrize("leave", ["hang_up", "say_goodbye"])
def test_a_connection_lost_between_transactions_is_replaced_unseen(proxy, backend, leave):
    with proxy.session() as client:
        connection = relayed(client, backend).connection
        if leave == "say_goodbye":  # TLS' own end, too
            connection.socket.sendall(b"421 4.4.2 Idle for too long\r\n")
            connection.socket.settimeout(0.1)
            try:
                connection.socket.unwrap()
            except OSError:
                pass
        backend.hang_up()
        wait_for("the connection to end", lambda: not connection.open)
        assert relayed(client, backend).connection is not connection


@pytest.mark.parametrize("stage", ["RCPT", "EOD", "RSET"])
@pytest.mark.parametrize("records", [1, 2])
def test_a_surplus_reply_never_shifts_the_dialogue(proxy, backend, stage, records):
    answers = [b"250 2.0.0 Ok\r\n", b"250 2.9.9 surplus\r\n"]

    def both_at_once(connection):  # a surplus that comes later is a reply to what was asked meanwhile
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for record in answers if records == 2 else [b"".join(answers)]:
            connection.socket.sendall(record)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        return True
    backend.script(stage, both_at_once)
    with proxy.session() as client:
        replies = [client.attempt("first@example.com", "first@example.org")]
        backend.script("RCPT", say("550 5.1.1 Unknown"))
        client.cmd("RSET")
        client.mail()
        replies += [client.rcpt("nobody@example.org"), client.rcpt("bob@example.org")]
        assert not any("surplus" in each.text for each in replies), replies
        assert replies[1].code in (451, 550)
        backend.unscript()
        relayed(client, backend)


@pytest.mark.parametrize("step", [close(), reset(), write(b"what?\r\n"), write(b"250-half\r\n")])
def test_loss_after_the_end_of_data_is_unknown(proxy, backend, step):
    backend.script("EOD", step)
    with proxy.session() as client:
        reply = client.attempt("alice@example.com", "bob@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
        (event,) = proxy.events("message", 1)
        assert event["outcome"] == "unknown"
        assert event["backend_tls"] == "TLSv1.3 TLS_AES_256_GCM_SHA384"
        relayed(client, backend)


@pytest.mark.parametrize("step", [close(), reset(), close("451 4.3.0 Out of memory")])
def test_a_backend_that_dies_in_the_content(proxy, backend, step):
    backend.script("BODY", step)
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        assert client.cmd("DATA").code == 354
        for _ in range(40):
            client.send(b"x" * 65534 + b"\r\n")
        client.send(b".\r\n")
        assert client.reply().code == 451
        relayed(client, backend)
    assert len(backend.messages) == 1
