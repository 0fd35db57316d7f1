"""Who is put off, who is let in, and what the log calls it."""

import time

import pytest

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"


def outlast(delay=1.0):
    time.sleep(delay + 0.1)


def test_a_first_attempt_is_put_off_and_nothing_reaches_the_backend(greygate, backend):
    with greygate.session() as client:
        client.mail(SENDER)
        assert client.rcpt(RECIPIENT).lines == [
            "450 4.2.0 <bob@example.org>: Greylisted; from=<alice@example.com> to=<bob@example.org> "
            "proto=ESMTP helo=<client.example.com>"]
    (event,) = greygate.events("recipient", 1)
    assert event["verdict"] == "first_seen"
    assert (event["sender"], event["recipient"], event["helo"]) == (SENDER, RECIPIENT, "client.example.com")
    assert event["client"] == "127.0.0.1"
    assert event["reply"].startswith("450 4.2.0 ")
    assert not backend.transactions


def test_early_retries_neither_pass_nor_restart_the_clock(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"delay": "2s"})
    with greygate.session() as client:
        begun = time.monotonic()
        assert client.attempt(SENDER, RECIPIENT).code == 450
        assert client.attempt(SENDER, RECIPIENT).code == 450
        time.sleep(max(0.0, begun + 1 - time.monotonic()))
        client.attempt(SENDER, RECIPIENT)
        outlast(begun + 2 - time.monotonic())
        assert client.attempt(SENDER, RECIPIENT).code == 250
    assert greygate.verdicts(4) == ["first_seen", "too_early", "too_early", "retried"]


def test_a_retry_is_delivered_and_then_known(greygate, backend):
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT).code == 450
    outlast()
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT, b"Subject: one\r\n\r\n1\r\n").text == "250 2.0.0 Queued as 4711"
        assert client.attempt(SENDER, RECIPIENT, b"Subject: two\r\n\r\n2\r\n").code == 250
    assert greygate.verdicts(3) == ["first_seen", "retried", "known"]
    assert [each.message for each in backend.messages] == [b"Subject: one\r\n\r\n1\r\n", b"Subject: two\r\n\r\n2\r\n"]


def test_a_retry_after_the_window_is_a_first_attempt(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"delay": "100ms", "retry_window": "1s"})
    with greygate.session() as client:
        client.attempt(SENDER, RECIPIENT)
        outlast(1.0)
        assert client.attempt(SENDER, RECIPIENT).code == 450
    assert greygate.verdicts(2) == ["first_seen", "first_seen"]


def test_a_passed_triplet_dies_unused(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"delay": "0s", "lifetime": "1s"})
    with greygate.session() as client:
        client.attempt(SENDER, RECIPIENT)
        assert client.attempt(SENDER, RECIPIENT).code == 250
        outlast(1.0)
        assert client.attempt(SENDER, RECIPIENT).code == 450
    assert greygate.verdicts(3) == ["first_seen", "retried", "first_seen"]


@pytest.mark.parametrize("why, first, second, same", [
    ("a neighbour in the /24", ("127.0.0.1", SENDER, RECIPIENT), ("127.0.0.200", SENDER, RECIPIENT), True),
    ("another network", ("127.0.0.1", SENDER, RECIPIENT), ("127.0.1.1", SENDER, RECIPIENT), False),
    ("another sender", ("127.0.0.1", SENDER, RECIPIENT), ("127.0.0.1", "carol@example.com", RECIPIENT), False),
    ("another recipient", ("127.0.0.1", SENDER, RECIPIENT), ("127.0.0.1", SENDER, "carol@example.org"), False),
    ("domains fold their case", ("127.0.0.1", SENDER, RECIPIENT), ("127.0.0.1", "alice@EXAMPLE.com", "bob@Example.ORG"), True),
    ("local parts don't", ("127.0.0.1", SENDER, RECIPIENT), ("127.0.0.1", "Alice@example.com", RECIPIENT), False),
    ("BATV", ("127.0.0.1", "prvs=0123abcdef=bob@x.example", RECIPIENT), ("127.0.0.1", "bob@x.example", RECIPIENT), True),
    ("VERP", ("127.0.0.1", "bounce-991-bob=example.org@l.example", RECIPIENT),
     ("127.0.0.1", "bounce-992-bob=example.org@l.example", RECIPIENT), True),
    ("SRS", ("127.0.0.1", "SRS0=aa=BB=s.example=bob@f.example", RECIPIENT),
     ("127.0.0.1", "SRS0=cc=DD=s.example=bob@f.example", RECIPIENT), True),
    ("numbered users", ("127.0.0.1", "user1@x.example", RECIPIENT), ("127.0.0.1", "user2@x.example", RECIPIENT), False),
])
def test_what_makes_a_triplet(make_greygate, backend, why, first, second, same):
    greygate = make_greygate(backend, greylist={"delay": "0s"})
    for source, sender, recipient in (first, second):
        with greygate.session(source=source) as client:
            client.attempt(sender, recipient)
    assert greygate.verdicts(2) == ["first_seen", "retried" if same else "first_seen"], why


