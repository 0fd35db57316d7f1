"""The conversation, sentence by sentence: a line in, a reply out."""

import tempfile

import pytest

from fake_backend import KEYWORDS, FakeBackend
from greygate import Greygate
from ports import free_port
from smtp_client import Closed

LONG = "x" * 70


SETTINGS = {"greylist": {"mode": "off"}, "domains": ["example.org", "*.example.net", "münchen.example"],
            "limits": {"errors": 100}}


@pytest.fixture
def client(make_greygate, backend):
    """A session with a proxy that lets every recipient of its domains in."""
    with make_greygate(backend, **SETTINGS).session() as client:
        yield client


@pytest.fixture(scope="module")
def shared():
    """Such a proxy for all tests that look at replies alone."""
    backend = FakeBackend(free_port())
    with tempfile.TemporaryDirectory(prefix="greygate-test-") as directory:
        greygate = Greygate(directory, [backend.address], SETTINGS).start()
        yield greygate
        greygate.clean_up()
    backend.clean_up()


@pytest.fixture
def talk(shared):
    with shared.session() as client:
        yield client


def says(reply, expected):
    """Compares "250" with the code, "501 5.5.4" with code and enhanced code."""
    code, _, enhanced = expected.partition(" ")
    assert str(reply.code) == code and (not enhanced or reply.enhanced == enhanced), reply


@pytest.mark.parametrize("why, line, expected", [
    ("an unknown command", "FROBNICATE", "500 5.5.2"),
    ("an empty line", "", "500 5.5.2"),
    ("EXPN is known but not done", "EXPN list", "502 5.5.1"),
    ("AUTH is known but not done", "AUTH PLAIN AGEAYg==", "502 5.5.1"),
    ("VRFY tells nothing", "VRFY bob", "252"),
    ("NOOP", "NOOP", "250"),
    ("NOOP takes an argument", "NOOP all is well", "250"),
    ("verbs ignore case", "nOoP", "250"),
    ("RSET at any time", "RSET", "250"),
    ("RCPT before MAIL", "RCPT TO:<bob@example.org>", "503 5.5.1"),
    ("DATA before MAIL", "DATA", "503 5.5.1"),
    ("a HELO name of any printable characters", "HELO !#$%&'*+/=?^_`{|}~[]", "250"),
    ("a HELO name with blanks", "EHLO two words", "501 5.5.4"),
    ("a HELO name with 8-bit characters", "EHLO münchen.example", "501 5.5.4"),
    ("a HELO name with a control character", "EHLO a\x07b", "501 5.5.4"),
    ("EHLO without a name", "EHLO", "501 5.5.4"),
    ("an address literal for a name", "EHLO [192.0.2.1]", "250"),
    ("a bare CR in a command", "NOOP a\rb", "500 5.5.2"),
    ("a bare LF in a command", "NOOP a\nNOOP", "500 5.5.2"),
])
def test_commands(talk, why, line, expected):
    says(talk.cmd(line), expected)
    says(talk.cmd("NOOP"), "250")  # one reply, no more


