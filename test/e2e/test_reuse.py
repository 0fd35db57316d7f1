"""backend.reuse: one backend connection for one client after the other, and never a client's name on another's mail."""

import re
import threading

import pytest

import metrics
import postfix
from fake_backend import KEYWORDS, XCLIENT, close, reset, say, stall, write
from wait import wait_for

REUSE = {"client_identity": "xclient", "reuse": True}


@pytest.fixture
def trusting(make_backend):
    return make_backend(keywords=[*KEYWORDS, XCLIENT])


@pytest.fixture
def proxy(make_greygate, trusting):
    """One event loop, so that all clients come to the same pool."""
    return make_greygate(trusting, threads=1, greylist={"mode": "off"}, backend={**REUSE, "open_timeout": "10s"})


def address(number):
    return f"127.0.0.{number}"


def deliver(proxy, number, **options):
    """Client `number` comes, has a message relayed, and leaves."""
    with proxy.session(f"client{number}.example.com", source=address(number), **options) as client:
        assert client.attempt(f"sender{number}@example.com", "bob@example.org", f"{number}\r\n".encode()).code == 250
        assert client.cmd("QUIT").code == 221


def check_books(backend, numbers):
    """Each client's one message came, under that client's name, and no other."""
    assert sorted(int(each.content) for each in backend.messages) == sorted(numbers)
    for message in backend.messages:
        number = int(message.content)
        assert message.mail == f"MAIL FROM:<sender{number}@example.com>"
        assert message.identity["ADDR"] == address(number), message.identity
        assert message.identity["HELO"] == message.helo == f"client{number}.example.com"
    assert all(each.complete for each in backend.transactions if each.rcpts), backend.transactions


def told(proxy):
    (backend,) = proxy.status()["backends"]
    return backend


def test_several_clients_over_one_connection_each_under_its_own_name(proxy, trusting):
    for number in (2, 3, 4):
        deliver(proxy, number)
    check_books(trusting, [2, 3, 4])
    (connection,) = trusting.served()
    verbs = [line.split(" ")[0] for line in connection.lines()]
    assert verbs == ["EHLO", *["XCLIENT", "EHLO", "MAIL", "RCPT", "DATA"] * 3]
    assert (told(proxy)["open"], told(proxy)["pooled"], told(proxy)["reused"]) == (1, 1, 2)
    samples = metrics.read(proxy)
    label = f'{{address="{trusting.address}"}}'
    assert samples["greygate_backend_connections_pooled" + label] == 1
    assert samples["greygate_backend_connections_reused_total" + label] == 2


def test_every_attribute_is_told_anew(make_greygate, make_backend):
    """What the backend lists and is told, it is told of each client: unknown values, too."""
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT + " REVERSE_NAME LOGIN"])
    proxy = make_greygate(backend, threads=1, greylist={"mode": "off"}, backend=REUSE)
    deliver(proxy, 2)
    with proxy.client(source=address(3)) as client:
        client.cmd("HELO client3.example.com")
        client.attempt("sender3@example.com", "bob@example.org", b"3\r\n")
        port = client.socket.getsockname()[1]
    backend.await_messages(2)
    first, second = [dict(word.split("=", 1) for word in line.split(" ")[1:]) for line in backend.served()[0].xclient]
    assert set(first) == set(second) == {*XCLIENT.split(" ")[1:], "REVERSE_NAME"}
    assert second == {"NAME": "[UNAVAILABLE]", "REVERSE_NAME": "[UNAVAILABLE]", "ADDR": address(3), "PORT": str(port),
                      "HELO": "client3.example.com", "PROTO": "SMTP", "DESTADDR": "127.0.0.1", "DESTPORT": str(proxy.port)}
    check_books(backend, [2, 3])


def test_off_by_default_and_nothing_more_is_told(make_greygate, make_backend):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT + " REVERSE_NAME"])
    proxy = make_greygate(backend, threads=1, greylist={"mode": "off"}, backend={"client_identity": "xclient"})
    for number in (2, 3):
        deliver(proxy, number)
    assert len(backend.served()) == 2
    wait_for("both to be closed", lambda: [each.lines()[-1] for each in backend.served()] == ["QUIT"] * 2)
    assert not any("REVERSE_NAME" in line for each in backend.served() for line in each.xclient)
    check_books(backend, [2, 3])


