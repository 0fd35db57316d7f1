"""Tricks to be relayed for, to be taken for somebody else, and to write into logs and commands of others."""

import json

import pytest

from abuse import unharmed
from dns_server import DnsServer, reverse_name
from fake_backend import KEYWORDS, XCLIENT
from smtp_client import Client
from test_xclient import attributes

XCLIENT_ONLY = {"client_identity": "xclient"}

# What names somebody elsewhere, one way or the other. Each is refused, whatever the backend would make of it.
ELSEWHERE = [
    "<victim@elsewhere.example>",
    "<VICTIM@ELSEWHERE.EXAMPLE>",
    "<victim@elsewhere.example.>",
    "<victim%elsewhere.example@example.org>",
    "<VICTIM%ELSEWHERE.EXAMPLE@EXAMPLE.ORG>",
    "<victim%elsewhere.example%third.example@example.org>",
    '<"victim%elsewhere.example"@example.org>',
    "<victim\\%elsewhere.example@example.org>",
    "<victim\\@elsewhere.example@example.org>",
    '<"victim@elsewhere.example"@example.org>',
    '<"victim\\@elsewhere.example"@example.org>',
    '<victim"@"elsewhere.example@example.org>',
    "<victim@elsewhere.example@example.org>",
    "<elsewhere.example!victim@example.org>",
    "<ELSEWHERE.EXAMPLE!VICTIM@EXAMPLE.ORG>",
    '<"elsewhere.example!victim"@example.org>',
    "<third.example!elsewhere.example!victim@example.org>",
    "<@example.org:victim@elsewhere.example>",
    "<@example.org,@elsewhere.example:victim@third.example>",
    "<@example.org:@elsewhere.example:victim@third.example>",
    "<@example.org:victim%elsewhere.example@example.org>",
    "<@example.org@elsewhere.example:victim>",
    "<victim@[127.0.0.1]>",
    "<victim@[10.0.0.1]>",
    "<victim@[IPv6:::1]>",
    "<victim@[example.org]>",
    "<victim@[elsewhere.example]>",
    "<victim@127.0.0.1>",
    "<victim@2130706433>",
    '<victim@"elsewhere.example">',
    '<victim@"example.org">',
    '<victim@example.org"@elsewhere.example>',
    '<"victim"@elsewhere.example>',
    "<victim@example.org.elsewhere.example>",
    "<victim@notexample.org>",
    "<victim@sub.example.org>",
    "<victim@example.org@>",
    "<victim@.example.org>",
    "<victim@example.org..>",
    "<victim@example.org,elsewhere.example>",
    "<victim@example.org elsewhere.example>",
    "<victim@example.org>,<victim@elsewhere.example>",
    "<victim@example.org> <victim@elsewhere.example>",
    "<victim@example.org\0.elsewhere.example>",
    "<victim@elsewhere.example\0@example.org>",
    "<victim@elsewhere.example\t@example.org>",
    "<victim@elsewhere.example#@example.org>",
    "<victim>",
    "victim",
    "<>",
    "</var/mail/victim@example.org>",
    '<"/var/mail/victim"@example.org>',
    "<victim@xn--exmple-cua.org>",  # exämple.org
    "<victim@xn--.org>",
    "<victim@example.xn--org-2ma>",
]
# With SMTPUTF8, since without it they are refused for that alone.
ELSEWHERE_IN_UTF8 = [
    "<victim@exämple.org>",
    "<victim@elsewhere.example。>",
    "<victim＠elsewhere.example@elsewhere.example>",
    "<victim@еxample.org>",  # Cyrillic
    "<victim@example\u200b.elsewhere.example>",
    "<víctim%elsewhere.example@example.org>",
]


def tried(client, paths, parameters=""):
    """The paths that were not refused for good."""
    taken = []
    for path in paths:
        assert client.cmd("MAIL FROM:<alice@example.com>" + parameters).code == 250
        reply = client.cmd("RCPT TO:" + path)
        if reply.code < 500:
            taken.append((path, str(reply)))
        client.cmd("RSET")
    return taken