@pytest.mark.parametrize("why, line, expected", [
    ("the plain form", "MAIL FROM:<alice@example.com>", "250"),
    ("the null reverse-path", "MAIL FROM:<>", "250"),
    ("a space after the colon", "MAIL FROM: <alice@example.com>", "250"),
    ("missing angle brackets", "MAIL FROM:alice@example.com", "250"),
    ("verbs ignore case", "mail from:<alice@example.com>", "250"),
    ("a long local part", f"MAIL FROM:<{LONG}@example.com>", "250"),
    ("a quoted local part", 'MAIL FROM:<"a b"@example.com>', "250"),
    ("an address literal may send", "MAIL FROM:<alice@[192.0.2.1]>", "250"),
    ("a source route", "MAIL FROM:<@a.example,@b.example:alice@example.com>", "250"),
    ("SIZE", "MAIL FROM:<alice@example.com> SIZE=1000", "250"),
    ("BODY", "MAIL FROM:<alice@example.com> BODY=8BITMIME", "250"),
    ("a non-ASCII address with SMTPUTF8", "MAIL FROM:<käthe@example.com> SMTPUTF8", "250"),
    ("a non-ASCII address without it", "MAIL FROM:<käthe@example.com>", "553 5.6.7"),
    ("a size above what the backend takes", "MAIL FROM:<alice@example.com> SIZE=104857601", "552 5.3.4"),
    ("a parameter that was not offered", "MAIL FROM:<alice@example.com> FOO=bar", "555 5.5.4"),
    ("AUTH was not offered", "MAIL FROM:<alice@example.com> AUTH=<>", "555 5.5.4"),
    ("a size that is none", "MAIL FROM:<alice@example.com> SIZE=many", "501 5.5.4"),
    ("two unquoted @", "MAIL FROM:<a@b@example.com>", "501 5.5.4"),
    ("an empty domain", "MAIL FROM:<alice@>", "501 5.5.4"),
    ("an empty label", "MAIL FROM:<alice@example..com>", "501 5.5.4"),
    ("an unclosed bracket", "MAIL FROM:<alice@example.com", "501 5.5.4"),
    ("a blank outside quotes", "MAIL FROM:<al ice@example.com>", "501 5.5.4"),
    ("no path at all", "MAIL FROM:", "501 5.5.4"),
    ("MAIL alone", "MAIL", "501 5.5.4"),
])
def test_mail(talk, why, line, expected):
    says(talk.cmd(line), expected)
    if expected == "250":
        says(talk.cmd(line), "503 5.5.1")  # nested


@pytest.mark.parametrize("why, path, expected", [
    ("one of ours", "<bob@example.org>", "250"),
    ("case doesn't matter", "<bob@EXAMPLE.Org>", "250"),
    ("a subdomain where that is taken", "<bob@a.b.example.net>", "250"),
    ("a domain of which subdomains alone are taken", "<bob@example.net>", "550 5.7.1"),
    ("a subdomain where the domain alone is taken", "<bob@sub.example.org>", "550 5.7.1"),
    ("somebody else's", "<bob@example.com>", "550 5.7.1"),
    ("a trailing dot", "<bob@example.org.>", "250"),
    ("an A-label for a U-label", "<bob@xn--mnchen-3ya.example>", "250"),
    ("postmaster without a domain", "<postmaster>", "250"),
    ("in any case", "<PostMaster>", "250"),
    ("nobody else without a domain", "<bob>", "5"),
    ("dots anywhere", "<.b..ob.@example.org>", "250"),
    ("a long local part", f"<{LONG}@example.org>", "250"),
    ("a space after the colon", " <bob@example.org>", "250"),
    ("missing brackets", "bob@example.org", "250"),
    ("a source route is stripped before judging", "<@example.com:bob@example.org>", "250"),
    ("and gives no way round", "<@example.org:bob@example.com>", "550 5.7.1"),
    ("an address literal", "<bob@[127.0.0.1]>", "550 5.7.1"),
    ("an IPv6 literal", "<bob@[IPv6:::1]>", "550 5.7.1"),
    ("@ in a quoted local part", '<"bob@example.com"@example.org>', "550 5.7.1"),
    ("% in the local part", "<bob%example.com@example.org>", "550 5.7.1"),
    ("! in the local part", "<example.com!bob@example.org>", "550 5.7.1"),
    ("! in a quoted local part", '<"example.com!bob"@example.org>', "550 5.7.1"),
    ("a path", "</etc/passwd@example.org>", "550 5.7.1"),
    ("a control character in quotes", '<"b\x07b"@example.org>', "550 5.7.1"),
    ("a control character outside quotes", "<b\x07b@example.org>", "501 5.5.4"),
    ("two unquoted @", "<bob@example.com@example.org>", "501 5.5.4"),
    ("an empty domain", "<bob@>", "501 5.5.4"),
    ("an empty label", "<bob@example..org>", "501 5.5.4"),
    ("the empty path", "<>", "5"),
    ("an unclosed bracket", "<bob@example.org", "501 5.5.4"),
    ("a non-ASCII local part without SMTPUTF8", "<käthe@example.org>", "553 5.6.7"),
    ("a parameter that was not offered", "<bob@example.org> FOO=bar", "555 5.5.4"),
    ("NOTIFY was", "<bob@example.org> NOTIFY=NEVER", "250"),
])
def test_rcpt(talk, why, path, expected):
    talk.mail()
    reply = talk.cmd("RCPT TO:" + path)
    if expected == "5":
        assert 500 <= reply.code < 600, reply
    else:
        says(reply, expected)
    says(talk.cmd("NOOP"), "250")


