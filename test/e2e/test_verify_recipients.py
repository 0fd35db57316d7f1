"""greylist.verify_recipients: a mailbox that the backend doesn't have is refused at once, in the backend's words."""

import time

import pytest

import postfix
from fake_backend import KEYWORDS, XCLIENT, close, reset, say, stall
from wait import wait_for

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"
UNKNOWN = "550 5.1.1 <bob@example.org>: No such user here"


@pytest.fixture
def make(make_greygate, backend):
    """make(…): a proxy on one event loop that asks; whoever has to wait waits for an hour."""
    def make(*backends, greylist=None, **settings):
        return make_greygate(*(backends or [backend]), threads=1, **settings,
                             greylist={"delay": "1h", "verify_recipients": True, **(greylist or {})})
    return make


def attempt(greygate, recipient=RECIPIENT, sender=SENDER):
    """The reply and the log's word."""
    seen = len(greygate.events("recipient"))
    with greygate.session() as client:
        reply = client.attempt(sender, recipient)
    return reply, greygate.events("recipient", seen + 1)[seen]["verdict"]


def questions(backend):
    """The recipients that the proxy has asked for on its own account, in order."""
    return [line[len("RCPT TO:<"):-1] for line in backend.commands("RCPT")]


@pytest.mark.parametrize("refusal", [
    [UNKNOWN],
    ["550-5.1.1 No such user:", "550-5.1.1 bob", "550 5.1.1 See https://example.org/who"],
    ["551 5.1.6 Not here"], ["553 5.1.3 Not a name"], ["554 5.2.1 Disabled"]], ids=lambda lines: lines[-1])
def test_an_unknown_recipient_gets_the_backends_words_at_once(make, backend, refusal):
    greygate = make()
    backend.script("RCPT", say(*refusal))
    reply, word = attempt(greygate)
    assert (reply.lines, word) == (refusal, "unknown_recipient")
    (event,) = greygate.events("recipient")
    assert event["reply"] == " / ".join(refusal)
    assert backend.commands("MAIL") == ["MAIL FROM:<>"] and questions(backend) == [RECIPIENT]


def test_status_and_metrics_count_it(make, backend):
    greygate = make()
    backend.script("RCPT", say(UNKNOWN))
    attempt(greygate)
    recipients = greygate.status()["recipients"]
    assert (recipients["refused"], recipients["put_off"], recipients["verdicts"]["unknown_recipient"]) == (1, 0, 1)
    assert recipients["verdicts"]["first_seen"] == 0
    assert 'greygate_recipients_total{verdict="unknown_recipient"} 1' in greygate.get("/metrics")[1]
    history = greygate.ask_json("explain", "--client", "127.0.0.1", "--sender", SENDER, "--recipient", RECIPIENT)[0]
    assert history["history"][-1]["what"] == "unknown_recipient", history


def test_a_known_recipient_is_put_off_and_passes_when_it_comes_back(make, backend):
    greygate = make(greylist={"delay": "0s"})
    reply, word = attempt(greygate)
    assert (reply.code, word) == (450, "first_seen")
    reply, word = attempt(greygate)
    assert (reply.code, word) == (250, "retried")
    asked, relayed = backend.transactions
    assert (asked.content, asked.mail, asked.complete) == (b"", "MAIL FROM:<>", False)
    assert (relayed.mail.startswith("MAIL FROM:<alice@example.com>"), relayed.accepted) == (True, True)
    assert asked.connection is not relayed.connection


@pytest.mark.parametrize("first, code", [(UNKNOWN, 550), ("250 2.1.5 Ok", 450)])
def test_an_answer_is_remembered(make, backend, first, code):
    greygate = make()
    backend.script("RCPT", say(first))
    assert [attempt(greygate)[0].code for _ in range(2)] == [code, code]
    assert attempt(greygate, "bob@EXAMPLE.org")[0].code == code  # the domain in another case
    assert questions(backend) == [RECIPIENT]
    assert attempt(greygate, "Bob@example.org")[0].code == 450  # another local part
    assert questions(backend) == [RECIPIENT, "Bob@example.org"]


