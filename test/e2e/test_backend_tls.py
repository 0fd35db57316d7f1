"""backend.tls: what each mode makes of each backend. Nothing goes in plain that must not."""

import re
import ssl
import time

import pytest

from backend_tls import agree_and, start_tls
from certificates import Authority, Certificate, in_days
from fake_backend import close, reset, say, stall, write

MODES = ("opportunistic", "required", "verified")
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # handshake_failure, fatal (RFC 8446 §6)
HALF_A_RECORD = b"\x16\x03\x03\x00\x7a\x02\x00"


def demand_certificate(connection):
    """In TLS 1.3 the proxy's handshake is over before the server has its say about that."""
    settings = connection.backend.tls
    settings.verify_mode = ssl.CERT_REQUIRED
    return start_tls()(connection)


CASES = {  # its certificate, what it does at STARTTLS, what becomes of a message in each mode, why it isn't taken
    "offers no STARTTLS": (None, None, "plain 451 451", "STARTTLS"),
    "has a good certificate": ("good", None, "TLS TLS TLS", ""),
    "has one through another authority": ("intermediate", None, "TLS TLS TLS", ""),
    "has an RSA one": ("rsa", None, "TLS TLS TLS", ""),
    "has one for another name": ("other name", None, "TLS TLS 451", "mismatch"),
    "has an expired one": ("expired", None, "TLS TLS 451", "expired"),
    "has one of the future": ("future", None, "TLS TLS 451", "not yet valid"),
    "has one of an unknown authority": ("unknown", None, "TLS TLS 451", "issuer"),
    "has a self-signed one": ("self-signed", None, "TLS TLS 451", "self.signed"),
    "refuses STARTTLS": ("good", say("454 4.7.0 Not now"), "plain 451 451", "454 4.7.0 Not now"),
    "is busy at STARTTLS": ("good", close("421 4.3.2 Later"), "plain 451 451", "421 4.3.2 Later"),
    "closes at STARTTLS": ("good", close(), "plain 451 451", "STARTTLS"),
    "freezes at STARTTLS": ("good", stall(close()), "plain 451 451", "STARTTLS.*time"),
    "closes in the handshake": ("good", agree_and(close()), "plain 451 451", "TLS"),
    "resets in the handshake": ("good", agree_and(reset()), "plain 451 451", "TLS"),
    "ends the handshake with an alert": ("good", agree_and(write(ALERT)), "plain 451 451", "TLS.*alert"),
    "demands a certificate of ours": ("good", demand_certificate, "plain 451 451", ""),
    "speaks no TLS after all": ("good", agree_and(write(b"500 5.5.2 What?\r\n" * 9)), "plain 451 451", "TLS"),
    "freezes in the handshake": ("good", agree_and(stall(close())), "plain 451 451", "TLS.*time"),
    "freezes in a record": ("good", agree_and(stall(write(HALF_A_RECORD))), "plain 451 451", "TLS.*time"),
}


@pytest.fixture(scope="module")
def certificates(authority, tmp_path_factory):
    """By what is wrong with them."""
    elsewhere = tmp_path_factory.mktemp("certificates")
    stranger = Authority(elsewhere / "stranger")
    return {
        None: None,
        "good": authority.issue("127.0.0.1", "backend.example.org"),
        "intermediate": Authority(elsewhere / "intermediate", authority).issue("127.0.0.1"),
        "rsa": authority.issue("127.0.0.1", kind="rsa"),
        "other name": authority.issue("backend.example.org", "127.0.0.2"),
        "expired": authority.issue("127.0.0.1", begins=in_days(-9), ends=in_days(-1)),
        "future": authority.issue("127.0.0.1", begins=in_days(1), ends=in_days(9)),
        "unknown": stranger.issue("127.0.0.1"),
        "self-signed": Certificate(stranger.file, stranger.key, in_days(400)),
    }


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_with_each_backend(make_verifying, make_backend, certificates, mode, case):
    which, step, outcomes, why = CASES[case]
    outcome = dict(zip(MODES, outcomes.split()))[mode]
    backend = make_backend(certificate=certificates[which])
    if step:
        backend.script("STARTTLS", step, times=None)
    greygate = make_verifying(backend, ready=outcome != "451", tls=mode,
                              reply_timeout="3s" if "freezes" in case else "4m")
    with greygate.session() as client:
        reply = client.attempt("alice@example.com", "bob@example.org")
    {"451": refused, "TLS": in_tls, "plain": in_plain}[outcome](greygate, backend, reply, why)