@pytest.mark.parametrize("lists", [{}, {"mode": "off"}, {"mode": "observe"}])
def test_nobody_elsewhere_is_relayed_to(make_greygate, backend, lists):
    greygate = make_greygate(backend, greylist=lists, limits={"errors": 1000})
    with unharmed(greygate), greygate.session() as client:
        assert not tried(client, ELSEWHERE)
        assert not tried(client, ELSEWHERE_IN_UTF8, " SMTPUTF8")
    assert set(backend.commands("RCPT")) == {"RCPT TO:<pass@example.org>"}


def test_not_even_where_every_domain_is_taken(make_greygate, make_backend):
    """domains ["*"] leaves plain addresses to the backend, which knows the client; never those that would lead it on."""
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT])
    greygate = make_greygate(backend, greylist={"mode": "off"}, backend=XCLIENT_ONLY, domains=["*"],
                             limits={"errors": 1000})
    leading_on = [path for path in ELSEWHERE if any(sign in path for sign in ("%", "!", "[", "</", '"/'))
                  or path.split(":")[-1].count("@") > 1]
    assert len(leading_on) > 20
    with unharmed(greygate), greygate.session() as client:
        assert not tried(client, leading_on)
    assert set(backend.commands("RCPT")) == {"RCPT TO:<pass@example.org>"}


def test_a_source_route_leads_nowhere(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"mode": "off"})
    with greygate.session() as client:
        client.mail()
        assert client.cmd("RCPT TO:<@elsewhere.example,@third.example:bob@example.org>").code == 250
    assert backend.commands("RCPT") == ["RCPT TO:<bob@example.org>"]


# To be somebody else

@pytest.mark.parametrize("line", [
    "XCLIENT ADDR=192.0.2.7",
    "XCLIENT NAME=mail.example.com ADDR=192.0.2.7 HELO=mail.example.com",
    "XFORWARD ADDR=192.0.2.7",
    "PROXY TCP4 192.0.2.7 192.0.2.25 40000 25",
])
@pytest.mark.parametrize("greeted", [False, True])
def test_a_client_is_whoever_connected(make_greygate, make_backend, line, greeted):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT])
    greygate = make_greygate(backend, backend=XCLIENT_ONLY, allow={"clients": ["192.0.2.7"]})
    with unharmed(greygate), Client(greygate.port, source="127.0.0.9") as client:
        if greeted:
            assert "XCLIENT" not in client.ehlo().text
        assert 500 <= client.cmd(line).code < 504
        client.ehlo()
        assert client.attempt("alice@example.com", "bob@example.org").code == 450
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert {event["client"] for event in greygate.events("recipient", 2)} == {"127.0.0.9", "127.0.0.77"}
    assert {attributes(connection)["ADDR"] for connection in backend.served()} == {"127.0.0.9", "127.0.0.77"}


def test_a_second_header_behind_a_load_balancers_is_a_bad_command(make_greygate, backend):
    greygate = make_greygate(backend, start=False)
    port = greygate.add_listener(proxy_protocol_from=["127.0.0.9"])
    greygate.start()
    with unharmed(greygate), Client(port, source="127.0.0.9", greeting=False) as client:
        client.send("PROXY TCP4 192.0.2.1 192.0.2.25 40000 25\r\nPROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n")
        assert [reply.code for reply in client.replies(2)] == [220, 500]
        client.ehlo()
        client.attempt("alice@example.com", "bob@example.org")
    assert greygate.events("recipient", 1, recipient="bob@example.org")[0]["client"] == "192.0.2.1"


