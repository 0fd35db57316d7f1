"""A real Postfix as the sender, in TLS."""

import pytest

import postfix

pytestmark = pytest.mark.skipif(not postfix.AVAILABLE, reason="needs root and Postfix")

ENCRYPT = ["smtp_tls_security_level = encrypt", "smtp_tls_loglevel = 1"]


@pytest.fixture
def make_sender(directory):
    made = []

    def make(greygate, settings):
        made.append(postfix.sender(directory / f"postfix{len(made)}", greygate.port, settings))
        return made[-1].start()

    yield make
    for each in made:
        each.clean_up()


def hand_in(sender, recipient):
    with sender.client() as client:
        client.ehlo()
        assert client.attempt("alice@example.com", recipient, b"Subject: sealed\r\n\r\nhello\r\n").code == 250


@pytest.fixture
def verifying(authority, directory):
    """Settings of a sender that asks for a certificate of this name. (Postfix doesn't read files as root.)"""
    (directory / "ca.crt").write_bytes(authority.file.read_bytes())
    return lambda name: ["smtp_tls_security_level = secure", "smtp_tls_loglevel = 1",
                         f"smtp_tls_CAfile = {directory}/ca.crt", f"smtp_tls_secure_cert_match = {name}"]


@pytest.fixture
def strict(make_greygate, backend, certificate):
    return make_greygate(backend, tls={"certificates": [certificate.entry], "required": True})


def test_a_sender_that_insists_on_tls_is_put_off_and_delivers(strict, backend, make_sender):
    sender = make_sender(strict, ENCRYPT)
    hand_in(sender, "bob@example.org")
    (sent,) = sender.await_log("status=sent")
    assert "Queued as 4711" in sent
    assert sender.log("status=deferred", "Greylisted")
    assert sender.log("TLS connection established to 127.0.0.1", "TLSv1.3")
    (message,) = backend.messages
    assert b"Subject: sealed\r\n" in message.message
    assert strict.events("message", 1)[0]["tls"].startswith("TLSv1.3 ")


def test_a_sender_that_verifies_delivers(strict, backend, make_sender, verifying):
    sender = make_sender(strict, verifying("mx.example.org"))
    hand_in(sender, "pass@example.org")
    sender.await_log("status=sent")
    assert sender.log("Verified TLS connection established to 127.0.0.1")
    assert len(backend.messages) == 1


def test_a_sender_that_expects_another_name_does_not(strict, backend, make_sender, verifying):
    sender = make_sender(strict, verifying("mx.example.net"))
    hand_in(sender, "pass@example.org")
    sender.await_log("status=deferred", "Server certificate not verified")
    assert not backend.served()


def test_a_sender_that_insists_takes_the_self_signed_one(make_greygate, backend, make_sender):
    sender = make_sender(make_greygate(backend), ENCRYPT)
    hand_in(sender, "pass@example.org")
    sender.await_log("status=sent")
    assert sender.log("TLS connection established to 127.0.0.1")
    assert len(backend.messages) == 1


@pytest.mark.parametrize("versions", ["TLSv1.2", ">=TLSv1.3"])
def test_a_sender_of_either_version(strict, make_sender, versions):
    sender = make_sender(strict, [*ENCRYPT, f"smtp_tls_mandatory_protocols = {versions}"])
    hand_in(sender, "pass@example.org")
    sender.await_log("status=sent")
    assert strict.events("message", 1)[0]["tls"].startswith(versions.strip(">="))
