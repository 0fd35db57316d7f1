"""Certificates that are renewed under a running proxy, well or badly."""

import pytest

from certificates import fingerprint, openssl
from greygate import run
from smtp_client import tls_settings
from tls_records import Records


def shown(greygate, name=None):
    with greygate.session().starttls(name=name) as client:
        return fingerprint(client.socket.getpeercert(True))


@pytest.fixture
def place(authority):
    """Files that this test may write over."""
    return authority.issue("mx.example.org")


@pytest.fixture
def renewable(make_greygate, backend, place):
    return make_greygate(backend, greylist={"delay": "1h"}, tls={"certificates": [place.entry]})


def test_new_handshakes_get_the_new_certificate_and_old_sessions_go_on(renewable, backend, authority, place):
    renewed = authority.issue("mx.example.org", kind="rsa")
    with renewable.tls_session() as idle, renewable.tls_session() as busy:
        busy.mail()
        assert busy.rcpt("pass@example.org").code == 250
        assert busy.cmd("DATA").code == 354
        busy.send(b"Subject: renewal\r\n\r\nbefore\r\n")
        renewed.put_at(place)
        renewable.reload()
        assert shown(renewable) == renewed.fingerprint
        busy.send(b"after\r\n.\r\n")
        assert busy.reply().code == 250
        assert idle.attempt("alice@example.com", "pass@example.org").code == 250
    assert backend.messages[0].content.endswith(b"before\r\nafter\r\n")


@pytest.mark.parametrize("cut", [0, 1, 100, None])
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_handshake_in_the_middle_of_which_reloads_come(renewable, authority, place, version, cut):
    def reload_twice():
        for _ in range(2):
            authority.issue("mx.example.org", "mx.example.com").put_at(place)
            renewable.reload()

    with renewable.session() as client:
        assert client.cmd("STARTTLS").code == 220
        records = Records(client, tls_settings(version=version), "mx.example.com")
        hello = records.first_flight()
        client.send(hello[:cut])
        reload_twice()
        client.send(hello[len(hello[:cut]):])

        def send(flight):
            reload_twice()
            client.send(flight)
        records.handshake(send)
        client.send(records.sealed(b"NOOP\r\n"))
        assert records.until(b"\r\n").startswith(b"250 ")


def test_certificates_may_come_and_go(renewable, authority, place):
    second = authority.issue("mx.example.com")
    renewable.configure({"tls": {"certificates": [place.entry, second.entry]}})
    renewable.reload()
    assert shown(renewable, "mx.example.com") == second.fingerprint
    renewable.configure({"tls": {"certificates": [place.entry]}})
    renewable.reload()
    assert shown(renewable, "mx.example.com") == place.fingerprint


def test_from_the_self_signed_one_to_a_given_one_and_back(make_greygate, backend, place):
    greygate = make_greygate(backend)
    assert shown(greygate) == fingerprint(greygate.directory / "self-signed.crt")
    greygate.configure({"tls": {"certificates": [place.entry]}})
    greygate.reload()
    assert shown(greygate) == place.fingerprint
    greygate.configure({"tls": {"certificates": []}})
    greygate.reload()
    assert shown(greygate) == fingerprint(greygate.directory / "self-signed.crt")


# Broken files: (what is done to them, the key that is named)

def nothing_there(place, _other):
    place.certificate.unlink()


def no_key_there(place, _other):
    place.key.unlink()


def an_empty_file(place, _other):
    place.certificate.write_bytes(b"")


