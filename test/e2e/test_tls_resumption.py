"""Sessions that are resumed: the second handshake of a client takes a fraction of the first one's work."""

import ssl

import pytest

from smtp_client import Client, tls_settings

VERSIONS = ["TLSv1_2", "TLSv1_3"]


def visit(greygate, tls, session=None, name=None):
    """Comes with that session: whether it was resumed, and the one for the next time."""
    with greygate.session().starttls(tls, name, session) as client:
        assert client.ehlo().code == 250  # what TLS 1.3 sends after the handshake has been read now
        next_time = client.socket.session
        assert next_time.has_ticket
        return client.socket.session_reused, next_time


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_resumes(tls_greygate, version):
    """On every loop: connections are spread over two."""
    tls = tls_settings(version=version)
    resumed, session = visit(tls_greygate, tls)
    assert not resumed
    for _ in range(12):
        resumed, session = visit(tls_greygate, tls, session)
        assert resumed


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_resumes_on_another_listener(make_greygate, backend, certificate, version):
    greygate = make_greygate(backend, start=False, tls={"certificates": [certificate.entry]})
    tls_port = greygate.add_listener(tls="implicit")
    greygate.start()
    tls = tls_settings(version=version)
    _, session = visit(greygate, tls)
    with Client(tls_port, greeting=False) as client:
        client.handshake(tls, session=session)
        assert client.reply().code == 220 and client.socket.session_reused


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_resumes_after_a_reload(tls_greygate, version):
    tls = tls_settings(version=version)
    _, session = visit(tls_greygate, tls)
    tls_greygate.reload()
    resumed, session = visit(tls_greygate, tls, session)
    assert resumed
    assert visit(tls_greygate, tls, session)[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_resumes_with_the_certificate_of_its_name(make_greygate, backend, authority, version):
    one, two = authority.issue("mx.example.org"), authority.issue("mx.example.com")
    greygate = make_greygate(backend, tls={"certificates": [one.entry, two.entry]})
    tls = tls_settings(version=version)
    for name in ("mx.example.com", "mx.example.org"):
        _, session = visit(greygate, tls, name=name)
        assert visit(greygate, tls, session, name)[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_of_another_process_is_a_full_handshake(tls_greygate, version):
    tls = tls_settings(version=version)
    _, session = visit(tls_greygate, tls)
    assert tls_greygate.stop() == 0
    tls_greygate.start()
    resumed, session = visit(tls_greygate, tls, session)
    assert not resumed
    assert visit(tls_greygate, tls, session)[0]


def test_a_session_of_1_2_does_not_get_round_a_minimum_of_1_3(tls_greygate):
    tls = tls_settings(version="TLSv1_2")
    _, session = visit(tls_greygate, tls)
    tls_greygate.configure({"tls": {"min_version": "1.3"}})
    tls_greygate.reload()
    with tls_greygate.session() as client, pytest.raises(ssl.SSLError):
        client.starttls(tls, session=session)


def test_resumed_sessions_are_counted_and_logged_as_any(tls_greygate):
    tls = tls_settings(version="TLSv1_3")
    _, session = visit(tls_greygate, tls)
    with tls_greygate.session().starttls(tls, session=session) as client:
        client.ehlo()
        assert client.socket.session_reused
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    name = "TLSv1.3 TLS_AES_256_GCM_SHA384"
    assert tls_greygate.events("message", 1)[0]["tls"] == name
    status = tls_greygate.status()
    assert status["connections"]["tls"] == 2 and status["tls"]["clients"] == {name: 2}