def test_a_backend_that_is_told_once_keeps_its_clients_apart(make_greygate, make_backend):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT], xclient_once=True)
    proxy = make_greygate(backend, threads=1, greylist={"mode": "off"}, backend=REUSE)
    for number in (2, 3, 4):
        deliver(proxy, number)
    assert [len(each.xclient) for each in backend.served()] == [1, 1, 1]
    assert not backend.commands("XCLIENT")[3:]  # nobody tried a second time
    check_books(backend, [2, 3, 4])


WRONG = {
    "refuses to be told": ("XCLIENT", say("550 5.7.0 Insufficient authorization")),
    "refuses the client": ("XCLIENT", say("554 5.7.1 Access denied")),
    "is about to close": ("XCLIENT", close("421 4.3.2 Shutting down")),
    "closes at XCLIENT": ("XCLIENT", close()),
    "resets at XCLIENT": ("XCLIENT", reset()),
    "answers with nonsense": ("XCLIENT", write(b"\0\r\n")),
    "answers with 250": ("XCLIENT", say("250 2.0.0 Ok")),
    "answers twice": ("XCLIENT", say("220 backend.example.org ESMTP", "220 backend.example.org ESMTP")),
    "says nothing": ("XCLIENT", stall(close())),
    "dies between XCLIENT and EHLO": ("EHLO", close()),
    "refuses EHLO": ("EHLO", say("550 5.7.1 Who?")),
    "says nothing to EHLO": ("EHLO", stall(close())),
    "closes at MAIL": ("MAIL", close()),
    "is about to close at MAIL": ("MAIL", close("421 4.4.2 Idle for too long")),
    "closes at RCPT": ("RCPT", close()),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_connection_that_will_not_do_is_replaced_unseen(proxy, trusting, why):
    deliver(proxy, 2)
    stage, step = WRONG[why]
    trusting.script(stage, step)
    deliver(proxy, 3)
    deliver(proxy, 4)
    assert len(trusting.served()) == 2
    check_books(trusting, [2, 3, 4])
    assert proxy.get("/readyz")[0] == 200 and told(proxy)["failures"] == 0


def test_a_connection_that_the_backend_closed_meanwhile_is_replaced_unseen(proxy, trusting):
    deliver(proxy, 2)
    trusting.hang_up()
    wait_for("the connection to end", lambda: not trusting.served()[0].open)
    deliver(proxy, 3)
    assert len(trusting.served()) == 2
    check_books(trusting, [2, 3])


@pytest.mark.parametrize("words", [b"421 4.4.2 Idle for too long\r\n", b"220 Hello\r\n", b"250 2.0.0 Ok\r\n", b"2"])
def test_a_backend_that_speaks_out_of_turn_is_not_heard(proxy, trusting, words):
    deliver(proxy, 2)
    trusting.served()[0].socket.sendall(words)
    deliver(proxy, 3)
    assert len(trusting.served()) == 2
    check_books(trusting, [2, 3])


def test_a_backend_that_was_restarted_is_found_again(proxy, trusting):
    deliver(proxy, 2)
    trusting.stop_listening()
    trusting.hang_up()
    trusting.listen()
    deliver(proxy, 3)
    check_books(trusting, [2, 3])


@pytest.mark.parametrize("stage, step", [
    ("RCPT", say("550 5.1.1 No such user")),
    ("MAIL", say("550 5.1.8 Not from you")),
    ("DATA", say("451 4.3.0 Not now")),
    ("EOD", say("554 5.7.1 Spam")),
    ("EOD", close()),
    ("EOD", say("250 2.0.0 Ok", "250 2.0.0 Ok")),
    ("RSET", say("500 5.5.2 What?")),
])
def test_after_anything_but_a_smooth_course_a_connection_is_not_passed_on(proxy, trusting, stage, step):
    trusting.script(stage, step)
    with proxy.session(source=address(2)) as client:
        client.mail()
        if client.rcpt("bob@example.org").code == 250 and stage != "RSET":
            client.data()
        client.cmd("RSET")
        client.cmd("QUIT")
    wait_for("its end", lambda: not trusting.served()[0].open)
    taken = [each.content for each in trusting.messages]
    deliver(proxy, 3)
    assert len(trusting.served()) == 2
    assert [each.content for each in trusting.messages] == [*taken, b"3\r\n"]


@pytest.mark.parametrize("leave", ["QUIT", "close", "reset"])
@pytest.mark.parametrize("after", ["RCPT", "content"])
def test_a_client_that_leaves_in_a_transaction_leaves_no_connection(proxy, trusting, after, leave):
    client = proxy.session(source=address(2))
    client.mail()
    assert client.rcpt("bob@example.org").code == 250
    if after == "content":
        assert client.cmd("DATA").code == 354
        client.send(b"half a message\r\n")
    if leave == "QUIT":
        client.send(b"QUIT\r\n")
        client.end_input()
    else:
        getattr(client, leave)()
    wait_for("its end", lambda: not trusting.served()[0].open)
    deliver(proxy, 3)
    assert len(trusting.messages) == 1 and len(trusting.served()) == 2
    assert trusting.messages[0].identity["ADDR"] == address(3)


def test_a_client_that_leaves_without_a_word_after_its_message_leaves_one(proxy, trusting):
    client = proxy.session("client2.example.com", source=address(2))
    assert client.attempt("sender2@example.com", "bob@example.org", b"2\r\n").code == 250
    client.close()
    wait_for("it to be kept", lambda: told(proxy)["pooled"] == 1)
    deliver(proxy, 3)
    assert len(trusting.served()) == 1
    check_books(trusting, [2, 3])


def test_a_client_that_is_idle_lends_its_connection(proxy, trusting):
    with proxy.session("client2.example.com", source=address(2)) as idle:
        assert idle.attempt("sender2@example.com", "bob@example.org", b"2\r\n").code == 250
        wait_for("it to be kept", lambda: told(proxy)["pooled"] == 1)
        deliver(proxy, 3)
        assert idle.attempt("sender2@example.com", "bob@example.org", b"2\r\n").code == 250
    check_books(trusting, [2, 3, 2])
    assert len(trusting.served()) == 1
    assert told(proxy)["reused"] == 2


def test_a_new_ehlo_closes_the_connection(proxy, trusting):
    with proxy.session("other.example.com", source=address(2)) as client:
        assert client.attempt("other@example.com", "bob@example.org", b"1\r\n").code == 250
        client.ehlo("client2.example.com")
        assert client.attempt("sender2@example.com", "bob@example.org", b"2\r\n").code == 250
    first, second = trusting.served()
    assert first.lines()[-1] == "QUIT"
    assert [each.identity["HELO"] for each in trusting.messages] == ["other.example.com", "client2.example.com"]
    assert second.helo[-1] == "client2.example.com"


def test_a_reload_closes_what_was_kept(proxy, trusting):
    deliver(proxy, 2)
    proxy.configure({"greylist": {"delay": "2s"}})
    proxy.reload()
    wait_for("its end", lambda: not trusting.served()[0].open)
    assert trusting.served()[0].lines()[-1] == "QUIT"
    deliver(proxy, 3)
    assert len(trusting.served()) == 2
    check_books(trusting, [2, 3])


def test_a_connection_in_use_at_a_reload_serves_nobody_else(proxy, trusting):
    with proxy.session("client2.example.com", source=address(2)) as client:
        client.mail("sender2@example.com")
        assert client.rcpt("bob@example.org").code == 250
        proxy.configure({"greylist": {"delay": "2s"}})
        proxy.reload()
        assert client.data(b"2\r\n").code == 250
        client.cmd("QUIT")
    wait_for("its end", lambda: not trusting.served()[0].open)
    deliver(proxy, 3)
    assert len(trusting.served()) == 2
    check_books(trusting, [2, 3])


def test_a_reload_that_names_another_backend(make_backend, proxy, trusting):
    deliver(proxy, 2)
    other = make_backend(keywords=[*KEYWORDS, XCLIENT])
    proxy.configure({"backend": {"addresses": [other.address]}})
    proxy.reload()
    deliver(proxy, 3)
    check_books(trusting, [2])
    check_books(other, [3])
    wait_for("the first's end", lambda: not trusting.open_connections())


def test_a_drain_closes_what_was_kept_at_once(proxy, trusting):
    with proxy.session(source=address(3)) as busy:
        busy.mail()
        assert busy.rcpt("bob@example.org").code == 250
        deliver(proxy, 2)
        kept = trusting.served()[1]
        proxy.terminate()
        wait_for("its end", lambda: not kept.open)
        assert kept.lines()[-1] == "QUIT"
        assert busy.data().code == 250
    assert proxy.exit_code() == 0
    assert [each.lines()[-1] for each in trusting.served()] == ["QUIT", "QUIT"]


def test_an_idle_connection_is_closed_after_a_while(proxy, trusting):
    deliver(proxy, 2)
    assert told(proxy)["pooled"] == 1
    wait_for("its end", lambda: not trusting.served()[0].open)
    assert trusting.served()[0].lines()[-1] == "QUIT"
    assert (told(proxy)["open"], told(proxy)["pooled"]) == (0, 0)


def test_a_connection_serves_a_hundred_clients(proxy, trusting):
    numbers = list(range(2, 104))
    for number in numbers:
        deliver(proxy, number)
    check_books(trusting, numbers)
    assert [len(each.xclient) for each in trusting.served()] == [100, 2]


def test_no_more_than_a_few_are_kept(proxy, trusting):
    clients = [proxy.session(source=address(number)) for number in range(2, 14)]
    for client in clients:
        assert client.attempt("alice@example.com", "bob@example.org").code == 250
    for client in clients:
        client.cmd("QUIT")
    assert told(proxy)["pooled"] == 8
    wait_for("the others' end", lambda: len(trusting.open_connections()) == 8)


def test_kept_connections_give_way_to_clients_that_wait(make_greygate, trusting):
    """Of two event loops each has a pool of its own: what one keeps mustn't block the other."""
    proxy = make_greygate(trusting, greylist={"mode": "off"}, backend={**REUSE, "connections": 1, "open_timeout": "3s"})
    numbers = list(range(2, 32))
    for number in numbers:
        deliver(proxy, number)
    check_books(trusting, numbers)
    assert told(proxy)["reused"] > 0  # mostly none had to


@pytest.mark.parametrize("connections, least_reused", [(40, 50), (3, 0)])
def test_many_clients_at_once(make_greygate, trusting, connections, least_reused):
    """With connections to spare, and with clients that wait for one."""
    proxy = make_greygate(trusting, greylist={"mode": "off"}, backend={**REUSE, "connections": connections})
    failures = []

    def some(numbers):
        try:
            for number in numbers:
                deliver(proxy, number)
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    workers = [threading.Thread(target=some, args=(range(first, 202, 10),)) for first in range(2, 12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    check_books(trusting, range(2, 202))
    assert told(proxy)["reused"] >= least_reused


@pytest.mark.parametrize("mode", ["required", "opportunistic"])
def test_a_connection_stays_in_tls(make_greygate, make_backend, backend_certificate, mode):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT], certificate=backend_certificate)
    proxy = make_greygate(backend, threads=1, greylist={"mode": "off"}, backend={**REUSE, "tls": mode})
    for number in (2, 3):
        deliver(proxy, number)
    (connection,) = backend.served()
    assert connection.plain == ["EHLO mx.example.org", "STARTTLS"]
    verbs = [line.split(" ")[0] for line in connection.lines()]
    assert verbs == ["EHLO", "STARTTLS", "EHLO", *["XCLIENT", "EHLO", "MAIL", "RCPT", "DATA"] * 2]
    assert {event["backend_tls"] for event in proxy.events("message", 2)} == {connection.tls}
    check_books(backend, [2, 3])


def received(postfix_instance):
    return sorted(re.search(r"^Received: from (\S+) \((\S+) \[([0-9.]+)\]\)", each.decode(), re.M).groups()
                  for each in postfix.delivered(postfix_instance))


@pytest.mark.skipif(not postfix.AVAILABLE, reason="needs root and Postfix")
@pytest.mark.parametrize("trusts, connections", [("static:all", 1), ("127.0.0.1", 2)])
def test_a_real_postfix_keeps_two_clients_apart(make_greygate, directory, trusts, connections):
    """On one connection where whoever is named may say XCLIENT, else on two."""
    receiver = postfix.backend(directory / "postfix", [f"smtpd_authorized_xclient_hosts = {trusts}"])
    try:
        receiver.start()
        proxy = make_greygate(receiver, threads=1, greylist={"mode": "off"}, backend=REUSE, domains=["*"])
        for number in (9, 10):
            deliver(proxy, number)
        wait_for("both deliveries", lambda: len(postfix.delivered(receiver)) == 2)
        assert received(receiver) == [("client10.example.com", "unknown", "127.0.0.10"),
                                      ("client9.example.com", "unknown", "127.0.0.9")]
        assert told(proxy)["reused"] == 2 - connections
        proxy.stop()
        share = 2 // connections
        # Postfix counts no XCLIENT as a success. The proxy's own question has no data.
        words = ["disconnect from", f"xclient=0/{share} ", f"mail={share} ", f"data={share} ", "quit=1"]
        wait_for("the connections' ends", lambda: len(receiver.log(*words)) == connections)
        for number in (9, 10):
            assert receiver.log("smtpd", f"client=unknown[127.0.0.{number}]")
    finally:
        receiver.clean_up()