def test_each_recipient_of_a_message_has_its_own_verdict(greygate, backend):
    with greygate.session() as client:
        client.mail(SENDER)
        assert client.rcpt("pass@example.org").code == 250
        assert client.rcpt(RECIPIENT).code == 450
        assert client.data().code == 250
    assert backend.messages[0].recipients == ["pass@example.org"]
    assert greygate.verdicts(2) == ["allow_recipient", "first_seen"]


def test_helo_is_named_smtp_in_the_reply(greygate):
    with greygate.client() as client:
        client.cmd("HELO old.example.com")
        client.mail(SENDER)
        assert client.rcpt(RECIPIENT).text.endswith(" proto=SMTP helo=<old.example.com>")


def test_the_reply_is_configured(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"reply": {
        "code": 451, "enhanced": "4.7.1", "text": "{sender} {recipient} {helo} {protocol} see {url}",
        "url": "https://example.org/grey"}})
    with greygate.session() as client:
        client.mail("Alice@Example.COM")
        assert client.rcpt("Bob@Example.ORG").text == (
            "451 4.7.1 Alice@Example.COM Bob@Example.ORG client.example.com ESMTP see https://example.org/grey")


def test_the_default_text_names_the_url_if_there_is_one(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"reply": {"url": "https://example.org/grey"}})
    with greygate.session() as client:
        client.mail(SENDER)
        assert "<bob@example.org>: Greylisted, see https://example.org/grey; from=<" in client.rcpt(RECIPIENT).text


def test_the_reply_is_one_line_of_510_octets_at_most(greygate):
    with greygate.session() as client:
        client.mail("a" * 600 + "@example.com")
        line = client.rcpt(RECIPIENT).lines
    assert len(line) == 1 and len(line[0]) == 510


def test_octets_outside_ascii_become_question_marks(greygate):
    with greygate.session() as client:
        client.mail("käthe@example.com", "SMTPUTF8")
        reply = client.rcpt(RECIPIENT)
    assert reply.text.isascii() and "from=<k??the@example.com>" in reply.text


def test_observe_records_everything_and_stops_nothing(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"mode": "observe", "delay": "1s"}, block={"senders": ["evil@example.com"]})
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT).code == 250
        assert client.attempt(SENDER, RECIPIENT).code == 250
        outlast()
        assert client.attempt(SENDER, RECIPIENT).code == 250
        assert client.attempt(SENDER, RECIPIENT).code == 250
        assert client.attempt("evil@example.com", RECIPIENT).code == 554
        assert client.attempt(SENDER, "bob@elsewhere.example").code == 550
    assert greygate.verdicts(4) == ["first_seen", "too_early", "retried", "known"]
    assert len(backend.messages) == 4
    greygate.configure({"greylist": {"mode": "enforce"}})
    greygate.reload()
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT).code == 250


def test_off_reads_and_records_nothing(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"mode": "off"})
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT).code == 250
    assert greygate.verdicts(1) == ["off"]
    greygate.configure({"greylist": {"mode": "enforce"}})
    greygate.reload()
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT).code == 450
    assert greygate.verdicts(2) == ["off", "first_seen"]


@pytest.mark.parametrize("key, entry, verdict", [
    ("clients", "127.0.0.0/8", "allow_client"),
    ("clients", "127.0.0.1", "allow_client"),
    ("senders", "alice@example.com", "allow_sender"),
    ("senders", "@EXAMPLE.com", "allow_sender"),
    ("recipients", "@example.org", "allow_recipient"),
    ("recipients", "BOB@", "allow_recipient"),
    ("recipients", "bob@example.org", "allow_recipient"),
    ("senders", "alice@example.net", "first_seen"),
    ("recipients", "@sub.example.org", "first_seen"),
])
def test_allow_lists(make_greygate, backend, key, entry, verdict):
    greygate = make_greygate(backend, allow={key: [entry]})
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT).code == (450 if verdict == "first_seen" else 250)
    assert greygate.verdicts(1) == [verdict]


@pytest.mark.parametrize("key, entry, verdict", [
    ("clients", "127.0.0.0/24", "block_client"),
    ("senders", "@example.com", "block_sender"),
    ("recipients", "bob@", "block_recipient"),
])
def test_block_lists_come_first(make_greygate, backend, key, entry, verdict):
    greygate = make_greygate(backend, block={key: [entry]}, allow={key: [entry]})
    with greygate.session() as client:
        reply = client.attempt(SENDER, RECIPIENT)
        assert (reply.code, reply.enhanced) == (554, "5.7.1")
    assert greygate.verdicts(1) == [verdict]
    assert not backend.transactions


