"""Which certificate a client gets, and how one is known to end soon."""

import os
import pwd
import ssl
import stat

import pytest

from certificates import fingerprint, in_days
from openssl import s_client
from smtp_client import tls_settings


def shown(greygate, name=None, tls=None):
    """The fingerprint of the certificate that a client gets who asks for that name."""
    with greygate.session().starttls(tls, name) as client:
        return fingerprint(client.socket.getpeercert(True))


@pytest.fixture(scope="module")
def certificates(authority):
    return {"first": authority.issue("mx.example.org", "mx1.example.org"), "second": authority.issue("mx.example.com"),
            "wild": authority.issue("*.example.net", "example.net")}


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_name_asked_for_picks_the_certificate(make_greygate, backend, certificates, version):
    greygate = make_greygate(backend, tls={"certificates": [each.entry for each in certificates.values()]})
    for name, expected in [
        ("mx.example.org", "first"),
        ("mx1.example.org", "first"),
        ("mx.example.com", "second"),
        ("MX.Example.COM", "second"),
        ("example.net", "wild"),
        ("mx.example.net", "wild"),
        ("MX.EXAMPLE.NET", "wild"),
        ("deep.mx.example.net", "first"),  # a wildcard is one label, RFC 6125 §6.4.3
        ("elsewhere.example", "first"),
        (None, "first"),
    ]:
        assert shown(greygate, name, tls_settings(version=version)) == certificates[expected].fingerprint, name


def test_an_exact_name_comes_before_a_wildcard(make_greygate, backend, authority, certificates):
    exact = authority.issue("mx.example.net")
    greygate = make_greygate(backend, tls={"certificates": [each.entry for each in (
        certificates["first"], certificates["wild"], exact)]})
    assert shown(greygate, "mx.example.net") == exact.fingerprint
    assert shown(greygate, "other.example.net") == certificates["wild"].fingerprint