@pytest.mark.parametrize("case", ["offers no STARTTLS", "has a good certificate", "refuses STARTTLS"])
def test_none_asks_nobody_for_tls(make_verifying, make_backend, certificates, case):
    which, step, *_ = CASES[case]
    backend = make_backend(certificate=certificates[which])
    if step:
        backend.script("STARTTLS", step, times=None)
    greygate = make_verifying(backend, tls="none")
    with greygate.session() as client:
        in_plain(greygate, backend, client.attempt("alice@example.com", "bob@example.org"))
    assert not any("STARTTLS" in each.lines() for each in backend.connections)


def test_a_frozen_handshake_leaves_time_to_go_on_in_plain(make_verifying, make_backend, certificates):
    """As the defaults have it, where reply_timeout is longer than open_timeout."""
    backend = make_backend(certificate=certificates["good"])
    backend.script("STARTTLS", agree_and(stall(close())), times=None)
    backend.script("connect", lambda _: time.sleep(0.5), times=None)  # a network's time; the greeting follows
    greygate = make_verifying(backend, ready=False, tls="opportunistic", open_timeout="12s")
    with greygate.session() as client:
        in_plain(greygate, backend, client.attempt("alice@example.com", "bob@example.org"))


def test_a_frozen_handshake_leaves_time_for_the_next_address(make_verifying, make_backend, certificates):
    frozen, well = (make_backend(certificate=certificates["good"]) for _ in range(2))
    frozen.script("STARTTLS", agree_and(stall(close())), times=None)
    greygate = make_verifying(frozen, well, open_timeout="12s")
    with greygate.session() as client:
        in_tls(greygate, well, client.attempt("alice@example.com", "bob@example.org"))
    nothing_in_plain(frozen)


def refused(greygate, backend, reply, why):
    assert (reply.code, reply.enhanced) == (451, "4.3.0")
    nothing_in_plain(backend)
    assert not backend.transactions
    (shown,) = greygate.status()["backends"]
    assert not shown["up"]
    assert re.search(why, shown["last_error"]), shown
    assert greygate.get("/readyz")[0] == 503


def in_tls(greygate, backend, reply, _why=""):
    assert reply.code == 250
    nothing_in_plain(backend)
    connection = backend.messages[0].connection
    assert [line.split(" ")[0] for line in connection.lines()[:4]] == ["EHLO", "STARTTLS", "EHLO", "MAIL"]
    (event,) = greygate.events("message", 1)
    assert event["backend_tls"] == connection.tls == "TLSv1.3 TLS_AES_256_GCM_SHA384"


def in_plain(greygate, backend, reply, _why=""):
    """On a connection on which nothing else was tried."""
    assert reply.code == 250
    connection = backend.messages[0].connection
    assert not connection.tls
    assert [line.split(" ")[0] for line in connection.lines()[:2]] == ["EHLO", "MAIL"]
    assert greygate.events("message", 1)[0]["backend_tls"] == "none"
    assert greygate.status()["backends"][0]["up"]


def nothing_in_plain(backend):
    """Nor were the proxy's own questions asked so."""
    said = {line.split(" ")[0] for connection in backend.connections for line in connection.plain}
    assert said <= {"EHLO", "STARTTLS", "QUIT"}