def half_a_file(place, _other):
    whole = place.certificate.read_bytes()
    place.certificate.write_bytes(whole[:len(whole) // 2])


def a_key_for_a_certificate(place, _other):
    place.certificate.write_bytes(place.key.read_bytes())


def a_certificate_for_a_key(place, _other):
    place.key.write_bytes(place.certificate.read_bytes())


def a_key_of_another(place, other):
    place.key.write_bytes(other.key.read_bytes())


def a_certificate_of_another(place, other):
    """As when the renewal has written one file of two."""
    place.certificate.write_bytes(other.certificate.read_bytes())


def a_locked_key(place, _other):
    """Nobody is there to be asked for its pass phrase."""
    openssl("pkey", "-in", place.key, "-out", f"{place.key}.locked", "-aes128", "-passout", "pass:secret")
    place.key.write_bytes(open(f"{place.key}.locked", "rb").read())


def a_broken_chain(place, _other):
    with place.certificate.open("ab") as file:
        file.write(b"-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n")


BROKEN = [(nothing_there, "certificate"), (no_key_there, "key"), (an_empty_file, "certificate"),
          (half_a_file, "certificate"), (a_key_for_a_certificate, "certificate"), (a_certificate_for_a_key, "key"),
          (a_key_of_another, "key"), (a_certificate_of_another, "key"), (a_locked_key, "key"),
          (a_broken_chain, "certificate")]


@pytest.mark.parametrize("harm, key", BROKEN)
def test_broken_files_keep_the_old_ones(renewable, authority, place, harm, key):
    old = place.fingerprint
    good = place.certificate.read_bytes(), place.key.read_bytes()
    renewable.configure({"domains": ["example.org", "example.net"]})
    harm(place, authority.issue("mx.example.org"))
    renewable.reload()
    (event,) = renewable.events("reload_failed", 1)
    assert event["reason"].startswith(f"tls.certificates[0].{key}: "), event
    assert str(getattr(place, key)) in event["reason"], event
    assert shown(renewable) == old
    with renewable.tls_session() as client:  # all of the old settings are kept, or none
        assert client.attempt("alice@example.com", "pass@example.net").code == 550
    place.certificate.write_bytes(good[0])
    place.key.write_bytes(good[1])
    renewable.reload()
    assert len(renewable.events("reload_failed")) == 1
    with renewable.tls_session() as client:
        client.mail()
        assert client.rcpt("bob@example.net").code == 450


@pytest.mark.parametrize("harm, key", BROKEN)
def test_check_and_serve_name_the_key(make_greygate, backend, authority, certificate, harm, key):
    place = authority.issue("mx.example.com")
    harm(place, authority.issue("mx.example.com"))
    greygate = make_greygate(backend, start=False, tls={"certificates": [certificate.entry, place.entry]})
    greygate.configure({})
    code, out, errors = run("check", "--config", greygate.file)
    assert (code, out) == (1, "")
    (line,) = errors.splitlines()
    assert line.startswith(f"tls.certificates[1].{key}: ") and str(getattr(place, key)) in line
    code, _, errors = run("serve", "--config", greygate.file)
    assert code == 1 and f"tls.certificates[1].{key}: " in errors


# What check says of tls otherwise

@pytest.fixture
def configured(make_greygate, backend):
    greygate = make_greygate(backend, start=False)
    greygate.configure({})
    return greygate


@pytest.mark.parametrize("change, line", [
    ({"tls": {"min_version": "1.1"}}, "tls.min_version: "),
    ({"tls": {"min_version": 1.2}}, "tls.min_version: "),
    ({"tls": {"required": "yes"}}, "tls.required: "),
    ({"tls": {"certificates": [{}]}}, "tls.certificates[0]"),
    ({"tls": {"certificates": {}}}, "tls.certificates: "),
    ({"tls": {"certificates": [{"certificate": "a", "key": "b", "chain": "c"}]}}, "tls.certificates[0].chain: "),
    ({"tls": {"cyphers": "ALL"}}, "tls.cyphers: "),
    ({"listen": [{"address": "127.0.0.1:2525", "tls": "maybe"}]}, "listen[0].tls: "),
])
def test_check_names_what_is_wrong(configured, change, line):
    configured.configure(change)
    code, out, errors = run("check", "--config", configured.file)
    assert (code, out) == (1, "")
    assert all(each.startswith(line) or "tls.certificates[0]" in each for each in errors.splitlines()), errors
    assert any(each.startswith(line) for each in errors.splitlines()), errors


def test_check_prints_tls_and_takes_paths_beside_the_file(configured, place):
    for name in ("certificate", "key"):
        (configured.directory / f"{name}.pem").write_bytes(getattr(place, name).read_bytes())
    configured.settings["listen"].append({"address": "127.0.0.1:2465", "tls": "implicit"})
    configured.configure({"tls": {"certificates": [{"certificate": "certificate.pem", "key": "key.pem"}]}})
    code, out, errors = run("check", "--config", configured.file)
    assert (code, errors) == (0, "")
    assert '"min_version": "1.2"' in out and '"implicit"' in out
    configured.file.write_text(out)
    assert run("check", "--config", configured.file)[:2] == (0, out)


def test_check_makes_no_certificate(configured):
    assert run("check", "--config", configured.file)[0] == 0
    assert not list(configured.directory.glob("self-signed*"))