@pytest.mark.parametrize("order", [("rsa", "ecdsa"), ("ecdsa", "rsa")])
def test_ecdsa_and_rsa_side_by_side(make_greygate, backend, authority, order):
    pair = {kind: authority.issue("mx.example.org", kind=kind) for kind in order}
    other = authority.issue("mx.example.com")
    greygate = make_greygate(backend, tls={"certificates": [pair[kind].entry for kind in order] + [other.entry]})
    for options, signature in [
        (["-tls1_3"], "ECDSA"),
        (["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"], "RSA-PSS"),
        (["-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"], "ECDSA"),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDSA"),
        (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-sigalgs", "RSA-PSS+SHA256"], "RSA-PSS"),
        (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA", "-sigalgs", "RSA+SHA256"], "RSA"),
    ]:
        for name in (["-servername", "mx.example.org"], ["-servername", "elsewhere.example"], ["-noservername"]):
            told = s_client(greygate.port, *options, *name)
            assert told.signature == signature, (options, name, told.output)
            assert "mx.example.org" in told.output


def test_one_that_ends_soon_is_warned_about(make_greygate, backend, authority):
    soon, later = authority.issue("mx.example.org", ends=in_days(5)), authority.issue("mx.example.com", ends=in_days(30))
    greygate = make_greygate(backend, tls={"certificates": [soon.entry, later.entry]})
    status = greygate.status()
    assert status["tls"]["certificates"] == [
        {"certificate": str(each.certificate), "names": [name], "expires": f"{each.ends:%Y-%m-%dT%H:%M:%SZ}"}
        for each, name in ((soon, "mx.example.org"), (later, "mx.example.com"))]
    (warning,) = [each for each in status["warnings"] if "certificate" in each]
    assert str(soon.certificate) in warning
    (event,) = greygate.events("certificate_expires", 1)
    assert (event["level"], event["certificate"]) == ("warning", str(soon.certificate))
    assert event["expires"] == f"{soon.ends:%Y-%m-%dT%H:%M:%SZ}"


def test_one_that_has_ended_is_warned_about_and_used(make_greygate, backend, authority):
    """Most senders don't look; mail in TLS with an old certificate is better than none."""
    ended = authority.issue("mx.example.org", begins=in_days(-60), ends=in_days(-1))
    greygate = make_greygate(backend, tls={"certificates": [ended.entry]})
    assert any(str(ended.certificate) in each for each in greygate.status()["warnings"])
    assert greygate.events("certificate_expires", 1, level="warning")
    assert shown(greygate) == ended.fingerprint


def test_a_renewal_ends_the_warning(make_greygate, backend, authority):
    place = authority.issue("mx.example.org", ends=in_days(5))
    greygate = make_greygate(backend, tls={"certificates": [place.entry]})
    assert any(str(place.certificate) in each for each in greygate.status()["warnings"])
    renewed = authority.issue("mx.example.org")
    renewed.put_at(place)
    greygate.reload()
    status = greygate.status()
    assert not any(str(place.certificate) in each for each in status["warnings"])
    assert status["tls"]["certificates"][0]["expires"] == f"{renewed.ends:%Y-%m-%dT%H:%M:%SZ}"


# With none given

def test_one_of_its_own_is_made_at_the_first_start_and_kept(make_greygate, backend):
    greygate = make_greygate(backend)
    certificate, key = greygate.directory / "self-signed.crt", greygate.directory / "self-signed.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    (event,) = greygate.events("self_signed_certificate", 1)
    assert (event["level"], event["certificate"]) == ("info", str(certificate))
    (listed,) = greygate.status()["tls"]["certificates"]
    assert listed == {"certificate": str(certificate), "names": ["mx.example.org"], "expires": event["expires"]}
    assert not greygate.status()["warnings"]
    first = shown(greygate)
    assert first == fingerprint(certificate)
    assert greygate.stop() == 0
    greygate.start()
    assert shown(greygate) == first
    assert [each["made"] for each in greygate.events("self_signed_certificate", 2)] == ["now", "before"]


@pytest.mark.parametrize("name", ["self-signed.crt", "self-signed.key"])
def test_one_of_its_own_that_is_damaged_is_made_anew(make_greygate, backend, name):
    greygate = make_greygate(backend)
    first = shown(greygate)
    assert greygate.stop() == 0
    (greygate.directory / name).write_bytes(b"damaged")
    greygate.start()
    second = shown(greygate)
    assert second != first
    assert second == fingerprint(greygate.directory / "self-signed.crt")
    assert stat.S_IMODE((greygate.directory / "self-signed.key").stat().st_mode) == 0o600


def test_one_of_its_own_that_can_not_be_kept_serves_all_the_same(make_greygate, backend):
    greygate = make_greygate(backend, ready=False, store={"path": "/proc/greygate/store"})
    (event,) = greygate.events("self_signed_certificate", 1)
    assert event["level"] == "warning" and "/proc/greygate/self-signed" in event["not_kept"]
    with greygate.session().starttls() as client:
        assert client.ehlo().code == 250


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_one_of_its_own_is_the_users(make_greygate, backend):
    """Root binds, then becomes this user, who must be able to read the files at each reload."""
    greygate = make_greygate(backend, start=False, user="nobody")
    os.chown(greygate.directory, pwd.getpwnam("nobody").pw_uid, -1)
    greygate.start()
    first = shown(greygate)
    greygate.reload()
    assert not greygate.events("reload_failed")
    assert [each["made"] for each in greygate.events("self_signed_certificate", 2)] == ["now", "before"]
    assert shown(greygate) == first


def test_its_own_one_bears_its_name(make_greygate, backend):
    greygate = make_greygate(backend)
    trust = tls_settings(greygate.directory / "self-signed.crt")
    with greygate.session().starttls(trust, "mx.example.org") as client:
        assert client.ehlo().code == 250
    with greygate.session() as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(trust, "elsewhere.example")


def test_none_of_its_own_is_made_where_one_is_given(tls_greygate):
    assert not list(tls_greygate.directory.glob("self-signed*"))
    assert not tls_greygate.events("self_signed_certificate")
