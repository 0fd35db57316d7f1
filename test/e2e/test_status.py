"""The status page: what monitoring relies on."""

import socket

import pytest

WORDS = {"first_seen", "too_early", "retried", "known", "auto_allowed", "allow_client", "allow_sender", "allow_recipient",
         "block_client", "block_sender", "block_recipient", "store_failure", "off",
         "rule_allow", "rule_block", "rule_put_off", "dns_allow", "trap", "unknown_recipient"}


@pytest.fixture
def busy(make_greygate, backend):
    """A proxy that has put one recipient off, passed two, refused two, and relayed two messages."""
    greygate = make_greygate(backend, greylist={"delay": "0s"}, block={"senders": ["evil@example.com"]})
    with greygate.session() as client:
        client.attempt("alice@example.com", "bob@example.org")
        assert client.attempt("alice@example.com", "bob@example.org", b"hello\r\n").code == 250
        assert client.attempt("alice@example.com", "pass@example.org", b"hello\r\n").code == 250
        client.attempt("evil@example.com", "bob@example.org")
        client.attempt("alice@example.com", "bob@elsewhere.example")
    greygate.events("message", 2)
    return greygate


def test_status_has_every_part(greygate):
    status = greygate.status()
    assert status["program"] == "greygate" and status["version"]
    assert status["hostname"] == "mx.example.org"
    assert status["state"] == "running"
    assert status["uptime_seconds"] >= 0
    assert status["warnings"] == []
    assert set(status["connections"]) >= {"open", "accepted", "refused", "tls"}
    assert set(status["recipients"]) >= {"put_off", "passed", "refused", "verdicts"}
    assert set(status["messages"]) >= {"relayed", "refused", "unknown", "bytes"}
    assert set(status["backends"][0]) >= {"address", "up", "open", "failures", "last_error"}
    assert status["greylist"] == {**status["greylist"], "mode": "enforce", "delay": "1s", "retry_window": "2d",
                                  "lifetime": "36d"}
    assert set(status["store"]) >= {"engine", "ok", "entries_estimate", "bytes", "errors", "problem", "stand_in"}
    assert (status["store"]["engine"], status["store"]["ok"]) == ("rocksdb", True)
    assert set(status["recipients"]["verdicts"]) >= WORDS


def test_status_counts(busy, backend):
    status = busy.status()
    recipients = status["recipients"]
    assert (recipients["put_off"], recipients["passed"], recipients["refused"]) == (1, 2, 2)
    counted = {word: number for word, number in recipients["verdicts"].items() if number}
    assert {"first_seen": 1, "retried": 1, "allow_recipient": 1, "block_sender": 1}.items() <= counted.items()
    assert (status["messages"]["relayed"], status["messages"]["bytes"]) == (2, 14)
    assert status["backends"][0]["up"] is True
    assert status["backends"][0]["address"] == backend.address


def test_open_connections_are_counted(greygate):
    before = greygate.status()["connections"]
    with greygate.session(), greygate.session():
        now = greygate.status()["connections"]
        assert now["open"] - before["open"] == 2
        assert now["accepted"] - before["accepted"] == 2


def test_health_and_readiness(greygate):
    assert greygate.get("/healthz")[0] == 200
    assert greygate.get("/readyz")[0] == 200


def test_a_dead_backend_is_no_ill_health(make_greygate, make_backend):
    backend = make_backend()
    backend.clean_up()
    greygate = make_greygate(backend, ready=False)
    assert greygate.get("/healthz")[0] == 200
    code, reasons = greygate.get("/readyz")
    assert code == 503 and "backend" in reasons
    assert greygate.status()["backends"][0]["up"] is False


@pytest.mark.parametrize("path, method, code", [
    ("/nothing", "GET", 404),
    ("/status/", "GET", 404),
    ("/../etc/passwd", "GET", 404),
    ("/status", "POST", 405),
    ("/status", "DELETE", 405),
    ("/status", "HEAD", 200),
])
def test_only_reading(greygate, path, method, code):
    assert greygate.get(path, method)[0] == code


def test_nonsense_and_silence_on_the_port_harm_nobody(greygate):
    silent = [socket.create_connection(("127.0.0.1", greygate.status_port)) for _ in range(20)]
    with socket.create_connection(("127.0.0.1", greygate.status_port)) as rude:
        rude.sendall(b"\xff\0" * 5000)
    assert greygate.get("/healthz")[0] == 200
    with greygate.session() as client:
        assert client.cmd("NOOP").code == 250
    for each in silent:
        each.close()


def test_text_of_peers_cannot_break_the_log(greygate):
    with greygate.session('"><script>alert(1)</script>') as client:
        client.attempt('"x\\"y"@example.com', "bob@example.org")
        client.cmd(b"MAIL FROM:<\xff\xfe@example.com>")
    (event,) = greygate.events("recipient", 1)  # each line was valid JSON
    assert event["helo"] == '"><script>alert(1)</script>'
