"""What of TLS is spoken with clients: versions, ciphers, and what must not be."""

import ssl

import pytest

from openssl import ANYTHING, PERMISSIVE, Server, s_client, s_client_conversation
from smtp_client import Client, tls_settings
from tls_records import ALERT, HANDSHAKE, HANDSHAKE_FAILURE, PROTOCOL_VERSION, client_hello, first_record

MODERN = "TLS_AES_256_GCM_SHA384"


@pytest.fixture
def permissive(monkeypatch, tmp_path):
    """Nothing on the system forbids an old version: what greygate refuses, it refuses by itself."""
    (tmp_path / "openssl.cnf").write_text(PERMISSIVE)
    monkeypatch.setenv("OPENSSL_CONF", str(tmp_path / "openssl.cnf"))


@pytest.fixture
def rsa_greygate(permissive, make_greygate, backend, authority):
    return make_greygate(backend, tls={"certificates": [authority.issue("mx.example.org", kind="rsa").entry]})


@pytest.mark.parametrize("option, version", [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_versions_that_are_spoken(tls_greygate, authority, option, version):
    trust = ["-CAfile", str(authority.file), "-verify_return_error", "-verify_hostname", "mx.example.org"]
    assert s_client(tls_greygate.port, option, *trust).version == version


@pytest.mark.parametrize("option, version", [("-tls1", "TLSv1"), ("-tls1_1", "TLSv1.1")])
def test_older_versions_are_refused(rsa_greygate, authority, option, version):
    with Server(authority.issue("mx.example.org", kind="rsa"), *ANYTHING, option) as server:
        assert s_client(server.port, *ANYTHING, option, starttls=False).version == version  # this client can
    told = s_client(rsa_greygate.port, *ANYTHING, option)
    assert told.version == "" and "alert" in told.output, told.output


@pytest.mark.parametrize("version, answer", [(0x0303, HANDSHAKE), (0x0302, ALERT), (0x0301, ALERT), (0x0300, ALERT)])
def test_older_versions_are_refused_with_an_alert(rsa_greygate, version, answer):
    with rsa_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.send(client_hello(version, extensions=version > 0x0300))
        kind, octets = first_record(client)
        assert kind == answer
        if kind == ALERT:
            assert octets == bytes([2, PROTOCOL_VERSION if version > 0x0300 else HANDSHAKE_FAILURE])  # SSL 3 knew no better
            assert client.is_closed()


def test_a_refused_handshake_is_logged_and_counted(rsa_greygate):
    with rsa_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.send(client_hello(0x0302))
        assert first_record(client)[0] == ALERT
    (event,) = rsa_greygate.events("tls_handshake_failed", 1)
    assert (event["level"], event["client"]) == ("info", "127.0.0.1")
    assert event["session"] and "protocol" in event["reason"], event
    status = rsa_greygate.status()
    assert (status["tls"]["handshakes_failed"], status["connections"]["tls"]) == (1, 0)


def test_sslv2_is_refused(rsa_greygate):
    hello = b"\x01\x00\x02" + b"\x00\x06\x00\x00\x00\x10" + b"\x07\x00\xc0\x03\x00\x80" + bytes(16)
    with rsa_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.send(bytes([0x80, len(hello)]) + hello)
        answer = first_record(client)
        assert answer is None or answer[0] == ALERT
        assert client.is_closed()


def test_a_minimum_of_1_3_refuses_1_2(make_greygate, backend, certificate):
    greygate = make_greygate(backend, tls={"certificates": [certificate.entry], "min_version": "1.3"})
    assert s_client(greygate.port, "-tls1_2").version == ""
    assert s_client(greygate.port, "-tls1_3").version == "TLSv1.3"


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-GCM-SHA256"])
def test_senders_of_ten_years_ago_get_through(rsa_greygate, backend, cipher):
    """Microsoft's of 2012 had no GCM with RSA certificates: CBC is what they and we have in common."""
    with rsa_greygate.tls_session(tls_settings(version="TLSv1_2", ciphers=cipher)) as client:
        assert client.socket.cipher()[0] == cipher
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert rsa_greygate.events("message", 1)[0]["tls"] == f"TLSv1.2 {cipher}"


@pytest.mark.parametrize("cipher", ["NULL-SHA256", "ADH-AES128-SHA256", "AECDH-AES128-SHA", "ECDHE-RSA-NULL-SHA",
                                    "PSK-AES128-CBC-SHA", "RC4-SHA", "DES-CBC3-SHA"])
def test_ciphers_that_protect_nobody_are_refused(rsa_greygate, cipher):
    numbers = {"NULL-SHA256": 0x003B, "ADH-AES128-SHA256": 0x006C, "AECDH-AES128-SHA": 0xC018,
               "ECDHE-RSA-NULL-SHA": 0xC010, "PSK-AES128-CBC-SHA": 0x008C, "RC4-SHA": 0x0005, "DES-CBC3-SHA": 0x000A}
    with rsa_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.send(client_hello(0x0303, ciphers=[numbers[cipher]]))
        assert first_record(client) == (ALERT, bytes([2, HANDSHAKE_FAILURE]))
        assert client.is_closed()


def test_the_servers_order_of_ciphers_counts(rsa_greygate):
    """A client that names CBC first still gets what is better."""
    ciphers = "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256"
    with rsa_greygate.tls_session(tls_settings(version="TLSv1_2", ciphers=ciphers)) as client:
        assert client.socket.cipher()[0] == "ECDHE-RSA-AES128-GCM-SHA256"


def test_nothing_is_compressed(rsa_greygate):
    with rsa_greygate.session() as client:
        assert client.cmd("STARTTLS").code == 220
        client.send(client_hello(0x0303, compressions=(1, 0)))
        kind, hello = first_record(client)
    assert kind == HANDSHAKE and hello[0] == 2  # ServerHello
    length_of_session = hello[38]
    assert hello[39 + length_of_session + 2] == 0  # null, RFC 5246 §7.4.1.3


def test_a_client_can_not_renegotiate(tls_greygate, certificate):
    with Server(certificate, "-tls1_2", "-client_renegotiation") as server:
        with s_client_conversation(server.port, "-tls1_2", starttls=False) as client:
            client.hear("Verify return code")
            client.say("R")
            client.hear("RENEGOTIATING")
            client.say("through")
            server.hear("through")  # this client can
    with s_client_conversation(tls_greygate.port, "-tls1_2") as client:
        client.hear("Verify return code")
        client.say("R")
        assert "no renegotiation" in client.hear(":error:")


def test_a_session_outlives_a_change_of_keys(tls_greygate):
    """TLS 1.3's key update, in which reading makes the proxy write."""
    with s_client_conversation(tls_greygate.port, "-tls1_3") as client:
        client.hear("Verify return code")
        client.say("K")
        client.hear("KEYUPDATE")
        client.say("EHLO client.example.com")
        client.hear("250-mx.example.org")


def test_a_verifying_client_takes_the_certificate(tls_greygate, authority):
    with tls_greygate.tls_session(tls_settings(authority.file), "mx.example.org") as client:
        assert client.socket.version() == "TLSv1.3" and client.socket.cipher()[0] == MODERN
    with tls_greygate.session() as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(tls_settings(authority.file), "mx.example.net")


def test_certificates_between_ours_and_the_root_are_sent(make_greygate, backend, authority, tmp_path):
    intermediate = type(authority)(tmp_path / "intermediate", above=authority)
    greygate = make_greygate(backend, tls={"certificates": [intermediate.issue("mx.example.org").entry]})
    with greygate.tls_session(tls_settings(authority.file), "mx.example.org") as client:
        assert client.cmd("NOOP").code == 250


def test_without_tls_nothing_changes(tls_greygate):
    with Client(tls_greygate.port) as client:
        assert "STARTTLS" in client.keywords()
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    assert tls_greygate.events("message", 1)[0]["tls"] == "none"
