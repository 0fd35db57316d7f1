"""Real Postfix on both sides: its queue retries by itself, its SMTP server learns who the client was."""

import re
import time

import pytest

import postfix
from greygate import run
from wait import wait_for

pytestmark = pytest.mark.skipif(not postfix.AVAILABLE, reason="needs root and Postfix")


@pytest.fixture
def make_postfix(directory):
    made = []

    def make(kind, *arguments, **options):
        made.append(kind(directory / f"postfix{len(made)}", *arguments, **options))
        return made[-1].start()

    yield make
    for each in made:
        each.clean_up()


def test_a_real_queue_retries_by_itself_and_delivers_one_copy(greygate, backend, make_postfix):
    sender = make_postfix(postfix.sender, greygate.port)
    with sender.client() as client:
        client.ehlo()
        assert client.attempt("alice@example.com", "bob@example.org", b"Subject: patient\r\n\r\nhello\r\n").code == 250
    (sent,) = sender.await_log("status=sent")
    assert "Queued as 4711" in sent
    deferred = sender.log("status=deferred", "Greylisted", "450 4.2.0")
    assert deferred and len(sender.log("status=sent")) == 1
    time.sleep(1)  # a second copy would come with the next run of the queue
    (message,) = backend.messages
    assert b"Subject: patient\r\n" in message.message
    words = greygate.verdicts(2)
    assert words[0] == "first_seen" and words[-1] in ("too_early", "retried")
    assert greygate.events("recipient", 1, verdict="retried")


@pytest.mark.parametrize("identity", ["xclient", "proxy-v1", "proxy-v2"])
def test_a_real_backend_sees_the_real_client(make_greygate, make_postfix, identity):
    xclient = ["smtpd_authorized_xclient_hosts = 127.0.0.0/8"] if identity == "xclient" else []
    proxied = [] if identity == "xclient" else ["smtpd_upstream_proxy_protocol=haproxy"]
    receiver = make_postfix(postfix.backend, xclient, proxied)
    greygate = make_greygate(receiver, backend={"client_identity": identity}, domains=["*"])
    with greygate.session("mail.example.com", source="127.0.0.9") as client:
        assert client.attempt("alice@example.com", "pass@example.org", b"Subject: x\r\n\r\nhello\r\n").code == 250
        client.mail()
        assert client.rcpt("pass@elsewhere.example").code == 554  # Postfix relays for nobody
    wait_for("the delivery", lambda: postfix.delivered(receiver))
    (message,) = postfix.delivered(receiver)
    assert re.search(rb"Received: from mail\.example\.com \(\w+ \[127\.0\.0\.9\]\)", message), message
    assert b"\nhello\n" in message


def test_from_postfix_to_postfix(make_greygate, make_postfix):
    receiver = make_postfix(postfix.backend, ["smtpd_authorized_xclient_hosts = 127.0.0.0/8"])
    greygate = make_greygate(receiver, backend={"client_identity": "xclient"})
    sender = make_postfix(postfix.sender, greygate.port)
    with sender.client() as client:
        client.ehlo()
        for number in range(5):
            assert client.attempt("alice@example.com", f"bob.{number}x@example.org", b"Subject: x\r\n\r\n.\r\n"
                                  .replace(b"\r\n.\r\n", b"\r\n..\r\n")).code == 250
    wait_for("five deliveries", lambda: len(postfix.delivered(receiver)) >= 5)
    wait_for("an empty queue", lambda: len(sender.log("status=sent")) == 5)
    assert len(postfix.delivered(receiver)) == 5
    assert len(greygate.events("message", 5, outcome="relayed")) == 5


OPEN = ["mynetworks = 127.0.0.0/8"]
TRUSTED = ["smtpd_authorized_xclient_hosts = 127.0.0.0/8"]
LIMITED = ["smtpd_client_event_limit_exceptions =", "smtpd_client_connection_count_limit = 1"]


def first_client(receiver):
    """A client that is let in, which may take until those before it are counted out."""
    def let_in():
        client = receiver.client()
        if client.greeting.code == 220:
            return client
        return client.close()
    return wait_for("a place among the clients", let_in)


@pytest.mark.parametrize("settings, identity, code, found", [
    (OPEN, "none", 1, "it would relay for outsiders"),
    (OPEN + TRUSTED, "xclient", 0, "it doesn't relay for outsiders"),
    ([], "none", 0, "it doesn't relay for outsiders"),
    ([], "xclient", 1, "can't be reached: XCLIENT: not offered with ADDR to this host"),
    (LIMITED, "none", 1, "can't be reached: greeting: 421 4.7.0 postfix.example.org Error: too many connections"),
])
def test_the_guard_finds_how_a_real_backend_is_set_up(make_greygate, make_postfix, settings, identity, code, found):
    receiver = make_postfix(postfix.backend, settings)
    configured = make_greygate(receiver, start=False, backend={"client_identity": identity})
    configured.configure({})
    with first_client(receiver):  # one more than the limit lets in
        ended, _, errors = run("check", "--probe", "--config", configured.file)
    assert (ended, found in errors) == (code, True), errors
