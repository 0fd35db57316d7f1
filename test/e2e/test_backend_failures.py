"""A sick backend: nothing bounces, nothing is lost, nothing is sent twice, and no reply answers the wrong command."""

import time

import pytest

from fake_backend import close, reset, say, stall, write
from wait import wait_for

SORRY = (451, "4.3.0")


@pytest.fixture
def proxy(make_greygate, backend):
    return make_greygate(backend, greylist={"mode": "off"},
                         backend={"open_timeout": "3s", "reply_timeout": "3s", "end_of_data_timeout": "3s"})


def sorry(reply):
    assert (reply.code, reply.enhanced) == SORRY, reply


def works(client, backend, content=b"afterwards\r\n"):
    """The session goes on: a new transaction is relayed."""
    backend.unscript()
    client.cmd("RSET")
    assert client.attempt("after@example.com", "after@example.org", content).code == 250
    assert backend.messages[-1].content == content
    assert backend.messages[-1].recipients == ["after@example.org"]


OPENING = {
    "closes before the greeting": ("connect", close()),
    "resets before the greeting": ("connect", reset()),
    "is not willing": ("connect", close("554 5.3.2 No service here")),
    "is busy": ("connect", close("421 4.3.2 Too many connections")),
    "greets with nonsense": ("connect", write(b"\xff\xfe\r\n\r\n")),
    "greets with 250": ("connect", say("250 Hello")),
    "closes at EHLO": ("EHLO", close()),
    "refuses EHLO": ("EHLO", say("550 5.7.1 I don't know you")),
    "is busy at EHLO": ("EHLO", close("421 4.3.2 Later")),
    "answers EHLO with nonsense": ("EHLO", write(b"250-one\r\n251 two\r\n")),
}


@pytest.mark.parametrize("why", OPENING)
def test_an_opening_that_fails_is_451(proxy, backend, why):
    stage, step = OPENING[why]
    backend.script(stage, step, times=None)
    with proxy.session() as client:
        client.mail()
        sorry(client.rcpt("bob@example.org"))
        sorry(client.rcpt("carol@example.org"))
        works(client, backend)


@pytest.mark.parametrize("why", OPENING)
def test_an_opening_that_fails_goes_to_the_next_address(make_greygate, make_backend, why):
    sick, well = make_backend(), make_backend()
    proxy = make_greygate(sick, well, greylist={"mode": "off"})
    stage, step = OPENING[why]
    sick.script(stage, step, times=None)
    with proxy.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org").code == 250
    assert len(well.messages) == 1 and not sick.messages


def test_no_backend_at_all(make_greygate, make_backend):
    dead = make_backend()
    dead.clean_up()
    proxy = make_greygate(dead, ready=False, greylist={"mode": "off"})
    with proxy.session() as client:
        client.mail()
        sorry(client.rcpt("bob@example.org"))


def test_a_backend_that_comes_back_is_used(make_greygate, make_backend):
    backend = make_backend()
    backend.stop_listening()
    proxy = make_greygate(backend, ready=False, greylist={"mode": "off"})
    with proxy.session() as client:
        client.mail()
        sorry(client.rcpt("bob@example.org"))
        backend.listen()
        client.cmd("RSET")
        wait_for("the backend to be used again",
                 lambda: client.attempt("alice@example.com", "bob@example.org").code == 250)


def test_a_backend_that_never_greets(proxy, backend):
    backend.script("connect", stall(close()), times=None)
    with proxy.session() as client:
        client.mail()
        begun = time.monotonic()
        sorry(client.rcpt("bob@example.org"))
        assert 2 < time.monotonic() - begun < 10  # open_timeout


def test_a_backend_that_closes_at_the_first_recipient_is_asked_anew(proxy, backend):
    backend.script("RCPT", close())
    with proxy.session() as client:
        client.mail()
        assert client.rcpt("bob@example.org").code in (250, 451)
        assert client.rcpt("carol@example.org").code == 250
        assert client.data().code == 250
    assert "carol@example.org" in backend.messages[0].recipients


def test_a_backend_that_closes_at_every_recipient(proxy, backend):
    backend.script("RCPT", close(), times=None)
    with proxy.session() as client:
        client.mail()
        sorry(client.rcpt("bob@example.org"))
        sorry(client.rcpt("carol@example.org"))
        works(client, backend)


def test_a_backend_that_closes_at_mail(proxy, backend):
    backend.script("MAIL", close(), times=None)
    with proxy.session() as client:
        client.mail()
        sorry(client.rcpt("bob@example.org"))
        works(client, backend)


def test_a_connection_lost_before_any_recipient_was_taken_is_replaced_unseen(proxy, backend):
    backend.script("RCPT", say("550 5.1.1 Unknown"))
    with proxy.session() as client:
        client.mail()
        assert client.rcpt("nobody@example.org").code == 550
        backend.hang_up()
        assert client.rcpt("bob@example.org").code == 250
        assert client.data().code == 250
    assert backend.messages[0].recipients == ["bob@example.org"]


