"""SMTP smuggling (SEC Consult, December 2023): content that one server takes for the end of data and another doesn't.

Only CR LF . CR LF ends DATA; what a backend might take for an end never reaches one whole."""

import pytest

ENDINGS = {
    "LF . LF": b"\n.\n",
    "LF . CRLF": b"\n.\r\n",
    "CRLF . LF": b"\r\n.\n",
    "CR . CR": b"\r.\r",
    "CR . CRLF": b"\r.\r\n",
    "CRLF . CR": b"\r\n.\r",
    "LF . CR": b"\n.\r",
    "CR . LF": b"\r.\n",
    "CRLF . CR CR LF": b"\r\n.\r\r\n",
    "CRLF CR . CRLF": b"\r\n\r.\r\n",
    "LF LF . CRLF": b"\n\n.\r\n",
    "CRLF LF . LF": b"\r\n\n.\n",
}
HARMLESS = {  # no bare CR or LF in them
    "CRLF NUL . CRLF": b"\r\n\0.\r\n",
    "CRLF . NUL CRLF": b"\r\n.\0\r\n",
    "CRLF .. CRLF": b"\r\n..\r\n",
    "CRLF blank . CRLF": b"\r\n .\r\n",
    "CRLF . blank CRLF": b"\r\n. \r\n",
}
ELSEWHERE = {  # bare, but not beside a line of one dot
    "LF between words": b"one\ntwo",
    "CR between words": b"one\rtwo",
    "an empty bare line": b"one\n\ntwo",
    "two dots": b"one\n..\ntwo",
    "a dot and a word": b"one\n.two\nthree",
}
SECOND = (b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<pass@example.org>\r\nDATA\r\n"
          b"Subject: smuggled\r\n\r\nsmuggled\r\n")


def send(greygate, inner):
    """One message with `inner` and what follows it in the middle; the reply, and that there is only one."""
    content = b"Subject: outer\r\n\r\nouter" + inner + SECOND
    with greygate.session() as client:
        reply = client.attempt("alice@example.com", "pass@example.org", content)
        assert client.cmd("NOOP").code == 250
        assert client.cmd("QUIT").code == 221
    return content, reply


def send_bdat(greygate, inner):
    content = b"Subject: outer\r\n\r\nouter" + inner + SECOND
    with greygate.session() as client:
        client.mail()
        client.rcpt("pass@example.org")
        client.send(f"BDAT {len(content)} LAST\r\n".encode() + content)
        reply = client.reply()
        assert client.cmd("NOOP").code == 250
    return content, reply


def refused(reply, backend):
    assert (reply.code, reply.enhanced) == (550, "5.6.0"), reply
    assert not any(each.complete for each in backend.transactions)
    assert not any("evil" in line for line in backend.commands())


@pytest.mark.parametrize("how", [send, send_bdat])
@pytest.mark.parametrize("why", {**ENDINGS, **ELSEWHERE})
def test_refuse_takes_no_bare_line_end(greygate, backend, why, how):
    _, reply = how(greygate, {**ENDINGS, **ELSEWHERE}[why])
    refused(reply, backend)


@pytest.mark.parametrize("how", [send, send_bdat])
@pytest.mark.parametrize("why", ENDINGS)
def test_endings_takes_none_beside_a_lone_dot(make_greygate, backend, why, how):
    greygate = make_greygate(backend, bare_line_ends={"policy": "endings"})
    _, reply = how(greygate, ENDINGS[why])
    refused(reply, backend)


@pytest.mark.parametrize("why", ELSEWHERE)
def test_endings_lets_the_rest_pass_as_it_is(make_greygate, backend, why):
    greygate = make_greygate(backend, bare_line_ends={"policy": "endings"})
    content, reply = send(greygate, ELSEWHERE[why])
    assert reply.code == 250
    assert [each.content for each in backend.messages] == [content]


@pytest.mark.parametrize("why", ELSEWHERE)
def test_endings_goes_for_excluded_clients(make_greygate, backend, why):
    greygate = make_greygate(backend, bare_line_ends={"exclude_clients": ["127.0.0.1"]})
    content, reply = send(greygate, ELSEWHERE[why])
    assert reply.code == 250
    assert backend.messages[0].content == content
    with greygate.session(source="127.0.0.2") as client:
        assert client.attempt("alice@example.com", "pass@example.org", b"a\nb\r\n").code == 550


@pytest.mark.parametrize("policy", ["refuse", "endings"])
@pytest.mark.parametrize("why", HARMLESS)
def test_lines_that_only_look_like_an_end_are_content(make_greygate, backend, why, policy):
    greygate = make_greygate(backend, bare_line_ends={"policy": policy})
    content, reply = send(greygate, HARMLESS[why])
    assert reply.code == 250
    assert [each.content for each in backend.messages] == [content]


def test_an_end_cut_anywhere_is_the_same(greygate, backend):
    for inner in (b"\n.\n", b"\r\n.\n", b"\n.\r\n"):
        with greygate.session() as client:
            client.mail()
            client.rcpt("pass@example.org")
            client.cmd("DATA")
            for octet in b"x" + inner + b"y\r\n.\r\n":
                client.send(bytes([octet]))
            assert client.reply().code == 550
    assert not any(each.complete for each in backend.transactions)


def test_a_spoiled_message_is_refused_after_its_proper_end(greygate, backend):
    with greygate.session() as client:
        client.mail()
        client.rcpt("pass@example.org")
        client.cmd("DATA")
        client.send(b"spoiled\nline\r\n" + b"x" * 200000 + b"\r\n.\r\nNOOP\r\n")
        first, second = client.replies(2)
        assert (first.code, second.code) == (550, 250)
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert len(backend.messages) == 1
