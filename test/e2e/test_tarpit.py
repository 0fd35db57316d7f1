"""greylist.tarpit: who is blocked waits for its answer, but only so many at once."""

import select
import time

import pytest

from fake_backend import say
from smtp_client import tls_settings
from wait import wait_for

SENDER, GOOD, BLOCKED = "alice@example.com", "pass@example.org", "trap@example.org"
ENDLESS = {"delay": "2m"}  # no test waits for it to be over


@pytest.fixture
def make(make_greygate, backend):
    """make(tarpit, …): a proxy on one event loop that blocks BLOCKED."""
    def make(tarpit, greylist=None, **settings):
        return make_greygate(backend, threads=1, greylist={"tarpit": tarpit, **(greylist or {})},
                             **{"block": {"recipients": [BLOCKED]}, **settings})
    return make


def is_silent(client):
    return not select.select([client.socket], [], [], 0)[0]


def hold_back(greygate, client, *more):
    """The client is kept waiting for the reply to its RCPT, and has said more."""
    seen = len(greygate.events("recipient"))
    client.mail(SENDER)
    client.send("".join(line + "\r\n" for line in (f"RCPT TO:<{BLOCKED}>", *more)))
    greygate.events("recipient", seen + 1)
    assert is_silent(client)
    return client


def is_answered_at_once(greygate, recipient=BLOCKED, code=554):
    with greygate.session() as client:
        client.mail(SENDER)
        return client.rcpt(recipient).code == code


@pytest.mark.parametrize("word, settings", [
    ("block_client", {"block": {"clients": ["127.0.0.1"]}}),
    ("block_sender", {"block": {"senders": [SENDER]}}),
    ("block_recipient", {}),
    ("rule_block", {"block": {}, "rules": [{"name": "nobody", "action": "block"}]})])
def test_who_is_blocked_waits_for_its_answer(make, word, settings):
    greygate = make({"delay": "1s"}, **settings)
    with greygate.session() as client:
        client.mail(SENDER)
        for _ in range(2):
            began = time.monotonic()
            assert client.rcpt(BLOCKED).code == 554
            assert time.monotonic() - began >= 1
        assert client.cmd("RSET").code == 250
    assert greygate.verdicts(2) == [word] * 2


@pytest.mark.parametrize("recipient, code", [(GOOD, 250), ("bob@example.org", 450), ("bob@elsewhere.example", 550),
                                             ("late@example.org", 451), ("eve@example.org", 550)])
def test_nobody_else_does(make, backend, recipient, code):
    rule = {"name": "not now", "when": {"recipient": "late@example.org"}, "action": "put_off", "reply": {"code": 451}}
    verified = recipient == "eve@example.org"
    if verified:
        backend.script("RCPT", say("550 5.1.1 Unknown"))
    greygate = make(ENDLESS, greylist={"verify_recipients": verified}, rules=[rule])
    assert is_answered_at_once(greygate, recipient, code)


def test_by_default_who_is_blocked_is_answered_at_once(make):
    assert is_answered_at_once(make({}))


def test_so_many_wait_at_once_and_the_next_is_answered(make):
    greygate = make({**ENDLESS, "clients": 2})
    with greygate.session() as first, greygate.session() as second:
        hold_back(greygate, first)
        hold_back(greygate, second)
        assert is_answered_at_once(greygate)
        assert is_silent(first) and is_silent(second)


def test_one_that_leaves_makes_room(make):
    greygate = make({**ENDLESS, "clients": 1})
    with greygate.session() as client:
        hold_back(greygate, client)
    wait_for("the proxy to notice", lambda: greygate.status()["connections"]["open"] == 0)
    with greygate.session() as client:
        hold_back(greygate, client)
        assert is_answered_at_once(greygate)


def test_one_that_resets_is_noticed_though_it_has_said_more(make):
    greygate = make(ENDLESS)
    client = hold_back(greygate, greygate.session(), "NOOP", "QUIT")
    client.reset()
    wait_for("the proxy to notice", lambda: greygate.status()["connections"]["open"] == 0)


def test_replies_to_what_came_before_do_not_wait(make):
    greygate = make(ENDLESS)
    with greygate.session() as client:
        client.send(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<{BLOCKED}>\r\nDATA\r\n")
        assert [reply.code for reply in client.replies(2)] == [250, 450]
        assert is_silent(client)


def test_a_message_that_passes_for_another_does_not_wait(make, backend):
    greygate = make(ENDLESS)
    with greygate.session() as client:
        replies = client.pipeline(f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{GOOD}>", f"RCPT TO:<{BLOCKED}>", "DATA")
        assert [reply.code for reply in replies] == [250, 250, 554, 354]
        client.send("hello\r\n.\r\n")
        assert client.reply().code == 250
    assert len(backend.messages) == 1


@pytest.mark.parametrize("protected", [False, True])
def test_what_the_client_says_meanwhile_is_obeyed_afterwards(make, backend, certificate, protected):
    greygate = make({"delay": "1s"}, tls={"certificates": [certificate.entry]})
    with (greygate.tls_session(tls_settings()) if protected else greygate.session()) as client:
        client.mail(SENDER)
        client.send(f"RCPT TO:<{BLOCKED}>\r\n")
        greygate.events("recipient", 1)
        client.send(f"RCPT TO:<{GOOD}>\r\n")
        client.send("DATA\r\n")
        assert [reply.code for reply in client.replies(3)] == [554, 250, 354]
        client.send("hello\r\n.\r\n")
        assert client.reply().code == 250
        replies = client.pipeline(f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{BLOCKED}>", f"RCPT TO:<{GOOD}>", "NOOP", "RSET")
        assert [reply.code for reply in replies] == [250, 554, 250, 250, 250]
    assert len(backend.messages) == 1


def test_a_drain_answers_those_who_wait(make):
    greygate = make(ENDLESS, limits={"drain_timeout": "60s"})
    with greygate.session() as client, greygate.session() as talkative:
        hold_back(greygate, client)
        hold_back(greygate, talkative, f"RCPT TO:<{BLOCKED}>")
        greygate.terminate()
        assert client.reply().code == 554
        assert [reply.code for reply in talkative.replies(2)] == [554, 554]
        for each in (client, talkative):
            assert each.cmd("RSET").code == 250
            assert each.reply().code == 421
    assert greygate.exit_code() == 0


def test_the_end_of_a_drain_cuts_them_off(make):
    greygate = make(ENDLESS, limits={"drain_timeout": "0s"})
    with greygate.session() as client:
        hold_back(greygate, client)
        assert greygate.stop() == 1


def test_they_do_not_count_as_slow(make):
    greygate = make({"delay": "1s"})
    assert is_answered_at_once(greygate)
    assert 'greygate_added_latency_seconds_bucket{le="+Inf"} ' in greygate.get("/metrics")[1]
    (total,) = [line.split(" ")[1] for line in greygate.get("/metrics")[1].splitlines()
                if line.startswith("greygate_added_latency_seconds_sum")]
    assert float(total) < 1


@pytest.mark.parametrize("tarpit, key", [({"delay": "3m"}, "greylist.tarpit.delay: at most 2m"),
                                         ({"clients": 0}, "greylist.tarpit.clients: ")])
def test_a_tarpit_without_sense_is_refused(make_greygate, backend, tarpit, key):
    configured = make_greygate(backend, start=False, greylist={"tarpit": tarpit})
    configured.configure({})
    assert key in configured.ask("check", code=1)
