"""The conversation with a backend that begins in plain and goes on in TLS: what was said before doesn't count."""

import json
import ssl

import pytest

from backend_tls import relayed, start_tls
from fake_backend import KEYWORDS, XCLIENT, say
from greygate import run


@pytest.fixture
def make_tls_backend(make_backend, backend_certificate):
    def make(**options):
        return make_backend(certificate=backend_certificate, **options)
    return make


@pytest.fixture
def backend(make_tls_backend):
    return make_tls_backend()


@pytest.fixture
def proxy(make_verifying, backend):
    return make_verifying(backend)


def verbs(connection, count):
    return [line.split(" ")[0] for line in connection.lines()[:count]]


# What counts

def test_keywords_of_before_are_forgotten(make_tls_backend, make_verifying):
    backend = make_tls_backend(keywords=["SIZE 1000", "8BITMIME", "SMTPUTF8", XCLIENT],
                               tls_keywords=["SIZE 2000", "DSN", "CHUNKING"])
    with make_verifying(backend).session() as client:
        offered = client.keywords()
        assert {"DSN", "CHUNKING"} <= set(offered) and not {"8BITMIME", "SMTPUTF8", "XCLIENT"} & set(offered)
        assert offered["SIZE"] == "SIZE 2000"
        assert client.mail("alice@example.com", "BODY=8BITMIME").code == 555
        assert client.mail("alice@example.com", "RET=HDRS").code == 250
        assert client.rcpt("bob@example.org").code == 250


