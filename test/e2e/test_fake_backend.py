"""The harness itself: what the fake backend records is what was sent, since every other test believes it."""

import pytest

from fake_backend import FakeBackend, close, reset, say, stall, write
from ports import free_port
from smtp_client import Client, Closed


@pytest.fixture
def client(backend):
    with Client(backend.port) as client:
        client.ehlo()
        yield client


def test_it_keeps_envelope_and_exact_content(backend, client):
    client.mail("a@example.com", "SIZE=10")
    client.rcpt("b@example.org")
    assert client.data(b"..two dots\r\n\r\n..\r\n").text == "250 2.0.0 Queued as 4711"
    (message,) = backend.await_messages(1)
    assert message.mail == "MAIL FROM:<a@example.com> SIZE=10"
    assert message.recipients == ["b@example.org"]
    assert message.content == b"..two dots\r\n\r\n..\r\n"
    assert message.message == b".two dots\r\n\r\n.\r\n"


def test_an_empty_message_ends_at_once(backend, client):
    client.mail()
    client.rcpt("b@example.org")
    assert client.data(b"").code == 250
    assert backend.await_messages(1)[0].content == b""


def test_chunks_are_joined(backend, client):
    client.mail()
    client.rcpt("b@example.org")
    client.send(b"BDAT 5\r\nab\r\n.")
    assert client.reply().code == 250
    client.send(b"BDAT 3 LAST\r\n\r\nc")
    assert client.reply().code == 250
    (message,) = backend.await_messages(1)
    assert (message.message, message.chunks) == (b"ab\r\n.\r\nc", [5, 3])


def test_a_script_answers_once_and_in_order(backend, client):
    backend.script("RCPT", say("550-5.1.1 No", "550 5.1.1 such user"))
    client.mail()
    assert client.rcpt("b@example.org").lines == ["550-5.1.1 No", "550 5.1.1 such user"]
    assert client.rcpt("c@example.org").code == 250
    assert backend.transactions[0].recipients == ["c@example.org"]
    assert backend.transactions[0].refused == ["RCPT TO:<b@example.org>"]


@pytest.mark.parametrize("step", [close(), reset()])
def test_it_can_leave_in_the_middle_of_content(backend, client, step):
    backend.script("BODY", step)
    client.mail()
    client.rcpt("b@example.org")
    assert client.cmd("DATA").code == 354
    with pytest.raises(Closed):
        client.reply()
    assert not backend.messages


def test_it_can_hold_a_reply_back(backend, client):
    backend.script("EOD", stall(say("451 4.3.0 Later")))
    client.mail()
    client.rcpt("b@example.org")
    client.cmd("DATA")
    client.send(b"x\r\n.\r\n")
    assert backend.stalled.wait(5)
    backend.release()
    assert client.reply().code == 451
    assert not backend.messages


def test_it_can_say_nonsense(backend):
    backend.script("connect", write(b"\xff\xfenonsense\r\n"))
    client = Client(backend.port, greeting=False)
    assert client.socket.recv(100) == b"\xff\xfenonsense\r\n"


def test_the_proxys_own_probe_is_in_no_book(backend, client):
    client.mail("")
    assert client.rcpt("probe@greygate.invalid").code == 554
    assert client.rcpt('"probe@greygate.invalid"@example.org').code == 554
    assert not backend.transactions


def test_it_reads_a_proxy_header():
    backend = FakeBackend(free_port(), proxy_protocol=True)
    client = Client(backend.port, greeting=False)
    client.send(b"PROXY TCP4 192.0.2.1 192.0.2.2 1025 25\r\n")
    assert client.reply().code == 220
    assert backend.connections[0].proxy == b"PROXY TCP4 192.0.2.1 192.0.2.2 1025 25\r\n"
    backend.clean_up()


def test_it_starts_tls_and_offers_what_it_has_there(make_backend, certificate):
    backend = make_backend(keywords=["8BITMIME"], certificate=certificate, tls_keywords=["DSN"])
    with Client(backend.port) as client:
        assert list(client.keywords()) == ["STARTTLS", "8BITMIME"]
        client.starttls(name="mx.example.org")
        assert list(client.keywords()) == ["DSN"]
        client.mail()
        client.rcpt("b@example.org")
        assert client.data().code == 250
    connection = backend.messages[0].connection
    assert connection.tls == "TLSv1.3 TLS_AES_256_GCM_SHA384"
    assert connection.server_name == "mx.example.org"
    assert connection.plain == ["EHLO client.example.com", "STARTTLS"]
    assert connection.helo == ["client.example.com"] * 2


def test_it_refuses_commands_that_came_before_the_handshake(make_backend, certificate):
    backend = make_backend(certificate=certificate)
    with Client(backend.port) as client:
        client.ehlo()
        client.send("STARTTLS\r\nNOOP\r\n")
        assert client.reply().code == 220
        assert client.is_closed()
