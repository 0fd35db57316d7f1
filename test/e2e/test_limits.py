"""What bounds a client: errors, connections, time, lines."""

import time

import pytest

from fake_backend import say
from smtp_client import Client, Closed
from wait import wait_for


def test_the_nth_error_is_the_last(make_greygate, backend):
    greygate = make_greygate(backend, limits={"errors": 3})
    with greygate.session() as client:
        assert client.cmd("FROBNICATE").code == 500
        assert client.cmd("RCPT TO:<bob@example.org>").code == 503
        reply = client.cmd("MAIL FROM:<a@b@c>")
        assert (reply.code, reply.enhanced) == (421, "4.7.0")
        assert client.is_closed()
    (event,) = greygate.events("too_many_errors", 1)
    assert event["client"] == "127.0.0.1"
    assert event["reply"].startswith("501 ")  # the one too many


def test_earlier_replies_come_first(make_greygate, backend):
    greygate = make_greygate(backend, limits={"errors": 2})
    with greygate.session() as client:
        client.send("NOOP\r\nFROBNICATE\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<x@elsewhere.example>\r\nNOOP\r\nNOOP\r\n")
        assert [each.code for each in client.replies(4)] == [250, 500, 250, 421]
        with pytest.raises(Closed, match="closed"):
            client.reply()


def test_greylisting_and_the_backends_refusals_are_no_errors(make_greygate, backend):
    greygate = make_greygate(backend, limits={"errors": 2})
    backend.script("RCPT", say("550 5.1.1 Unknown"), times=10)
    with greygate.session() as client:
        client.mail()
        for number in range(10):
            assert client.rcpt(f"bob{number}@example.org").code == 450
            assert client.rcpt("pass@example.org").code == 550
        assert client.rcpt("pass@example.org").code == 250


def test_connections_of_one_client(make_greygate, backend):
    greygate = make_greygate(backend, limits={"connections_per_client": 2})
    with greygate.client(), greygate.client():
        with greygate.client() as third:
            assert (third.greeting.code, third.greeting.enhanced) == (421, "4.7.0")
            assert third.is_closed()
        with greygate.client(source="127.0.0.2") as other:
            assert other.greeting.code == 220


def test_connections_of_all_clients(make_greygate, backend):
    greygate = make_greygate(backend, limits={"connections": 2})
    with greygate.client(), greygate.client(source="127.0.0.2"):
        with greygate.client(source="127.0.0.3") as third:
            assert (third.greeting.code, third.greeting.enhanced) == (421, "4.7.0")
    assert greygate.status()["connections"]["refused"] == 1


def test_a_place_is_free_again_when_its_client_left(make_greygate, backend):
    greygate = make_greygate(backend, limits={"connections_per_client": 1})

    def comes_in():
        with greygate.client() as client:
            return client.greeting.code == 220 and client.cmd("QUIT").code == 221

    for _ in range(5):
        wait_for("a place", comes_in)  # the last one's end may not have been read yet


@pytest.fixture
def hurried(make_greygate, backend):
    return make_greygate(backend, greylist={"mode": "off"}, limits={"command_timeout": "1s", "data_timeout": "1s"})


def test_silence_is_cut_off(hurried):
    begun = time.monotonic()
    with hurried.client() as client:
        reply = client.reply()
        assert (reply.code, reply.enhanced) == (421, "4.4.2")
        assert client.is_closed()
    assert 0.8 < time.monotonic() - begun < 10


def test_a_drip_of_bytes_does_not_extend_the_time(hurried):
    begun = time.monotonic()
    with hurried.client() as client:
        client.socket.settimeout(0.2)
        with pytest.raises((Closed, OSError)):
            while True:
                client.send(b"N")
                try:
                    assert client.reply().code == 421
                    break
                except TimeoutError:
                    assert time.monotonic() - begun < 10
            raise Closed
    assert 0.8 < time.monotonic() - begun < 10


def test_each_command_has_its_own_time(hurried):
    with hurried.client() as client:
        for _ in range(6):
            time.sleep(0.4)
            assert client.cmd("NOOP").code == 250


def test_content_that_stops_coming_is_cut_off(hurried, backend):
    with hurried.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        client.cmd("DATA")
        client.send(b"half a line")
        reply = client.reply()
        assert (reply.code, reply.enhanced) == (421, "4.4.2")
        assert client.is_closed()
    assert not backend.messages


def test_a_slow_message_is_not_a_stalled_one(hurried, backend):
    with hurried.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        client.cmd("DATA")
        for _ in range(6):
            time.sleep(0.4)
            client.send(b"a line\r\n")
        client.send(b".\r\n")
        assert client.reply().code == 250
    assert backend.messages[0].content == b"a line\r\n" * 6


def test_a_command_line_without_end(greygate):
    """Ten megabytes of one command: read to its end, one reply, and the session goes on."""
    with greygate.session() as client:
        for _ in range(10):
            client.send(b"x" * 1_000_000)
        client.send(b"\r\nNOOP\r\n")
        first, second = client.replies(2)
        assert (first.code, first.enhanced, second.code) == (500, "5.5.2", 250)


def test_many_clients_at_once(make_greygate, backend):
    """500 sessions opened together: each is greeted, answered, and put off."""
    greygate = make_greygate(backend, limits={"connections_per_client": 1000}, greylist={"delay": "1h"})
    clients = [Client(greygate.port, greeting=False) for _ in range(500)]
    for client in clients:
        client.send("EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<bob@example.org>\r\nQUIT\r\n")
    for client in clients:
        assert [each.code for each in client.replies(5)] == [220, 250, 250, 450, 221]
        assert client.is_closed()
        client.close()
