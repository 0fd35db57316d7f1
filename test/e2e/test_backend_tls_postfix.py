"""A real Postfix that takes mail in TLS alone, and one without TLS, as backends of every mode."""

import re

import pytest

import postfix
from wait import wait_for

pytestmark = pytest.mark.skipif(not postfix.AVAILABLE, reason="needs root and Postfix")


@pytest.fixture
def make_postfix(directory):
    made = []

    def make(level, certificate=None, settings=(), smtpd=()):
        files = [f"smtpd_tls_cert_file = {certificate.certificate}", f"smtpd_tls_key_file = {certificate.key}",
                 "smtpd_tls_received_header = yes", "smtpd_tls_loglevel = 1"] if certificate else []
        made.append(postfix.backend(directory / f"postfix{len(made)}",
                                    [f"smtpd_tls_security_level = {level}", *files, *settings], smtpd))
        return made[-1].start()

    yield make
    for each in made:
        each.clean_up()


def delivered_in(receiver, greygate, tls, **options):
    with greygate.session("mail.example.com", **options) as client:
        assert client.attempt("alice@example.com", "bob@example.org", b"Subject: x\r\n\r\nhello\r\n").code == 250
    wait_for("the delivery", lambda: postfix.delivered(receiver))
    (message,) = postfix.delivered(receiver)
    assert b"\nhello\n" in message
    assert (b"using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384" in message) == tls, message
    assert (greygate.events("message", 1)[0]["backend_tls"] == "TLSv1.3 TLS_AES_256_GCM_SHA384") == tls
    return message


def is_refused(receiver, greygate, word):
    with greygate.session() as client:
        reply = client.attempt("alice@example.com", "bob@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
    assert word in greygate.status()["backends"][0]["last_error"]
    assert not receiver.log("from=<alice@example.com>") and not postfix.delivered(receiver)


@pytest.mark.parametrize("mode", ["opportunistic", "required", "verified"])
def test_one_that_demands_tls_gets_it(make_postfix, make_verifying, backend_certificate, mode):
    receiver = make_postfix("encrypt", backend_certificate)
    delivered_in(receiver, make_verifying(receiver, tls=mode), True)


def test_one_that_demands_tls_says_so_to_those_who_have_none(make_postfix, make_verifying, backend_certificate):
    receiver = make_postfix("encrypt", backend_certificate)
    greygate = make_verifying(receiver, tls="none", ready=False)
    with greygate.session() as client:
        client.mail()
        reply = client.rcpt("bob@example.org")
    assert reply.text == "530 5.7.0 Must issue a STARTTLS command first"


def test_one_with_a_wrong_name_gets_nothing_where_it_is_verified(make_postfix, make_verifying, authority):
    receiver = make_postfix("encrypt", authority.issue("elsewhere.example.org"))
    is_refused(receiver, make_verifying(receiver, ready=False), "mismatch")
    delivered_in(receiver, make_verifying(receiver, server_name="elsewhere.example.org"), True)


@pytest.mark.parametrize("mode, taken", [("none", True), ("opportunistic", True), ("required", False),
                                         ("verified", False)])
def test_one_without_tls(make_postfix, make_verifying, mode, taken):
    receiver = make_postfix("none")
    greygate = make_verifying(receiver, tls=mode, ready=taken)
    if taken:
        delivered_in(receiver, greygate, False)
    else:
        is_refused(receiver, greygate, "STARTTLS")


@pytest.mark.parametrize("mode", ["opportunistic", "required", "verified"])
@pytest.mark.parametrize("identity", ["xclient", "proxy-v1", "proxy-v2"])
def test_it_sees_the_real_client_in_tls(make_postfix, make_verifying, backend_certificate, mode, identity):
    xclient = ["smtpd_authorized_xclient_hosts = 127.0.0.0/8"] if identity == "xclient" else []
    proxied = [] if identity == "xclient" else ["smtpd_upstream_proxy_protocol=haproxy"]
    receiver = make_postfix("encrypt", backend_certificate, xclient, proxied)
    greygate = make_verifying(receiver, tls=mode, client_identity=identity)
    message = delivered_in(receiver, greygate, True, source="127.0.0.9")
    assert re.search(rb"Received: from mail\.example\.com \(\w+ \[127\.0\.0\.9\]\)", message), message