def test_a_stripped_source_route_is_what_is_relayed(client, backend):
    client.cmd("MAIL FROM:<@a.example:alice@example.com>")
    client.cmd("RCPT TO:<@b.example,@c.example:bob@example.org>")
    assert backend.commands("MAIL") == ["MAIL FROM:<alice@example.com>"]
    assert backend.commands("RCPT") == ["RCPT TO:<bob@example.org>"]


def test_the_greeting_names_the_host(greygate):
    with greygate.client() as client:
        assert client.greeting.lines == ["220 mx.example.org ESMTP"]


def test_mail_before_a_greeting_is_out_of_order(greygate):
    with greygate.client() as client:
        says(client.cmd("MAIL FROM:<alice@example.com>"), "503 5.5.1")


def test_quit_says_goodbye_and_closes(client):
    says(client.cmd("QUIT"), "221")
    assert client.is_closed()


def test_ehlo_offers_what_the_backend_offers(client):
    assert client.ehlo().lines[0].startswith("250-mx.example.org")
    offered = client.keywords()
    assert {"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING"} <= set(offered)
    assert offered["SIZE"] == "SIZE 104857600"


def test_ehlo_never_offers_auth_or_binarymime(make_greygate, make_backend):
    backend = make_backend(keywords=[*KEYWORDS, "AUTH PLAIN LOGIN", "BINARYMIME", "VRFY", "ETRN", "XCLIENT ADDR"])
    with make_greygate(backend).client() as client:
        assert not {"AUTH", "BINARYMIME", "ETRN", "XCLIENT"} & set(client.keywords())


@pytest.mark.parametrize("missing, line", [
    ("8BITMIME", "MAIL FROM:<a@example.com> BODY=8BITMIME"),
    ("SMTPUTF8", "MAIL FROM:<a@example.com> SMTPUTF8"),
    ("DSN", "MAIL FROM:<a@example.com> RET=HDRS"),
    ("SIZE 104857600", "MAIL FROM:<a@example.com> SIZE=10"),
    ("nothing", "MAIL FROM:<a@example.com> BODY=BINARYMIME"),
])
def test_a_parameter_of_an_extension_that_is_not_offered(make_greygate, make_backend, missing, line):
    backend = make_backend(keywords=[each for each in KEYWORDS if each != missing])
    with make_greygate(backend).client() as client:
        assert missing.split(" ")[0] not in client.keywords()
        reply = client.cmd(line)
        assert reply.code in ((501, 555) if missing == "nothing" else (555,)) and reply.enhanced == "5.5.4", reply


def test_what_all_backends_offer_is_offered(make_greygate, make_backend):
    first = make_backend(keywords=["PIPELINING", "8BITMIME", "DSN", "SIZE 5000"])
    second = make_backend(keywords=["8BITMIME", "SMTPUTF8", "SIZE 3000"])
    with make_greygate(first, second).client() as client:
        offered = client.keywords()
        assert "8BITMIME" in offered and not {"DSN", "SMTPUTF8", "CHUNKING"} & set(offered)
        assert offered["SIZE"] == "SIZE 3000"
        assert "PIPELINING" in offered