def test_replies_glued_to_the_220_are_never_answers(make_tls_backend, make_verifying):
    """RFC 3207's injection, towards us: who can write into the plain part could answer for the backend."""
    backend = make_tls_backend(tls_keywords=["PIPELINING"])
    glued = b"220 2.0.0 Go ahead\r\n250-evil\r\n250 SMTPUTF8\r\n250 2.1.0 evil\r\n"
    backend.script("STARTTLS", start_tls(glued), times=None)
    proxy = make_verifying(backend, ready=False)
    with proxy.session() as client:
        assert "SMTPUTF8" not in client.keywords()
        client.mail()
        reply = client.rcpt("bob@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
    assert not backend.transactions and not any(each.tls for each in backend.connections)
    backend.unscript()
    with proxy.session() as client:
        relayed(client, backend)


def test_replies_glued_to_the_220_make_an_opportunistic_proxy_begin_anew(make_tls_backend, make_verifying):
    backend = make_tls_backend(keywords=["PIPELINING"])
    backend.script("STARTTLS", start_tls(b"220 2.0.0 Go ahead\r\n250-evil\r\n250 SMTPUTF8\r\n"), times=None)
    with make_verifying(backend, tls="opportunistic").session() as client:
        assert "SMTPUTF8" not in client.keywords()
        message = relayed(client, backend)
    assert verbs(message.connection, 3) == ["EHLO", "MAIL", "RCPT"]


def test_ehlo_is_said_again_with_the_same_name(proxy, backend):
    with proxy.session("client.example.com") as client:
        connection = relayed(client, backend).connection
    assert verbs(connection, 4) == ["EHLO", "STARTTLS", "EHLO", "MAIL"]
    assert connection.plain == ["EHLO mx.example.org", "STARTTLS"]
    assert connection.helo == ["mx.example.org"] * 2


def test_a_backend_that_refuses_ehlo_in_tls_is_not_used(proxy, backend):
    backend.script("EHLO", lambda connection: say("550 5.7.1 No")(connection) if connection.tls else None, times=None)
    with proxy.session() as client:
        reply = client.attempt("alice@example.com", "bob@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
    assert not backend.transactions


# The client's identity

def test_xclient_is_said_in_tls_alone(make_tls_backend, make_verifying):
    backend = make_tls_backend(tls_keywords=[*KEYWORDS, XCLIENT])
    proxy = make_verifying(backend, client_identity="xclient", domains=["*"])
    with proxy.session("mail.example.com", source="127.0.0.9") as client:
        connection = relayed(client, backend).connection
    assert verbs(connection, 6) == ["EHLO", "STARTTLS", "EHLO", "XCLIENT", "EHLO", "MAIL"]
    assert connection.plain == ["EHLO mx.example.org", "STARTTLS"]  # nobody on the wire reads the client's name
    assert " ADDR=127.0.0.9" in connection.xclient[0]
    assert connection.helo[-1] == "mail.example.com"


def test_xclient_offered_in_plain_alone_is_not_offered(make_tls_backend, make_verifying):
    backend = make_tls_backend(keywords=[*KEYWORDS, XCLIENT], tls_keywords=KEYWORDS)
    proxy = make_verifying(backend, ready=False, client_identity="xclient")
    with proxy.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org").code == 451
    assert "XCLIENT" in proxy.status()["backends"][0]["last_error"]
    assert not any(each.xclient for each in backend.connections)


@pytest.mark.parametrize("identity, begins", [("proxy-v1", b"PROXY TCP4 127.0.0.9 127.0.0.1 "),
                                              ("proxy-v2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11")])
def test_the_proxy_header_comes_before_all(make_tls_backend, make_verifying, identity, begins):
    backend = make_tls_backend(proxy_protocol=True)
    with make_verifying(backend, client_identity=identity).session("mail.example.com", source="127.0.0.9") as client:
        connection = relayed(client, backend).connection
    assert connection.proxy.startswith(begins)
    assert connection.tls and connection.helo == ["mail.example.com"] * 2


def test_the_proxy_header_comes_again_on_the_fresh_connection(make_tls_backend, make_verifying):
    backend = make_tls_backend(proxy_protocol=True)
    backend.script("STARTTLS", say("454 4.7.0 Not now"), times=None)
    with make_verifying(backend, client_identity="proxy-v1", tls="opportunistic").session(source="127.0.0.9") as client:
        connection = relayed(client, backend).connection
    assert connection.proxy.startswith(b"PROXY TCP4 127.0.0.9 ") and not connection.tls


# What is told of it

def test_log_and_status_tell_of_both(proxy, backend):
    with proxy.session() as client:
        relayed(client, backend)
    (event,) = proxy.events("message", 1)
    assert (event["tls"], event["backend_tls"]) == ("none", "TLSv1.3 TLS_AES_256_GCM_SHA384")
    tls = proxy.status()["tls"]
    assert tls["clients"] == {}
    assert tls["backends"]["TLSv1.3 TLS_AES_256_GCM_SHA384"] >= 2  # the proxy's own questions, and the message
    assert list(tls["backends"]) == ["TLSv1.3 TLS_AES_256_GCM_SHA384"]


def test_tls_1_2_is_named(make_tls_backend, make_verifying):
    backend = make_tls_backend()
    backend.tls.maximum_version = ssl.TLSVersion.TLSv1_2
    proxy = make_verifying(backend)
    with proxy.session() as client:
        connection = relayed(client, backend).connection
    assert connection.tls.startswith("TLSv1.2 ECDHE-ECDSA-")
    assert proxy.events("message", 1)[0]["backend_tls"] == connection.tls
    assert proxy.status()["tls"]["backends"][connection.tls] >= 1


def test_nothing_of_it_without_tls(make_greygate, make_backend):
    proxy = make_greygate(make_backend(), greylist={"mode": "off"})
    with proxy.session() as client:
        client.attempt("alice@example.com", "bob@example.org")
    assert proxy.events("message", 1)[0]["backend_tls"] == "none"
    assert proxy.status()["tls"]["backends"] == {}


@pytest.mark.parametrize("name, code", [("", 0), ("elsewhere.example.org", 1)])
def test_check_probe_asks_in_tls(make_greygate, backend, authority, name, code):
    configured = make_greygate(backend, start=False, backend={"tls": "verified", "ca_file": str(authority.file),
                                                              "server_name": name})
    configured.configure({})
    ended, out, errors = run("check", "--probe", "--config", configured.file)
    assert ended == code, errors
    assert json.loads(out)["backend"]["tls"] == "verified"
    (connection,) = backend.connections
    assert connection.plain[:2] == ["EHLO mx.example.org", "STARTTLS"] and len(connection.plain) == 2
    assert ("RCPT TO:<probe@greygate.invalid>" in errors) == (not name)
    assert ("mismatch" in errors) == bool(name)
