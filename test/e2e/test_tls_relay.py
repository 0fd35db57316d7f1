"""Mail through TLS: what comes out at the backend is what went in, and the books say how it came."""

import fcntl
import random
import socket
import struct
import termios
import threading
import time

import pytest

from smtp_client import tls_settings
from tls_records import Records
from wait import wait_for

VERSIONS = ["TLSv1_2", "TLSv1_3"]
BIG = 5_000_000
MODERN = "TLSv1.3 TLS_AES_256_GCM_SHA384"


def big_message():
    """Lines of all lengths and octets; some begin with a dot. The same at each run."""
    chance = random.Random(3207)
    octets = bytes(octet for octet in range(256) if octet not in b"\r\n")
    lines, size = [b"Subject: big\r\n\r\n"], 0
    while size < BIG:
        start = b"." * (chance.random() < 0.1) + bytes(chance.choices(octets, k=8))
        lines.append((start * 120)[:chance.randrange(990)] + b"\r\n")
        size += len(lines[-1])
    return b"".join(lines)


MESSAGE = big_message()


def stuffed(content):
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_big_message_in_data(tls_greygate, backend, version):
    with tls_greygate.tls_session(tls_settings(version=version)) as client:
        assert client.attempt("alice@example.com", "pass@example.org", stuffed(MESSAGE)).code == 250
        assert client.cmd("NOOP").code == 250
    (message,) = backend.messages
    assert message.message == MESSAGE
    assert tls_greygate.events("message", 1)[0]["bytes"] == len(MESSAGE)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_big_message_in_chunks(tls_greygate, backend, version):
    with tls_greygate.tls_session(tls_settings(version=version)) as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        cut = 2_000_001
        client.send(f"BDAT {cut}\r\n".encode() + MESSAGE[:cut])
        assert client.reply().code == 250
        client.send(f"BDAT {len(MESSAGE) - cut}\r\n".encode() + MESSAGE[cut:] + b"BDAT 0 LAST\r\nNOOP\r\n")
        assert [each.code for each in client.replies(3)] == [250, 250, 250]
    (message,) = backend.messages
    assert message.content == MESSAGE


@pytest.mark.parametrize("version", VERSIONS)
def test_a_batch_is_answered_in_order(tls_greygate, backend, version):
    with tls_greygate.tls_session(tls_settings(version=version)) as client:
        codes = [each.code for each in client.pipeline(
            "MAIL FROM:<alice@example.com>", "RCPT TO:<bob@example.org>", "RCPT TO:<pass@example.org>",
            "RCPT TO:<bob@elsewhere.example>", "DATA")]
        assert codes == [250, 450, 250, 550, 354]
        client.send(b"Subject: hello\r\n\r\nhello\r\n.\r\nNOOP\r\nQUIT\r\n")
        assert [each.code for each in client.replies(3)] == [250, 250, 221]
        assert client.is_closed()
    assert backend.messages[0].recipients == ["pass@example.org"]


@pytest.mark.parametrize("version", VERSIONS)
def test_more_commands_in_one_record_than_are_read_at_once(tls_greygate, version):
    """What OpenSSL still holds makes no socket readable: nothing of it may be forgotten."""
    with tls_greygate.tls_session(tls_settings(version=version)) as client:
        for size in (16384, 16383, 4096, 4097):
            count = size // 6
            client.send((b"NOOP\r\n" * (count + 1))[:size])
            assert {each.code for each in client.replies(count)} == {250}
            client.send(b"NOOP\r\n"[size % 6:])
            assert client.reply().code == 250


@pytest.mark.parametrize("version", VERSIONS)
def test_a_whole_transaction_in_one_record(tls_greygate, backend, version):
    content = b"Subject: hello\r\n\r\n" + b"hello\r\n" * 2000
    with tls_greygate.tls_session(tls_settings(version=version)) as client:
        client.send(b"MAIL FROM:<alice@example.com>\r\nRCPT TO:<pass@example.org>\r\n"
                    + f"BDAT {len(content)} LAST\r\n".encode() + content + b"QUIT\r\n")
        assert [each.code for each in client.replies(4)] == [250, 250, 250, 221]
    assert backend.messages[0].content == content


def test_many_records_at_once(tls_greygate, backend):
    """A command in each, all sent together; and the reverse, a command over three records."""
    with tls_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        records = Records(client)
        records.handshake(client.send)
        flight = [b"EHLO client.example.com\r\n", b"MAIL FROM:<alice@example.com>\r\n", b"RCPT TO:<pa", b"ss@example.or",
                  b"g>\r", b"\nBDAT 10 LAST\r\n12345", b"678\r\n", b"QUIT\r\n"]
        client.send(b"".join(map(records.sealed, flight)))
        said = records.until(b"221 2.0.0")
    assert [line[:4] for line in said.split(b"\r\n") if line[3:4] == b" "] == [b"250 "] * 4 + [b"221 "]
    assert backend.messages[0].content == b"12345678\r\n"


def test_a_client_that_reads_late_gets_every_reply(tls_greygate):
    """8 MB of replies are more than a connection holds: the proxy has to wait in the middle of a record."""

    def waiting():
        """Octets that have arrived and wait for us to read them."""
        return struct.unpack("i", fcntl.ioctl(client.socket, termios.FIONREAD, bytes(4)))[0]

    def is_full():
        before = waiting()
        time.sleep(0.2)
        return before and waiting() == before

    with tls_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        records = Records(client)
        records.handshake(client.send)
        client.send(records.sealed(b"EHLO client.example.com\r\nVRFY x\r\n"))
        records.until(b"\r\n252 ")
        count = 8_000_000 // (len(records.until(b"\r\n")) + 4)
        flight = records.sealed(b"VRFY x\r\n" * count + b"QUIT\r\n")
        sender = threading.Thread(target=client.send, args=[flight])
        sender.start()
        wait_for("the proxy to wait for us", is_full)
        assert records.until(b"\r\n221 ").count(b"252 ") == count
        sender.join()


# The books

def test_what_the_log_and_the_status_say(tls_greygate, backend):
    old = tls_settings(version="TLSv1_2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    for tls in (None, None, old):
        with tls_greygate.tls_session(tls) as client:
            assert client.attempt("alice@example.com", "pass@example.org").code == 250
    with tls_greygate.session() as client:
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    words = [each["tls"] for each in tls_greygate.events("message", 4)]
    assert words == [MODERN, MODERN, "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256", "none"]
    assert {each["backend_tls"] for each in tls_greygate.events("message")} == {"none"}
    status = tls_greygate.status()
    assert status["connections"]["tls"] == 3
    assert status["tls"]["clients"] == {MODERN: 2, "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256": 1}
    assert (status["tls"]["backends"], status["tls"]["handshakes_failed"]) == ({}, 0)


def test_a_refused_message_has_the_words_too(tls_greygate):
    with tls_greygate.tls_session() as client:
        assert client.attempt("alice@example.com", "pass@example.org", b"bare\nline\r\n").code == 550
    assert tls_greygate.events("message", 1, outcome="refused")[0]["tls"] == MODERN