@pytest.mark.parametrize("limit, backends, offered", [
    ("1000", "SIZE 5000", "SIZE 1000"),
    ("9000", "SIZE 5000", "SIZE 5000"),
    ("1000", "DSN", "SIZE 1000"),
    ("1000", "SIZE 0", "SIZE 1000"),
    ("0", "DSN", None),
])
def test_size_is_the_smaller_one(make_greygate, make_backend, limit, backends, offered):
    greygate = make_greygate(make_backend(keywords=["8BITMIME", backends]), limits={"message_size": limit})
    with greygate.client() as client:
        assert client.keywords().get("SIZE") == offered


def test_while_no_backend_is_known_8bitmime_is_offered(make_greygate, make_backend):
    dead = make_backend()
    dead.clean_up()
    with make_greygate(dead, ready=False).client() as client:
        offered = client.keywords()
    assert "8BITMIME" in offered and not {"SIZE", "SMTPUTF8", "DSN", "CHUNKING"} & set(offered)


def test_a_line_of_2000_octets_is_taken_and_a_longer_one_read_to_its_end(client):
    says(client.cmd("NOOP " + "x" * 2000), "250")
    says(client.cmd("NOOP " + "x" * 100000), "500 5.5.2")
    says(client.cmd("NOOP"), "250")


def test_too_many_recipients(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"mode": "off"}, limits={"recipients": 2})
    with greygate.session() as client:
        client.mail()
        says(client.rcpt("a@example.org"), "250")
        says(client.rcpt("b@example.org"), "250")
        says(client.rcpt("c@example.org"), "452 4.5.3")
        says(client.data(), "250")
    assert backend.messages[0].recipients == ["a@example.org", "b@example.org"]


# DATA and BDAT with no accepted recipient

def test_data_without_rcpt(client):
    client.mail()
    says(client.cmd("DATA"), "503 5.5.1")
    says(client.rcpt("bob@example.org"), "250")  # the transaction is open still
    says(client.data(), "250")


def test_data_after_recipients_that_were_all_put_off(greygate, backend):
    with greygate.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        client.rcpt("bob@elsewhere.example")
        says(client.cmd("DATA"), "450 4.2.0")
        says(client.rcpt("pass@example.org"), "250")
        says(client.data(), "250")
    assert backend.messages[0].recipients == ["pass@example.org"]


def test_data_after_recipients_that_were_all_refused(client, backend):
    client.mail()
    client.rcpt("bob@elsewhere.example")
    says(client.cmd("DATA"), "554 5.5.1")
    assert not backend.commands("DATA")


def test_data_after_the_backend_said_4xx(client, backend):
    from fake_backend import say
    backend.script("RCPT", say("452 4.2.2 Mailbox full"))
    client.mail()
    assert client.rcpt("bob@example.org").text == "452 4.2.2 Mailbox full"
    says(client.cmd("DATA"), "451 4.3.0")


def bdat(client, octets, last=False, words=None):
    client.send(f"BDAT {len(octets)}{' LAST' if last else ''}{words or ''}\r\n".encode() + octets)
    return client.reply()


def test_bdat_without_rcpt_is_read_and_out_of_order(client):
    client.mail()
    says(bdat(client, b"RSET\r\nQUIT\r\n"), "503 5.5.1")
    says(client.cmd("NOOP"), "250")


def test_bdat_without_mail_is_read_and_out_of_order(client):
    says(bdat(client, b"QUIT\r\n", last=True), "503 5.5.1")
    says(client.cmd("NOOP"), "250")


def test_bdat_after_recipients_that_were_put_off(greygate, backend):
    with greygate.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        says(bdat(client, b"QUIT\r\n"), "450 4.2.0")
        assert bdat(client, b"QUIT\r\n", last=True).code in (450, 503)
        says(client.cmd("RSET"), "250")
        client.mail()
        client.rcpt("pass@example.org")
        says(bdat(client, b"x: y\r\n\r\n", last=True), "250")
    assert [each.content for each in backend.messages] == [b"x: y\r\n\r\n"]


def test_data_after_bdat_is_out_of_order(client):
    client.mail()
    client.rcpt("bob@example.org")
    says(bdat(client, b"x: y\r\n\r\n"), "250")
    says(client.cmd("DATA"), "503 5.5.1")


