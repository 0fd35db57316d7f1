"""backend.tls "verified": whom the backend must prove to be, and who may vouch for it."""

import pytest

from certificates import Authority
from greygate import run
from wait import wait_for


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An authority that nobody trusts unless told to."""
    return Authority(tmp_path_factory.mktemp("certificates") / "stranger")


def attempt(greygate):
    with greygate.session() as client:
        return client.attempt("alice@example.com", "bob@example.org")


def is_refused(greygate, *words):
    reply = attempt(greygate)
    assert (reply.code, reply.enhanced) == (451, "4.3.0")
    error = greygate.status()["backends"][0]["last_error"]
    assert all(word in error for word in words), error
    return True


NAMES = {  # the certificate's names, backend.server_name, the host in the address: is it the one?
    "the address": (["127.0.0.1"], "", "127.0.0.1", True),
    "another address": (["127.0.0.2"], "", "127.0.0.1", False),
    "the host": (["mail.localhost"], "", "mail.localhost", True),
    "the host in another case": (["mail.LOCALHOST"], "", "MAIL.localhost", True),
    "the host's address alone": (["127.0.0.1"], "", "mail.localhost", False),
    "the name told": (["backend.example.org"], "backend.example.org", "127.0.0.1", True),
    "one of several": (["a.example.org", "backend.example.org"], "backend.example.org", "127.0.0.1", True),
    "an address told": (["192.0.2.7"], "192.0.2.7", "127.0.0.1", True),
    "the address where a name is told": (["127.0.0.1"], "backend.example.org", "127.0.0.1", False),
    "the host where a name is told": (["mail.localhost"], "backend.example.org", "mail.localhost", False),
    "its domain": (["example.org"], "backend.example.org", "127.0.0.1", False),
    "a wildcard": (["*.example.org"], "backend.example.org", "127.0.0.1", True),
    "a wildcard too high": (["*.org"], "backend.example.org", "127.0.0.1", False),
    "a wildcard for two labels": (["*.example.org"], "a.backend.example.org", "127.0.0.1", False),
    "a wildcard's own domain": (["*.example.org"], "example.org", "127.0.0.1", False),
}


@pytest.mark.parametrize("case", NAMES)
def test_the_certificate_is_for(make_backend, make_verifying, authority, case):
    names, told, host, good = NAMES[case]
    backend = make_backend(certificate=authority.issue(*names))
    greygate = make_verifying(f"{host}:{backend.port}", ready=good, server_name=told)
    if not good:
        assert is_refused(greygate, "mismatch")
        return
    assert attempt(greygate).code == 250
    asked = told or host
    heard = backend.messages[0].connection.server_name
    assert heard is None if asked[0].isdigit() else heard.lower() == asked.lower()


def test_the_systems_authorities_count_where_no_file_is_named(make_backend, make_verifying, authority, stranger,
                                                              monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger.file))
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    known, unknown = (make_backend(certificate=each.issue("127.0.0.1")) for each in (stranger, authority))
    assert attempt(make_verifying(known, ca_file="")).code == 250
    assert is_refused(make_verifying(unknown, ca_file="", ready=False), "issuer")
    assert is_refused(make_verifying(known, ready=False), "issuer")  # a file that is named stands alone
    assert attempt(make_verifying(unknown)).code == 250


def test_a_file_may_have_several_authorities(make_backend, make_verifying, authority, stranger, directory):
    both = directory / "both.crt"
    both.write_bytes(stranger.file.read_bytes() + authority.file.read_bytes())
    for each in (stranger, authority):
        assert attempt(make_verifying(make_backend(certificate=each.issue("127.0.0.1")), ca_file=str(both))).code == 250


def test_the_file_is_sought_beside_the_configuration(make_backend, make_verifying, authority):
    backend = make_backend(certificate=authority.issue("127.0.0.1"))
    greygate = make_verifying(backend, start=False, ca_file="authorities.crt")
    (greygate.directory / "authorities.crt").write_bytes(authority.file.read_bytes())
    assert attempt(greygate.start()).code == 250


def test_the_next_address_is_tried(make_backend, make_verifying, authority, stranger):
    strange, plain = make_backend(certificate=stranger.issue("127.0.0.1")), make_backend()
    good = make_backend(certificate=authority.issue("127.0.0.1"))
    greygate = make_verifying(strange, plain, good)
    assert attempt(greygate).code == 250
    assert len(good.messages) == 1 and not strange.transactions and not plain.transactions
    wait_for("the status to tell",
             lambda: [each["up"] for each in greygate.status()["backends"]] == [False, False, True])
    assert "STARTTLS" in greygate.status()["backends"][1]["last_error"]


def reload_with(greygate, **backend):
    seen = len(greygate.lines)
    greygate.configure({"backend": backend})
    greygate.reload()
    return "\n".join(greygate.lines[seen:])


@pytest.mark.parametrize("content", [None, "", "nonsense\n", "-----BEGIN CERTIFICATE-----\nMII\n"])
def test_a_bad_file_keeps_the_old_one_at_a_reload(make_backend, make_verifying, authority, directory, content):
    greygate = make_verifying(make_backend(certificate=authority.issue("127.0.0.1")))
    bad = directory / "bad.crt"
    if content is not None:
        bad.write_text(content)
    assert "reload_failed" in reload_with(greygate, ca_file=str(bad))
    assert greygate.events("reload_failed", 1)[0]["reason"].startswith("backend.ca_file: ")
    assert attempt(greygate).code == 250


def test_a_reload_takes_new_authorities_and_modes(make_backend, make_verifying, authority, stranger, directory):
    backend = make_backend(certificate=authority.issue("127.0.0.1"))
    file = directory / "authorities.crt"
    file.write_bytes(authority.file.read_bytes())
    greygate = make_verifying(backend, ca_file=str(file))
    assert attempt(greygate).code == 250
    file.write_bytes(stranger.file.read_bytes())  # the same name
    reload_with(greygate)
    assert is_refused(greygate, "issuer")
    reload_with(greygate, tls="required")
    assert attempt(greygate).code == 250
    reload_with(greygate, tls="verified", ca_file=str(authority.file))
    assert attempt(greygate).code == 250
    reload_with(greygate, server_name="elsewhere.example.org")
    assert is_refused(greygate, "mismatch")
    reload_with(greygate, tls="none")
    assert attempt(greygate).code == 250
    assert not backend.messages[-1].connection.tls


@pytest.mark.parametrize("mode", ["none", "required", "verified"])
@pytest.mark.parametrize("content", [None, "", "nonsense\n"])
def test_check_names_a_bad_file(make_verifying, directory, mode, content):
    bad = directory / "bad.crt"
    if content is not None:
        bad.write_text(content)
    greygate = make_verifying("127.0.0.1:9", start=False, tls=mode, ca_file=str(bad))
    greygate.configure({})
    code, _, errors = run("check", "--config", greygate.file)
    assert code == 1
    assert errors.startswith("backend.ca_file: ") and str(bad) in errors
    assert errors.count("\n") == 1