def test_a_connection_lost_between_transactions_is_replaced_unseen(proxy, backend):
    with proxy.session() as client:
        assert client.attempt("a@example.com", "bob@example.org").code == 250
        backend.hang_up()
        wait_for("the connections to end", lambda: not backend.open_connections())
        assert client.attempt("b@example.com", "bob@example.org").code == 250
    assert len(backend.messages) == 2


def test_loss_after_a_recipient_was_taken_ends_the_transaction(proxy, backend):
    with proxy.session() as client:
        client.mail()
        assert client.rcpt("bob@example.org").code == 250
        backend.hang_up()
        wait_for("the connections to end", lambda: not backend.open_connections())
        served = len(backend.served())
        sorry(client.rcpt("carol@example.org"))
        sorry(client.cmd("DATA"))
        sorry(client.rcpt("dave@example.org"))
        client.send(b"BDAT 6\r\nQUIT\r\n")
        sorry(client.reply())
        assert len(backend.served()) == served  # no new connection for it
        works(client, backend)
    assert len(backend.messages) == 1


@pytest.mark.parametrize("over", ["RSET", "EHLO client.example.com", "HELO client.example.com"])
def test_a_lost_transaction_is_over_with(proxy, backend, over):
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        backend.hang_up()
        sorry(client.cmd("DATA"))
        assert client.cmd(over).code == 250
        assert client.attempt("alice@example.com", "bob@example.org").code == 250


@pytest.mark.parametrize("step", [close(), reset(), write(b"nonsense\r\n")])
def test_a_backend_that_dies_at_data(proxy, backend, step):
    backend.script("DATA", step)
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        sorry(client.cmd("DATA"))
        works(client, backend)


@pytest.mark.parametrize("step", [close(), reset(), close("451 4.3.0 Out of memory"), close("421 4.3.2 Shutting down")])
def test_a_backend_that_dies_in_the_content(proxy, backend, step):
    backend.script("BODY", step)
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        assert client.cmd("DATA").code == 354
        for _ in range(40):
            client.send(b"x" * 65534 + b"\r\n")
        client.send(b"RSET\r\n.\r\n")
        reply = client.reply()
        assert reply.code == 451, reply
        works(client, backend)
    assert len(backend.messages) == 1


@pytest.mark.parametrize("step", [close(), reset(), write(b"what?\r\n"), write(b"250"), write(b"250-half\r\n")])
def test_loss_after_the_end_of_data_is_unknown(proxy, backend, step):
    backend.script("EOD", step)
    with proxy.session() as client:
        sorry(client.attempt("alice@example.com", "bob@example.org"))
        (event,) = proxy.events("message", 1)
        assert event["outcome"] == "unknown"
        works(client, backend)
    assert proxy.status()["messages"]["unknown"] == 1


def test_no_reply_to_the_end_of_data_in_time_is_unknown(proxy, backend):
    backend.script("EOD", stall(close()))
    with proxy.session() as client:
        sorry(client.attempt("alice@example.com", "bob@example.org"))
        assert proxy.events("message", 1)[0]["outcome"] == "unknown"
        works(client, backend)


def test_the_reply_to_the_end_of_data_has_a_time_of_its_own(make_greygate, backend):
    proxy = make_greygate(backend, greylist={"mode": "off"}, backend={"reply_timeout": "3s"})
    backend.script("EOD", stall(say("250 2.0.0 Scanned at last")))
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        client.cmd("DATA")
        client.send(b"hello\r\n.\r\n")
        assert backend.stalled.wait(20)
        time.sleep(4)  # longer than reply_timeout
        backend.release()
        assert client.reply().lines == ["250 2.0.0 Scanned at last"]


def test_loss_after_the_last_chunk_is_unknown(proxy, backend):
    backend.script("EOD", close())
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        client.send(b"BDAT 5 LAST\r\nhello")
        sorry(client.reply())
    assert proxy.events("message", 1)[0]["outcome"] == "unknown"


def test_421_becomes_451_and_the_clients_connection_stays(proxy, backend):
    for said, heard in (("421 4.3.2 Shutting down", "451 4.3.2 Shutting down"), ("421 Bye", "451 4.3.0 Bye"),
                        ("421 5.9.9 Odd", "451 4.3.0")):
        backend.script("RCPT", close(said))
        with proxy.session() as client:
            client.mail()
            reply = client.rcpt("bob@example.org")
            assert reply.text.startswith(heard), reply
            assert client.rcpt("carol@example.org").code == 250
            client.cmd("RSET")


def test_421_at_the_end_of_data(proxy, backend):
    backend.script("EOD", close("421 4.3.2 Shutting down"))
    with proxy.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org").text == "451 4.3.2 Shutting down"
        works(client, backend)


