"""What passes: envelopes, content and replies, unchanged."""

import hashlib
import random

import pytest

from fake_backend import KEYWORDS, say


@pytest.fixture
def proxy(make_greygate, backend):
    """Lets everybody in."""
    return make_greygate(backend, greylist={"mode": "off"})


MULTI_LINE = ["250-2.0.0 First line,  two blanks", "250-no enhanced code", "250-", "250 2.0.0 last: ünïcode <&>"]


@pytest.mark.parametrize("stage, lines", [
    ("RCPT", ["250-2.1.5 First", "250 2.1.5 second"]),
    ("RCPT", ["251 2.1.5 User not local; will forward"]),
    ("RCPT", ["450 4.2.1 Mailbox busy"]),
    ("RCPT", ["550-5.1.1 No", "550-5.1.1 such", "550 5.1.1 user"]),
    ("RCPT", ["550 no enhanced code"]),
    ("EOD", MULTI_LINE),
    ("EOD", ["550-5.7.1 Spam,", "550 5.7.1 go away"]),
    ("EOD", ["452 4.3.1 Disk full"]),
    ("DATA", ["451 4.3.0 Not now"]),
    ("DATA", ["554-5.5.1 Not", "554 5.5.1 ever"]),
    ("DATA", ["354-Send it", "354 and end with a dot"]),
])
def test_replies_come_back_word_for_word(proxy, backend, stage, lines):
    backend.script(stage, say(*lines))
    with proxy.session() as client:
        client.mail()
        reply = client.rcpt("bob@example.org")
        if stage != "RCPT":
            reply = client.cmd("DATA")
        if stage == "EOD":
            client.send(b"hello\r\n.\r\n")
            reply = client.reply()
        assert reply.lines == lines


def test_a_refused_mail_answers_every_rcpt(proxy, backend):
    backend.script("MAIL", say("550-5.1.8 Sender", "550 5.1.8 refused"), times=None)
    with proxy.session() as client:
        assert client.mail().code == 250
        for recipient in ("bob@example.org", "carol@example.org"):
            assert client.rcpt(recipient).lines == ["550-5.1.8 Sender", "550 5.1.8 refused"]
        client.cmd("RSET")
        backend.unscript()
        assert client.attempt("alice@example.com", "bob@example.org").code == 250
    assert len(backend.messages) == 1


def test_the_envelopes_parameters_are_kept(proxy, backend):
    with proxy.session() as client:
        assert client.cmd("MAIL FROM:<käthe@example.com> SIZE=1234 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B1").code == 250
        assert client.cmd("RCPT TO:<jürgen@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;j+2Bx@example.org").code == 250
        assert client.data().code == 250
    (message,) = backend.messages
    assert message.mail.split(" ")[0:2] == ["MAIL", "FROM:<käthe@example.com>"]
    assert set(message.mail.split(" ")[2:]) == {"SIZE=1234", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=QQ+2B1"}
    assert message.rcpts[0].split(" ")[1] == "TO:<jürgen@example.org>"
    assert set(message.rcpts[0].split(" ")[2:]) == {"NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;j+2Bx@example.org"}


@pytest.mark.parametrize("path", ["<>", "<alice@example.com>", '<"a b"@example.com>', "<a..b.@example.com>",
                                  "<" + "x" * 200 + "@example.com>", "<Alice+Tag=1@Example.COM>"])
def test_the_sender_arrives_as_it_was_written(proxy, backend, path):
    with proxy.session() as client:
        client.cmd("MAIL FROM:" + path)
        assert client.rcpt("bob@example.org").code == 250
        assert client.data().code == 250
    assert backend.messages[0].mail == "MAIL FROM:" + path


CONTENTS = {
    "empty": b"",
    "one empty line": b"\r\n",
    "no header": b"just text\r\n",
    "doubled dots": b"..\r\n...\r\n..leading\r\nin.the.middle.\r\n",
    "every octet": bytes(octet for octet in range(256) if octet not in b"\r\n") + b"\r\n",
    "NUL": b"a\0b\r\n\0\r\n",
    "a line of a megabyte": b"x" * (1 << 20) + b"\r\n",
    "what looks like commands": b"QUIT\r\nRSET\r\nMAIL FROM:<>\r\n",
    "a header block alone": b"Subject: x\r\nReceived: by\r\n\tfolded\r\n",
}


@pytest.mark.parametrize("why", CONTENTS)
def test_content_passes_byte_for_byte(proxy, backend, why):
    with proxy.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org", CONTENTS[why]).code == 250
    assert backend.messages[0].content == CONTENTS[why]


@pytest.mark.parametrize("why", CONTENTS)
def test_content_in_chunks_passes_byte_for_byte(proxy, backend, why):
    content = CONTENTS[why]
    middle = len(content) // 2
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        client.send(f"BDAT {middle}\r\n".encode() + content[:middle])
        assert client.reply().code == 250
        client.send(f"BDAT {len(content) - middle} LAST\r\n".encode() + content[middle:])
        assert client.reply().code == 250
    assert backend.messages[0].content == content
    assert backend.messages[0].chunks


def test_chunks_may_be_pipelined(proxy, backend):
    with proxy.session() as client:
        client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nBDAT 6\r\none\r\n\r\nBDAT 0\r\nBDAT 2\r\nxyBDAT 0 LAST\r\n"
                    .replace(b"one\r\n\r\n", b"one \r\n"))
        assert [each.code for each in client.replies(6)] == [250] * 6
    assert backend.messages[0].content == b"one \r\nxy"