def test_a_reload_forgets(make, backend):
    greygate = make()
    backend.script("RCPT", say(UNKNOWN))
    assert attempt(greygate)[0].code == 550
    greygate.reload()
    assert wait_for("the new configuration", lambda: attempt(greygate)[0].code == 450)


@pytest.mark.parametrize("refusal", ["554 5.7.1 Access denied", "550 5.7.1 Not for you", "550 5.1.8 Your domain", "550 No such user", "554 No",
                                     "552 5.2.2 Full", "450 4.1.1 Not sure", "452 4.2.2 Full"])
def test_what_may_be_meant_for_the_one_who_asks_alone_means_nothing(make, backend, refusal):
    greygate = make()
    backend.script("RCPT", say(refusal))
    reply, word = attempt(greygate)
    assert (reply.code, reply.enhanced, word) == (450, "4.2.0", "first_seen") and "Greylisted" in str(reply)
    assert attempt(greygate, "carol@example.org")[0].code == 450
    assert not greygate.events("recipients_not_verified")
    assert questions(backend) == [RECIPIENT, "carol@example.org"]  # and the next one is asked for


def test_only_who_is_put_off_is_asked_for(make, backend):
    rules = [{"name": "not now", "when": {"recipient": "late@example.org"}, "action": "put_off"},
             {"name": "not you", "when": {"recipient": "never@example.org"}, "action": "block"}]
    greygate = make(rules=rules)
    backend.script("RCPT", say(UNKNOWN), times=None)
    assert attempt(greygate, "late@example.org")[1] == "rule_put_off"
    assert attempt(greygate, "never@example.org")[1] == "rule_block"
    assert attempt(greygate, "bob@elsewhere.example")[1] == "relay_denied"
    assert questions(backend) == []
    assert attempt(greygate, "pass@example.org")[1] == "allow_recipient"
    assert backend.commands("MAIL") == ["MAIL FROM:<alice@example.com>"]  # the client's own


@pytest.mark.parametrize("mode", ["observe", "off"])
def test_nothing_is_asked_where_nobody_is_put_off(make, backend, mode):
    greygate = make(greylist={"mode": mode})
    assert attempt(greygate)[0].code == 250
    assert backend.commands("MAIL") == ["MAIL FROM:<alice@example.com>"]


def test_by_default_nothing_of_a_put_off_recipient_reaches_the_backend(greygate, backend):
    assert attempt(greygate)[1] == "first_seen"
    assert not backend.transactions


def test_a_bounce_that_is_judged_at_data_is_not_asked_for_again(make, backend):
    greygate = make(greylist={"null_sender": "data"})
    with greygate.session() as client:
        assert client.attempt("", RECIPIENT).code == 450
    assert questions(backend) == [RECIPIENT]


def test_a_bounce_that_is_judged_at_rcpt_is(make, backend):
    greygate = make()
    backend.script("RCPT", say(UNKNOWN))
    assert attempt(greygate, sender="")[1] == "unknown_recipient"


def test_an_address_in_utf8_is_not_asked_for(make, backend):
    greygate = make()
    with greygate.session() as client:
        client.mail(parameters="SMTPUTF8")
        assert client.rcpt("bøb@example.org").code == 450
    assert not backend.transactions


def test_the_backends_word_is_no_error_of_the_clients(make, backend):
    greygate = make(limits={"errors": 3})
    backend.script("RCPT", say(UNKNOWN), times=None)
    with greygate.session() as client:
        client.mail()
        assert [client.rcpt(f"{name}@example.org").code for name in "abcd"] == [550] * 4


def test_many_are_asked_for_on_few_connections(make, backend):
    greygate = make()
    with greygate.session() as client:
        client.mail()
        replies = client.pipeline(*[f"RCPT TO:<{number}@example.org>" for number in range(20)])
    assert {reply.code for reply in replies} == {450}
    assert questions(backend) == [f"{number}@example.org" for number in range(20)]
    first, second, third = backend.served()
    for connection, count in ((first, 8), (second, 8), (third, 4)):
        verbs = [line.split(" ")[0] for line in connection.lines() if line != "QUIT"]
        assert verbs == ["EHLO"] + ["MAIL", "RCPT", "RSET"] * count
    wait_for("QUIT from an idle connection", lambda: third.lines()[-1] == "QUIT")