@pytest.mark.parametrize("stage, step", [
    ("RCPT", say("354 Go on")),
    ("RCPT", say("250-one", "251 two")),
    ("RCPT", say("2500 number")),
    ("RCPT", say("hello")),
    ("RCPT", say("199 too low")),
    ("RCPT", write(b"\0\0\0\r\n")),
    ("MAIL", say("354 Go on")),
    ("DATA", say("250 Ok")),
    ("DATA", say("220 Hello")),
    ("EOD", say("354 Go on")),
    ("EOD", say("")),
])
def test_a_reply_that_cannot_be(proxy, backend, stage, step):
    backend.script(stage, step, times=None)
    with proxy.session() as client:
        client.mail()
        reply = client.rcpt("bob@example.org")
        if stage in ("DATA", "EOD"):
            reply = client.data()
        sorry(reply)
        works(client, backend)
    assert len(backend.served()) > 1  # not on the connection that said so


@pytest.mark.parametrize("stage", ["RCPT", "MAIL", "DATA", "EOD", "RSET"])
def test_a_surplus_reply_never_shifts_the_dialogue(proxy, backend, stage):
    answer = {"DATA": "354 Go on"}.get(stage, "250 2.0.0 Ok")
    backend.script(stage, say(answer, "250 2.9.9 surplus"))
    with proxy.session() as client:
        replies = [client.attempt("first@example.com", "first@example.org")]
        backend.script("RCPT", say("550 5.1.1 Unknown"))
        client.cmd("RSET")
        client.mail()
        replies += [client.rcpt("nobody@example.org"), client.rcpt("bob@example.org")]
        assert not any("surplus" in each.text for each in replies), replies
        assert replies[1].code in (451, 550)
        works(client, backend)


def test_a_354_with_no_accepted_recipient_is_closed_with_a_lone_dot(proxy, backend):
    backend.script("RCPT", say("550 5.1.1 Unknown"))
    backend.script("DATA", say("354 Go on, whoever it is for"))
    with proxy.session() as client:
        replies = client.pipeline("MAIL FROM:<a@example.com>", "RCPT TO:<bob@example.org>", "DATA")
        assert [each.code for each in replies] == [250, 550, 554]
        if backend.commands("DATA"):  # if it was pipelined at all
            wait_for("the lone dot", lambda: backend.transactions[0].complete)
            assert backend.transactions[0].content == b""
        works(client, backend)


def test_connections_beyond_the_limit_wait_for_their_turn(make_greygate, backend):
    proxy = make_greygate(backend, greylist={"mode": "off"}, backend={"connections": 1, "open_timeout": "2s"})
    with proxy.session() as first, proxy.session() as second:
        first.mail()
        assert first.rcpt("a@example.org").code == 250
        second.mail()
        reply = second.rcpt("b@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.2")
        assert second.cmd("RSET").code == 250
        second.mail("b@example.com")
        second.send("RCPT TO:<b@example.org>\r\n")
        first.cmd("QUIT")
        assert second.reply().code == 250


def test_a_client_that_leaves_in_the_content_completes_nothing(proxy, backend):
    client = proxy.session()
    client.mail()
    client.rcpt("bob@example.org")
    assert client.cmd("DATA").code == 354
    client.send(b"half a message\r\n")
    client.close()
    wait_for("the backend's connection to end", lambda: not backend.served()[0].open)
    assert not backend.transactions[0].complete


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("answer, outcome", [("250 2.0.0 Ok", "relayed"), ("554 5.7.1 No", "refused")])
def test_a_client_that_leaves_while_the_backend_thinks(proxy, backend, leave, answer, outcome):
    backend.script("EOD", stall(say(answer)))
    client = proxy.session()
    client.mail()
    client.rcpt("bob@example.org")
    client.cmd("DATA")
    client.send(b"hello\r\n.\r\n")
    assert backend.stalled.wait(20)
    getattr(client, leave)()
    time.sleep(0.2)  # for the proxy to notice
    assert not proxy.events("message")
    backend.release()
    (event,) = proxy.events("message", 1)
    assert (event["outcome"], event["reply"]) == (outcome, answer)


def test_a_slow_backend_holds_the_client_back_rather_than_filling_memory(proxy, backend):
    """64 MB to a backend that reads none of it: most stays at the client."""
    backend.script("BODY", stall())
    client = proxy.session()
    client.mail()
    client.rcpt("bob@example.org")
    assert client.cmd("DATA").code == 354
    client.socket.settimeout(1)
    sent, block = 0, (b"x" * 1022 + b"\r\n") * 64
    try:
        while sent < 64_000_000:
            sent += client.socket.send(block)
    except TimeoutError:
        pass
    assert sent < 40_000_000
    client.close()