def test_a_spoofed_header_is_not_even_answered(make_greygate, backend):
    greygate = make_greygate(backend, start=False, allow={"clients": ["192.0.2.7"]})
    port = greygate.add_listener(proxy_protocol_from=["127.0.0.9"])
    greygate.start()
    with unharmed(greygate):
        for header in (b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n",
                       b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x19\x9c\x40\0\x19"):
            with Client(port, source="127.0.0.10", greeting=False) as client:
                try:
                    client.send(header + b"EHLO client.example.com\r\n")
                    assert client.is_closed()
                except OSError:
                    pass  # closed before it was sent
    assert len(greygate.events("proxy_header_refused", 2)) == 2


# Into the words that the backend is told

@pytest.mark.parametrize("name", [
    "x+20ADDR=10.0.0.1",
    "x=y=z",
    "ADDR=10.0.0.1",
    "[UNAVAILABLE]+0D+0AMAIL",
    "+",
    "x" * 200,
    "<>\"'&;|`$(id)",
])
def test_a_helo_name_adds_nothing_to_xclient(make_greygate, make_backend, name):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT])
    greygate = make_greygate(backend, backend=XCLIENT_ONLY)
    with greygate.client(source="127.0.0.9") as client:
        assert client.cmd("EHLO " + name).code == 250
        assert client.attempt("alice@example.com", "pass@example.org").code in (250, 451)
    for connection in backend.served():  # none, if the name can't be told
        told = attributes(connection)
        assert told["ADDR"] == "127.0.0.9"
        assert "=" not in told["HELO"]
        assert sorted(told) == sorted(XCLIENT.split(" ")[1:])


@pytest.mark.parametrize("name", ["x ADDR=10.0.0.1", "x\tADDR=10.0.0.1", "x\rADDR", "x\0y", "\x7f", "ü", "x\n"])
def test_a_helo_name_of_blanks_and_controls_is_refused(make_greygate, backend, name):
    greygate = make_greygate(backend)
    with greygate.client() as client:
        assert client.cmd("EHLO " + name).code in (500, 501)


@pytest.mark.parametrize("name", ["x ADDR=10.0.0.1.example.com", "x\r\nMAIL FROM:<>.example.com", "[UNAVAILABLE]"])
def test_a_reverse_name_adds_nothing_to_xclient(make_greygate, make_backend, name):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT])
    with DnsServer() as dns:
        dns.add(reverse_name("127.0.0.9"), PTR=[name])
        dns.add(name, A=["127.0.0.9"])
        greygate = make_greygate(backend, backend=XCLIENT_ONLY,
                                 dns={"enabled": True, "servers": [dns.address], "timeout": "1s"})
        with greygate.session(source="127.0.0.9") as client:
            assert client.attempt("alice@example.com", "pass@example.org").code == 250
    (connection,) = backend.served()
    assert attributes(connection)["ADDR"] == "127.0.0.9"
    assert attributes(connection)["NAME"].startswith("[") or "+20" in attributes(connection)["NAME"]
    assert {line.split(" ")[0] for line in connection.lines()} <= {"EHLO", "XCLIENT", "MAIL", "RCPT", "DATA", "QUIT"}


# Into logs

FORGED = [
    b'"a\\" verdict=known x"@example.com',
    b'"x\x1b[2J"@example.com',
    b'"a\\\\"@example.com',
    b"a=b@example.com",
    b'{"event":"message"}@example.com',
    b"<script>@example.com",
]


@pytest.mark.parametrize("form", ["json", "text", "postgrey"])
def test_a_line_of_the_log_is_one_event_whatever_a_client_says(make_greygate, backend, form):
    greygate = make_greygate(backend, log={"format": form}, greylist={"delay": "1h"}, limits={"errors": 1000})
    with greygate.client() as client:
        client.cmd('EHLO {"event":"message","outcome":"relayed"}')
        for sender in FORGED:
            client.cmd(b"MAIL FROM:<" + sender + b">")
            client.cmd(b"RCPT TO:<" + sender.replace(b"example.com", b"example.org") + b">")
            client.cmd("RSET")
        client.cmd(b"MAIL FROM:<a@example.com>\n2026-11-22T00:00:00.000Z info message outcome=relayed")
        client.cmd(b"RCPT TO:<bob@example.org>\r\n action=pass, reason=forged")
    greygate.stop()
    relayed = [line for line in greygate.lines if line.startswith(("{", "20", "action="))]
    assert relayed == greygate.lines, "a line that is no event"
    if form == "json":
        assert not [line for line in greygate.lines if json.loads(line)["event"] == "message"]
    else:
        assert not [line for line in greygate.lines if " message " in line.split('"')[0] or line.startswith("action=pass")]
    assert not any(octet < " " or octet == "\x7f" for line in greygate.lines for octet in line)