def test_who_come_at_once_are_asked_for_one_after_the_other(make, backend):
    greygate = make()
    backend.script("RCPT", stall(say(UNKNOWN)))
    with greygate.session() as one, greygate.session() as same, greygate.session() as other:
        for client, recipient in ((one, RECIPIENT), (same, RECIPIENT), (other, "carol@example.org")):
            client.mail()
            client.send(f"RCPT TO:<{recipient}>\r\n")
        backend.stalled.wait()
        backend.release()
        assert [client.reply().code for client in (one, same, other)] == [550, 550, 450]
    assert questions(backend) == [RECIPIENT, "carol@example.org"]


def test_a_connection_that_went_stale_is_replaced_unseen(make, backend):
    greygate = make()
    attempt(greygate)
    backend.script("MAIL", close("421 4.4.2 Idle for too long"))
    backend.script("RCPT", say(UNKNOWN))
    assert attempt(greygate, "eve@example.org")[0].code == 550
    backend.hang_up()
    wait_for("the backend to have hung up", lambda: not backend.open_connections())
    assert attempt(greygate, "carol@example.org")[0].code == 450
    assert questions(backend)[-1] == "carol@example.org"
    assert not greygate.events("recipients_not_verified")


FAILURES = {
    "greeting refused": ("connect", close("554 5.7.1 No")),
    "greeting without an end": ("connect", close()),
    "nonsense": ("connect", say("What is this?")),
    "EHLO refused": ("EHLO", say("502 5.5.1 No")),
    "MAIL refused": ("MAIL", say("550 5.1.1 No bounces")),
    "a reply too many": ("MAIL", say("250 2.1.0 Ok", UNKNOWN)),
    "reset": ("RCPT", reset()),
    "closed": ("RCPT", close()),
    "closed with 421": ("RCPT", close("421 4.3.2 Going down")),
    "354": ("RCPT", say("354 Go on")),
    "nonsense at RCPT": ("RCPT", say("550_5.1.1 No such user")),
    "two replies to RCPT": ("RCPT", say(UNKNOWN, "250 2.1.5 Ok")),
    "no way back": ("RSET", close()),
}


@pytest.mark.parametrize("stage, step", FAILURES.values(), ids=FAILURES)
def test_what_goes_wrong_means_nothing(make, backend, stage, step):
    greygate = make()
    if stage != "RCPT":
        backend.script("RCPT", say(UNKNOWN), times=None)
    backend.script(stage, step, times=None)
    for name in "ab":
        assert attempt(greygate, f"{name}@example.org")[1] == "first_seen"
    assert len(greygate.events("recipients_not_verified", 1)) == 1  # b wasn't asked for
    assert "b@example.org" not in questions(backend)


def test_a_dead_backend_delays_nobody(make, backend):
    greygate = make()
    backend.stop_listening()
    backend.hang_up()
    began = time.monotonic()
    with greygate.session() as client:
        client.mail()
        replies = client.pipeline(*[f"RCPT TO:<{number}@example.org>" for number in range(50)])
    assert {reply.code for reply in replies} == {450}
    assert time.monotonic() - began < 4  # less than one question may take
    assert greygate.verdicts(50) == ["first_seen"] * 50


def test_a_frozen_backend_delays_those_who_wait_for_its_first_answer_and_nobody_else(make, backend):
    greygate = make()
    backend.script("RCPT", stall(say(UNKNOWN)), times=None)
    with greygate.session() as first, greygate.session() as second:
        for client in (first, second):
            client.mail()
            client.send(f"RCPT TO:<{RECIPIENT}>\r\n")
        backend.stalled.wait()
        assert [client.reply().code for client in (first, second)] == [450, 450]
        assert "no answer in time" in greygate.events("recipients_not_verified", 1)[0]["reason"]
        assert first.rcpt("carol@example.org").code == second.rcpt("dave@example.org").code == 450
    assert questions(backend) == [RECIPIENT]