def test_postmaster_and_abuse_are_never_greylisted_by_default(make_greygate, backend):
    greygate = make_greygate(backend, start=False)
    del greygate.settings["allow"]
    greygate.start()
    with greygate.session() as client:
        assert client.attempt(SENDER, "Postmaster@example.org").code == 250
        assert client.attempt(SENDER, "abuse@example.org").code == 250
        assert client.attempt(SENDER, "postmaster").code == 250


def test_postgrey_lists_are_read(make_greygate, backend, directory):
    clients, recipients = directory / "clients", directory / "recipients"
    clients.write_text("# networks\n127.0.1\n127.0.2.0/24\n")
    recipients.write_text("carol@\noptout.example.org\n")
    greygate = make_greygate(backend, domains=["example.org", "*.example.org"],
                             allow={"clients_files": [str(clients)], "recipients_files": [str(recipients)]})
    for source, recipient, verdict in (("127.0.1.9", RECIPIENT, "allow_client"), ("127.0.2.1", RECIPIENT, "allow_client"),
                                       ("127.0.0.1", "carol@example.org", "allow_recipient"),
                                       ("127.0.0.1", "x@optout.example.org", "allow_recipient"),
                                       ("127.0.0.1", RECIPIENT, "first_seen")):
        with greygate.session(source=source) as client:
            client.attempt(SENDER, recipient)
        assert greygate.events("recipient", 1, client=source, recipient=recipient)[-1]["verdict"] == verdict


def test_bounces_are_put_off_at_rcpt(greygate, backend):
    with greygate.session() as client:
        client.mail("")
        assert client.rcpt(RECIPIENT).code == 450
    assert not backend.transactions


def test_null_sender_data_tells_callouts_the_truth(make_greygate, backend):
    from fake_backend import say
    greygate = make_greygate(backend, greylist={"null_sender": "data"})
    backend.script("RCPT", say("550 5.1.1 No such user here"))
    with greygate.session() as client:
        client.mail("")
        assert client.rcpt("nobody@example.org").text == "550 5.1.1 No such user here"
        assert client.rcpt(RECIPIENT).text == "250 2.1.5 Recipient ok"


def test_null_sender_data_puts_a_bounce_off_at_data(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"null_sender": "data"})
    with greygate.session() as client:
        reply = client.attempt("", RECIPIENT)
        assert (reply.code, reply.enhanced) == (450, "4.2.0")
    assert not backend.commands("DATA")
    outlast()
    with greygate.session() as client:
        assert client.attempt("", RECIPIENT).code == 250
    assert greygate.verdicts(2) == ["first_seen", "retried"]


def test_null_sender_data_holds_for_bdat_too(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"null_sender": "data"})
    with greygate.session() as client:
        client.mail("")
        client.rcpt(RECIPIENT)
        client.send(b"BDAT 5 LAST\r\nhello")
        assert client.reply().code == 450
        assert client.cmd("NOOP").code == 250
    assert not backend.commands("BDAT")


def test_a_client_earns_its_way(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"delay": "0s", "auto_allow_after": 2, "auto_allow_interval": "0s"})
    with greygate.session() as client:
        for recipient in ("a@example.org", "b@example.org"):
            client.attempt(SENDER, recipient)
            assert client.attempt(SENDER, recipient).code == 250
        assert client.attempt(SENDER, "c@example.org").code == 250
    with greygate.session(source="127.0.0.2") as client:
        assert client.attempt(SENDER, "d@example.org").code == 450
    assert greygate.verdicts(6) == ["first_seen", "retried", "first_seen", "retried", "auto_allowed", "first_seen"]


def test_only_messages_the_backend_took_count_for_a_client(make_greygate, backend):
    from fake_backend import say
    greygate = make_greygate(backend, greylist={"delay": "0s", "auto_allow_after": 1, "auto_allow_interval": "0s"})
    backend.script("EOD", say("550 5.7.1 Spam"))
    with greygate.session() as client:
        client.attempt(SENDER, "a@example.org")
        assert client.attempt(SENDER, "a@example.org").text == "550 5.7.1 Spam"
        assert client.attempt(SENDER, "c@example.org").code == 450


def test_the_header_tops_what_had_waited_and_a_senders_own_is_removed(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"delay": "0s", "header": True})
    message = b"Subject: x\r\nX-Greylist: forged\r\n folded\r\nTo: b\r\n\r\nX-Greylist: in the body\r\n"
    kept = b"Subject: x\r\nTo: b\r\n\r\nX-Greylist: in the body\r\n"
    with greygate.session() as client:
        client.attempt(SENDER, RECIPIENT, message)
        assert client.attempt(SENDER, RECIPIENT, message).code == 250
        assert client.attempt(SENDER, "pass@example.org", message).code == 250
    waited, passed = (each.message for each in backend.await_messages(2))
    assert waited.startswith(b"X-Greylist: ") and waited.endswith(kept)
    assert waited.count(b"X-Greylist: ") == 2
    assert passed == kept