def test_bdat_with_wrong_words_is_read(client):
    client.mail()
    client.rcpt("bob@example.org")
    says(bdat(client, b"QUIT\r\n", words=" FIRST"), "501 5.5.4")
    says(client.cmd("NOOP"), "250")


@pytest.mark.parametrize("argument", ["", " LAST", " x", " -1", " 9223372036854775808", " 99999999999999999999999"])
def test_bdat_without_a_readable_size_closes(client, argument):
    client.mail()
    client.rcpt("bob@example.org")
    says(client.cmd("BDAT" + argument), "501 5.5.4")
    assert client.is_closed()


def test_bdat_where_chunking_is_not_offered(make_greygate, make_backend):
    backend = make_backend(keywords=["8BITMIME"])
    with make_greygate(backend).session() as client:
        client.mail()
        client.rcpt("pass@example.org")
        says(bdat(client, b"QUIT\r\n"), "502 5.5.1")
        says(client.cmd("NOOP"), "250")


def test_a_chunk_with_a_bare_line_end(client, backend):
    client.mail()
    client.rcpt("bob@example.org")
    says(bdat(client, b"one\ntwo\r\n"), "550 5.6.0")
    says(bdat(client, b"more\r\n", last=True), "503 5.5.1")
    assert not backend.messages


def test_a_chunk_may_end_between_cr_and_lf(client, backend):
    client.mail()
    client.rcpt("bob@example.org")
    says(bdat(client, b"one\r"), "250")
    says(bdat(client, b"\ntwo\r\n", last=True), "250")
    assert backend.messages[0].content == b"one\r\ntwo\r\n"


def test_a_message_that_ends_with_a_bare_cr(client, backend):
    client.mail()
    client.rcpt("bob@example.org")
    says(bdat(client, b"one\r", last=True), "550 5.6.0")
    assert not backend.messages


def test_over_the_size_limit(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"mode": "off"}, limits={"message_size": "1000"})
    with greygate.session() as client:
        client.mail()
        client.rcpt("bob@example.org")
        says(client.data(b"x" * 998 + b"\r\n" + b"RSET\r\n"), "552 5.3.4")
        client.cmd("RSET")
        client.mail()
        client.rcpt("bob@example.org")
        says(bdat(client, b"x" * 1001), "552 5.3.4")
        client.cmd("RSET")
        client.mail()
        client.rcpt("bob@example.org")
        says(client.data(b"x" * 998 + b"\r\n"), "250")
    assert len(backend.messages) == 1


def test_pipelined_commands_are_answered_in_order(client):
    replies = client.pipeline("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.org>", "RCPT TO:<c@example.com>", "NOOP",
                              "FROBNICATE", "RSET", "VRFY x")
    assert [each.code for each in replies] == [250, 250, 550, 250, 500, 250, 252]


def test_commands_may_come_in_pieces(client):
    for octet in b"MAIL FROM:<a@example.com>\r\n":
        client.send(bytes([octet]))
    says(client.reply(), "250")


def test_two_messages_and_quit_in_one_flight(client, backend):
    flight = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    client.send(flight)
    assert [each.code for each in client.replies(3)] == [250, 250, 354]
    client.send(b"one\r\n.\r\n" + flight)
    assert [each.code for each in client.replies(4)] == [250, 250, 250, 354]
    client.send(b"two\r\n.\r\nQUIT\r\n")
    assert [each.code for each in client.replies(2)] == [250, 221]
    assert [each.content for each in backend.messages] == [b"one\r\n", b"two\r\n"]


def test_a_new_ehlo_starts_afresh(client, backend):
    client.mail()
    client.rcpt("bob@example.org")
    client.ehlo("other.example.com")
    says(client.cmd("DATA"), "503 5.5.1")
    client.mail()
    client.rcpt("bob@example.org")
    assert len(backend.served()) == 2


def test_a_client_that_leaves_without_a_word(client, backend):
    client.mail()
    client.rcpt("bob@example.org")
    client.end_input()
    with pytest.raises(Closed):
        client.reply()
    assert not backend.messages