def test_it_ends_while_a_question_is_open(make, backend):
    greygate = make(limits={"drain_timeout": "0s"})
    backend.script("RCPT", stall())
    with greygate.session() as client:
        client.mail()
        client.send(f"RCPT TO:<{RECIPIENT}>\r\n")
        backend.stalled.wait()
        assert greygate.stop() == 1  # a transaction was cut off


def test_it_ends_while_its_connection_idles(make, backend):
    greygate = make()
    attempt(greygate)
    (connection,) = backend.served()
    assert connection.open and greygate.stop() == 0
    wait_for("QUIT", lambda: connection.lines()[-1] == "QUIT")


def test_while_it_drains_nothing_is_asked(make, backend):
    greygate = make()
    with greygate.session() as client:
        client.mail()
        greygate.terminate()
        greygate.events("draining", 1)
        wait_for("the port to be closed", lambda: not listens(greygate))
        assert client.rcpt(RECIPIENT).code == 450
    assert greygate.exit_code() == 0
    assert not backend.transactions


def listens(greygate):
    try:
        greygate.client(greeting=False).close()
        return True
    except OSError:
        return False


def test_with_xclient_it_asks_as_an_address_that_is_nobodys(make, make_backend):
    trusting = make_backend(keywords=[*KEYWORDS, XCLIENT])
    greygate = make(trusting, backend={"client_identity": "xclient"})
    trusting.script("RCPT", say(UNKNOWN))
    assert attempt(greygate)[0].code == 550
    (asked,) = trusting.transactions
    assert (asked.identity["ADDR"], asked.identity["HELO"]) == ("192.0.2.1", "probe.greygate.invalid")


@pytest.fixture
def make_receiver(directory):
    """Makes real backends that have one mailbox: RECIPIENT's."""
    made = []

    def make_one(*settings):
        made.append(postfix.backend(directory / f"postfix{len(made)}", [
            f"virtual_mailbox_maps = inline:{{{RECIPIENT}=box/}}",
            "smtpd_authorized_xclient_hosts = 127.0.0.0/8", *settings]))
        return made[-1].start()

    yield make_one
    for each in made:
        each.clean_up()


@pytest.mark.skipif(not postfix.AVAILABLE, reason="needs root and Postfix")
def test_a_real_backend_is_asked(make, make_receiver):
    receiver = make_receiver()
    greygate = make(receiver, backend={"client_identity": "xclient"})
    reply, word = attempt(greygate, "eve@example.org")
    assert (reply.code, reply.enhanced, word) == (550, "5.1.1", "unknown_recipient")
    assert "<eve@example.org>: Recipient address rejected: User unknown" in str(reply)
    assert attempt(greygate)[1] == "first_seen"
    with greygate.session() as client:  # on one connection Postfix would become slow, and then hang up
        client.mail()
        assert [client.rcpt(f"{number}@example.org").code for number in range(15)] == [550] * 15
    assert not greygate.events("recipients_not_verified")
    assert receiver.log("reject: RCPT from unknown[192.0.2.1]", "to=<eve@example.org>")


@pytest.mark.skipif(not postfix.AVAILABLE, reason="needs root and Postfix")
@pytest.mark.parametrize("first, code", [("", 450), ("reject_unlisted_recipient,", 550)])
def test_a_real_backend_that_takes_nothing_from_us_tells_only_if_it_looks_at_the_recipient_first(make, make_receiver, first,
                                                                                                 code):
    receiver = make_receiver(f"smtpd_recipient_restrictions = {first} check_client_access static:{{REJECT Nobody knows you}}")
    greygate = make(receiver, backend={"client_identity": "xclient"})
    assert attempt(greygate, "eve@example.org")[0].code == code
    assert attempt(greygate)[0].code == 450
