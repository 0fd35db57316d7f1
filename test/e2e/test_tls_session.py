"""A session before, at and after STARTTLS."""

import re

import pytest

from fake_backend import KEYWORDS, XCLIENT
from smtp_client import Client, tls_settings
from tls_records import Records
from wait import wait_for


# In which order

@pytest.mark.parametrize("lines, code, enhanced", [
    ([], 503, "5.5.1"),
    (["EHLO client.example.com", "MAIL FROM:<alice@example.com>"], 503, "5.5.1"),
    (["EHLO client.example.com", "MAIL FROM:<alice@example.com>", "RCPT TO:<pass@example.org>"], 503, "5.5.1"),
    (["EHLO client.example.com", "MAIL FROM:<alice@example.com>", "RCPT TO:<pass@example.org>", "BDAT 0"], 503, "5.5.1"),
    (["EHLO client.example.com"], 220, "2.0.0"),
    (["EHLO client.example.com", "MAIL FROM:<alice@example.com>", "RSET"], 220, "2.0.0"),
])
def test_starttls_in_and_out_of_order(tls_greygate, lines, code, enhanced):
    with Client(tls_greygate.port) as client:
        for line in lines:
            assert client.cmd(line).code == 250
        reply = client.cmd("STARTTLS")
        assert (reply.code, reply.enhanced) == (code, enhanced)


@pytest.mark.parametrize("line", ["STARTTLS now", "STARTTLS  x"])
def test_starttls_takes_no_arguments(tls_greygate, line):
    with tls_greygate.session() as client:
        reply = client.cmd(line)
        assert (reply.code, reply.enhanced) == (501, "5.5.4")
        client.starttls()
        assert client.ehlo().code == 250


def test_starttls_in_any_case(tls_greygate):
    with tls_greygate.session() as client:
        assert client.cmd("starttls").code == 220
        client.handshake()
        assert client.ehlo().code == 250


def test_starttls_is_offered_until_tls_is_on(tls_greygate):
    with Client(tls_greygate.port) as client:
        assert client.keywords()["STARTTLS"] == "STARTTLS"
        client.starttls()
        assert "STARTTLS" not in client.keywords()
        for _ in range(2):
            reply = client.cmd("STARTTLS")
            assert (reply.code, reply.enhanced) == (503, "5.5.1")
        assert client.cmd("NOOP").code == 250


def test_the_other_keywords_stay(tls_greygate):
    with Client(tls_greygate.port) as client:
        before = client.keywords()
        client.starttls()
        assert client.keywords() == {name: line for name, line in before.items() if name != "STARTTLS"}


# What is forgotten

def test_the_session_starts_afresh(tls_greygate):
    with tls_greygate.session().starttls() as client:
        for line in ("MAIL FROM:<alice@example.com>", "RCPT TO:<pass@example.org>", "DATA", "STARTTLS"):
            reply = client.cmd(line)
            assert (reply.code, reply.enhanced) == (503, "5.5.1"), line
        assert client.ehlo().code == 250
        assert client.mail().code == 250


def test_a_transaction_of_before_is_gone(tls_greygate, backend):
    with tls_greygate.session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        client.cmd("RSET")
        client.starttls()
        assert client.ehlo().code == 250
        assert client.rcpt("pass@example.org").code == 503
        assert client.cmd("DATA").code == 503
        wait_for("the backend connection of before to close", lambda: not backend.served()[0].open)
        assert client.attempt("bob@example.com", "pass2@example.org").code == 250
    (message,) = backend.messages
    assert message.recipients == ["pass2@example.org"] and "bob@example.com" in message.mail
    assert message.connection is not backend.served()[0]


def test_the_name_of_before_is_not_used(make_greygate, make_backend, certificate):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT])
    greygate = make_greygate(backend, backend={"client_identity": "xclient"}, greylist={"delay": "1h"},
                             tls={"certificates": [certificate.entry]})
    with greygate.session("before.example.com") as client:
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
        client.starttls()
        client.cmd("HELO after.example.com")
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
        assert "helo=<after.example.com>" in client.attempt("alice@example.com", "bob@example.org").text
    assert [each["helo"] for each in greygate.events("recipient", 3)] == ["before.example.com"] + 2 * ["after.example.com"]
    told = [" ".join(each.xclient) for each in backend.served()]
    assert [re.search(r"HELO=(\S+)", each)[1] for each in told] == ["before.example.com", "after.example.com"]
    # Postfix knows these two protocols alone: TLS doesn't change what the client spoke.
    assert [re.search(r"PROTO=(\S+)", each)[1] for each in told] == ["ESMTP", "SMTP"]


# Where TLS is required

@pytest.fixture
def strict(make_greygate, backend, certificate):
    return make_greygate(backend, greylist={"delay": "1h"}, limits={"errors": 3},
                         tls={"certificates": [certificate.entry], "required": True})


def test_mail_in_plain_text_is_refused(strict, backend):
    with strict.session() as client:
        for _ in range(5):  # no error of the client's: it isn't thrown out
            reply = client.mail()
            assert (reply.code, reply.enhanced) == (530, "5.7.0")
        assert client.rcpt("pass@example.org").code == 503
        event = strict.events("sender_refused", 5)[0]
        assert (event["sender"], event["reply"][:10]) == ("alice@example.com", "530 5.7.0 ")
        for line in ("NOOP", "RSET", "EHLO client.example.com"):
            assert client.cmd(line).code == 250
        client.starttls()
        client.ehlo()
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert len(backend.messages) == 1


def test_a_batch_in_plain_text_is_refused(strict, backend):
    with strict.session() as client:
        replies = client.pipeline("MAIL FROM:<alice@example.com>", "RCPT TO:<pass@example.org>", "QUIT")
        assert [each.code for each in replies] == [530, 503, 221]
    assert not backend.served() and not strict.events("recipient")


def test_required_can_be_switched_on(tls_greygate):
    tls_greygate.configure({"tls": {"required": True}})
    tls_greygate.reload()
    with tls_greygate.session() as client:
        assert client.mail().code == 530
    with tls_greygate.tls_session() as client:
        assert client.mail().code == 250


# How it ends

def test_quit_is_answered_and_tls_ended_properly(tls_greygate):
    """With close_notify, RFC 8446 §6.1: only so the client knows that nobody else ended it."""
    for version in ("TLSv1_2", "TLSv1_3"):
        with tls_greygate.session() as client:
            assert client.cmd("STARTTLS").code == 220
            records = Records(client, tls_settings(version=version))
            records.handshake(client.send)
            client.send(records.sealed(b"QUIT\r\n"))
            assert records.until(b"\r\n").startswith(b"221 2.0.0 ")
            assert records.ends_properly()


def test_a_client_that_says_farewell_gets_its_replies(tls_greygate):
    for version in ("TLSv1_2", "TLSv1_3"):
        with tls_greygate.session() as client:
            assert client.cmd("STARTTLS").code == 220
            records = Records(client, tls_settings(version=version))
            records.handshake(client.send)
            commands = records.sealed(b"EHLO client.example.com\r\nQUIT\r\n")
            client.send(commands + records.farewell())
            assert records.until(b"221 2.0.0")


def test_a_client_that_ends_without_farewell_gets_its_replies(tls_greygate):
    with tls_greygate.tls_session() as client:
        client.send("NOOP\r\nQUIT\r\n")
        client.end_input()
        assert [each.code for each in client.replies(2)] == [250, 221]
        assert client.is_closed()
