"""XCLIENT to the backend: who the client is, in Postfix's words (its XCLIENT_README)."""

import re

import pytest

from fake_backend import KEYWORDS, XCLIENT, close, say
from ports import free_port
from smtp_client import Client
from wait import wait_for

IDENTITY = {"client_identity": "xclient"}


def attributes(connection):
    """What all XCLIENT commands of the connection said, in order."""
    words = [word for line in connection.xclient for word in line.split(" ")[1:]]
    return dict(word.split("=", 1) for word in words)


@pytest.fixture
def trusting(make_backend):
    return make_backend(keywords=[*KEYWORDS, XCLIENT])


@pytest.fixture
def proxy(make_greygate, trusting):
    return make_greygate(trusting, backend=IDENTITY, domains=["*"])


def test_all_attributes_are_told(proxy, trusting):
    with proxy.session("mail.example.com", source="127.0.0.9") as client:
        port = client.socket.getsockname()[1]
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    (connection,) = trusting.served()
    told = attributes(connection)
    assert re.fullmatch(r"\[(UNAVAILABLE|TEMPUNAVAIL)\]", told.pop("NAME"))
    assert told == {"ADDR": "127.0.0.9", "PORT": str(port), "HELO": "mail.example.com", "PROTO": "ESMTP",
                    "DESTADDR": "127.0.0.1", "DESTPORT": str(proxy.port)}


def test_the_order_is_ehlo_xclient_ehlo_mail(proxy, trusting):
    with proxy.session("mail.example.com") as client:
        client.attempt("alice@example.com", "pass@example.org")
    (connection,) = trusting.served()
    verbs = [line.split(" ")[0] for line in connection.lines()]
    assert verbs[:5] == ["EHLO", "XCLIENT", "EHLO", "MAIL", "RCPT"]
    assert connection.helo[-1] == "mail.example.com"


def test_helo_clients_are_smtp(proxy, trusting):
    with proxy.client() as client:
        client.cmd("HELO old.example.com")
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    told = attributes(trusting.served()[0])
    assert (told["PROTO"], told["HELO"]) == ("SMTP", "old.example.com")


def test_values_are_xtext(proxy, trusting):
    with proxy.session("a+b=c") as client:
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert attributes(trusting.served()[0])["HELO"] == "a+2Bb+3Dc"
    assert trusting.served()[0].helo[-1] == "a+b=c"


def test_a_helo_long_in_xtext_takes_several_commands_with_addr_and_name_in_the_last(proxy, trusting):
    name = "+" * 140  # three octets each in xtext
    with proxy.session(name) as client:
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    (connection,) = trusting.served()
    assert len(connection.xclient) > 1
    assert all(len(line) + 2 <= 512 for line in connection.xclient)
    assert all(re.search(f" {word}=", connection.xclient[-1]) for word in ("ADDR", "NAME"))
    assert not any(re.search(" (ADDR|NAME)=", line) for line in connection.xclient[:-1])
    assert attributes(connection)["HELO"] == "+2B" * 140
    assert connection.helo[-1] == name


def test_only_listed_attributes_are_told(make_greygate, make_backend):
    backend = make_backend(keywords=[*KEYWORDS, "XCLIENT ADDR HELO"])
    with make_greygate(backend, backend=IDENTITY).session() as client:
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert list(attributes(backend.served()[0])) and set(attributes(backend.served()[0])) == {"ADDR", "HELO"}


def test_ipv6_has_its_prefix(make_greygate, trusting):
    port = free_port()
    greygate = make_greygate(trusting, start=False, backend=IDENTITY)
    greygate.settings["listen"].append({"address": f"127.0.0.1:{port}", "proxy_protocol_from": ["127.0.0.1"]})
    greygate.start()
    with Client(port, greeting=False) as client:
        client.send("PROXY TCP6 2001:db8::7 2001:db8::25 40000 25\r\n")
        client.reply()
        client.ehlo()
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    told = attributes(trusting.served()[0])
    assert (told["ADDR"], told["PORT"]) == ("IPV6:2001:db8::7", "40000")
    assert told.get("DESTADDR") == "IPV6:2001:db8::25"


@pytest.mark.parametrize("keyword", [None, "XCLIENT NAME HELO PROTO"])
def test_a_backend_that_does_not_list_it_is_not_used(make_greygate, make_backend, keyword):
    backend = make_backend(keywords=[*KEYWORDS, *([keyword] if keyword else [])])
    greygate = make_greygate(backend, ready=False, backend=IDENTITY)
    with greygate.session() as client:
        client.mail()
        reply = client.rcpt("pass@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
    wait_for("the status to say so", lambda: not greygate.status()["backends"][0]["up"])
    assert "XCLIENT" in greygate.status()["backends"][0]["last_error"]
    assert greygate.get("/readyz")[0] == 503
    assert not backend.transactions


@pytest.mark.parametrize("step", [say("550 5.7.0 Not for you"), close("421 4.3.2 Bye"), close()])
def test_a_backend_that_refuses_it_is_not_used(proxy, trusting, step):
    trusting.script("XCLIENT", step, times=None)
    with proxy.session() as client:
        client.mail()
        reply = client.rcpt("pass@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
    assert not trusting.transactions


def test_a_new_ehlo_tells_a_new_identity(proxy, trusting):
    with proxy.session("first.example.com") as client:
        client.mail()
        client.rcpt("pass@example.org")
        client.ehlo("second.example.com")
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert [attributes(each)["HELO"] for each in trusting.served()] == ["first.example.com", "second.example.com"]


def test_everybody_with_no_identity_is_a_configuration_error(make_greygate, backend):
    from greygate import run
    greygate = make_greygate(backend, start=False, domains=["*"])
    greygate.configure({})
    code, _, errors = run("check", "--config", greygate.file)
    assert code == 1 and errors.startswith("domains")


def test_a_backend_that_relays_for_outsiders_is_told_of(make_greygate, make_backend):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT], open_relay=True)
    greygate = make_greygate(backend, ready=False, backend=IDENTITY, domains=["*"])
    wait_for("the guard to notice", lambda: greygate.status()["backends"][0]["last_error"])
    assert greygate.get("/readyz")[0] == 503
    wait_for("the log to say so", lambda: any('"error"' in line for line in greygate.lines))