def test_a_refused_chunk_is_answered_word_for_word_and_ends_the_message(proxy, backend):
    backend.script("BDAT", say("552-5.3.4 Too", "552 5.3.4 much"))
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        client.send(b"BDAT 4\r\nab\r\nBDAT 4 LAST\r\ncd\r\n")
        assert client.reply().lines == ["552-5.3.4 Too", "552 5.3.4 much"]
        reply = client.reply()
        assert (reply.code, reply.enhanced) == (503, "5.5.1")
        assert client.cmd("RSET").code == 250
        assert client.attempt("alice@example.com", "bob@example.org").code == 250
    assert len(backend.messages) == 1


def test_a_message_of_50_megabytes(proxy, backend):
    line = random.Random(1).randbytes(3000).replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"
    content = b"Subject: big\r\n\r\n" + (b"." + line) * (50_000_000 // len(line))
    with proxy.session(timeout=120) as client:
        assert client.attempt("alice@example.com", "bob@example.org", content.replace(b"\r\n.", b"\r\n..")).code == 250
    digest = hashlib.sha256(backend.messages[0].message).digest()
    assert digest == hashlib.sha256(content).digest()
    (event,) = proxy.events("message", 1)
    assert event["outcome"] == "relayed"


def test_a_session_carries_many_transactions(proxy, backend):
    with proxy.session() as client:
        for number in range(20):
            assert client.attempt(f"a{number}@example.com", "bob@example.org", f"{number}\r\n".encode()).code == 250
    assert [each.content for each in backend.messages] == [f"{number}\r\n".encode() for number in range(20)]
    assert [each.mail for each in backend.messages] == [f"MAIL FROM:<a{number}@example.com>" for number in range(20)]


def test_rset_forgets_the_transaction(proxy, backend):
    with proxy.session() as client:
        client.mail("first@example.com")
        client.rcpt("first@example.org")
        assert client.cmd("RSET").code == 250
        assert client.cmd("DATA").code == 503
        assert client.attempt("second@example.com", "second@example.org").code == 250
    (message,) = backend.messages
    assert message.mail == "MAIL FROM:<second@example.com>"
    assert message.recipients == ["second@example.org"]


def test_refused_recipients_are_left_out(proxy, backend):
    with proxy.session() as client:
        client.mail()
        assert client.rcpt("a@example.org").code == 250
        backend.script("RCPT", say("550 5.1.1 Unknown"))
        assert client.rcpt("b@example.org").code == 550
        assert client.rcpt("c@elsewhere.example").code == 550
        assert client.rcpt("d@example.org").code == 250
        assert client.data().code == 250
    assert backend.messages[0].recipients == ["a@example.org", "d@example.org"]


def test_the_log_tells_of_each_message(proxy, backend):
    backend.script("EOD", say("550 5.7.1 Spam"))
    with proxy.session() as client:
        client.attempt("alice@example.com", "bob@example.org")
        client.mail()
        client.rcpt("bob@example.org")
        client.rcpt("carol@example.org")
        client.data(b"hello\r\n")
    refused, relayed = proxy.events("message", 2)
    assert (refused["outcome"], refused["reply"]) == ("refused", "550 5.7.1 Spam")
    assert relayed["outcome"] == "relayed"
    assert relayed["reply"] == "250 2.0.0 Queued as 4711"
    assert relayed["recipients"] == ["bob@example.org", "carol@example.org"]
    assert (relayed["sender"], relayed["client"], relayed["bytes"]) == ("alice@example.com", "127.0.0.1", 7)
    assert relayed["backend"] == backend.address
    session = relayed["session"]
    assert {each["session"] for each in proxy.events("recipient")} == {session}


def test_the_proxy_says_its_own_name_to_the_backend(proxy, backend):
    with proxy.session("client.example.com") as client:
        client.mail()
        client.rcpt("bob@example.org")
    (connection,) = backend.served()
    assert connection.helo == ["mx.example.org"]


def test_a_put_off_and_a_passed_recipient_in_one_message(make_greygate, backend):
    greygate = make_greygate(backend)
    with greygate.session() as client:
        replies = client.pipeline("MAIL FROM:<a@example.com>", "RCPT TO:<bob@example.org>", "RCPT TO:<pass@example.org>",
                                  "RCPT TO:<carol@example.org>", "DATA")
        assert [each.code for each in replies] == [250, 450, 250, 450, 354]
        client.send(b"hello\r\n.\r\n")
        assert client.reply().code == 250
    assert backend.messages[0].recipients == ["pass@example.org"]


def test_the_next_address_is_tried_for_an_extension_the_message_uses(make_greygate, make_backend):
    poor = make_backend()
    rich = make_backend()
    greygate = make_greygate(poor, rich, greylist={"mode": "off"})
    poor.keywords = [each for each in KEYWORDS if each != "SMTPUTF8"]
    with greygate.session() as client:
        client.cmd("MAIL FROM:<käthe@example.com> SMTPUTF8")
        assert client.rcpt("bob@example.org").code == 250
        assert client.data().code == 250
    assert not poor.messages and len(rich.messages) == 1


def test_no_parameter_is_dropped_when_no_backend_knows_it(make_greygate, make_backend):
    backend = make_backend()
    greygate = make_greygate(backend, greylist={"mode": "off"})
    backend.keywords = ["8BITMIME"]
    with greygate.session() as client:
        client.cmd("MAIL FROM:<alice@example.com> RET=HDRS")
        reply = client.rcpt("bob@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
    assert not backend.transactions
