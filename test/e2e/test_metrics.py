"""/metrics: one conversation of every kind, and the exact number that it leaves behind in each metric."""

import http.client
import json
import pathlib
import re
import time

import pytest

import metrics
from fake_backend import close, say, stall
from smtp_client import Client, tls_settings
from wait import PATIENCE, wait_for

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
ALICE, BOB = "alice@example.com", "bob@example.org"


@pytest.fixture
def proxy(make_greygate, backend, certificate):
    return make_greygate(backend, greylist={"delay": "0s"}, block={"senders": ["evil@example.com"]},
                         limits={"connections_per_client": 1}, tls={"certificates": [certificate.entry]})


def plain_session(proxy, backend):
    """Every kind of recipient and of message. Replies: 220, 250 for EHLO, then as noted, then 221."""
    with proxy.session(source="127.0.0.2") as client:
        client.attempt(ALICE, BOB)  # 250 450 250: first_seen, put off
        client.attempt(ALICE, BOB, b"hello\r\n")  # 250 250 354 250: retried, relayed
        client.attempt(ALICE, "pass@example.org", b"hello\r\n")  # 250 250 354 250: allow_recipient, relayed
        backend.script("EOD", say("554 5.6.0 Not this"))
        client.attempt(ALICE, BOB)  # 250 250 354 554: known, refused
        backend.script("RCPT", say("550 5.1.1 Who?"))
        client.attempt(ALICE, BOB)  # 250 550 250: known, passed on all the same
        client.attempt("evil@example.com", BOB)  # 250 554 250: block_sender
        client.attempt(ALICE, "bob@elsewhere.example")  # 250 550 250: relay_denied
        client.attempt(ALICE, "bob%elsewhere.example@example.org")  # 250 550 250: unsafe_recipient
        client.attempt(ALICE, "bøb@example.org")  # 250 553 250: needs_smtputf8
        backend.script("EOD", close())
        client.attempt(ALICE, BOB)  # 250 250 354 451: known, unknown
        client.cmd("QUIT")


def tls_sessions(proxy):
    """One that works: 220 250 220 250 221; one that doesn't: 220 250 220."""
    with proxy.tls_session(tls_settings(version="TLSv1_2", ciphers="ECDHE-ECDSA-AES256-GCM-SHA384"),
                           source="127.0.0.3") as client:
        client.cmd("QUIT")
    with proxy.session(source="127.0.0.4") as client:
        client.cmd("STARTTLS")
        client.send(b"no handshake\r\n\r\n")
        assert client.is_closed()


def test_every_number_of_a_scripted_scenario(proxy, backend, certificate):
    plain_session(proxy, backend)
    tls_sessions(proxy)
    held = Client(proxy.port, source="127.0.0.5")  # 220
    assert Client(proxy.port, source="127.0.0.5").greeting.code == 421  # one more than a client may have

    counted = {
        "greygate_draining": {"": 0},
        "greygate_log_lines_dropped_total": {"": 0},
        "greygate_connections_total": {"": 5},
        "greygate_connections_refused_total": {"": 1},
        "greygate_connections_open": {"": 1},
        "greygate_recipients_total": {
            "first_seen": 1, "too_early": 0, "retried": 1, "known": 3, "auto_allowed": 0,
            "allow_client": 0, "allow_sender": 0, "allow_recipient": 1,
            "block_client": 0, "block_sender": 1, "block_recipient": 0, "store_failure": 0, "off": 0,
            "rule_allow": 0, "rule_block": 0, "rule_put_off": 0, "dns_allow": 0, "trap": 0, "unknown_recipient": 0,
            "relay_denied": 1, "unsafe_recipient": 1, "needs_smtputf8": 1},
        "greygate_recipient_actions_total": {"put_off": 1, "passed": 5, "refused": 4},
        "greygate_messages_total": {"relayed": 2, "refused": 1, "unknown": 1},
        "greygate_message_bytes_total": {"": 14},
        "greygate_replies_total": {"220": 6, "221": 2, "250": 26, "354": 4, "421": 1, "450": 1, "451": 1, "550": 3, "553": 1,
                                   "554": 2},
        "greygate_backend_up": {backend.address: 1},
        "greygate_backend_connections_open": {backend.address: 0},
        "greygate_backend_connections_pooled": {backend.address: 0},
        "greygate_backend_connections_reused_total": {backend.address: 0},
        "greygate_backend_failures_total": {backend.address: 0},
        "greygate_store_ok": {"": 1},
        "greygate_store_errors_total": {"": 0},
        "greygate_tls_handshakes_total": {("client", "TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"): 1},
        "greygate_tls_handshakes_failed_total": {"client": 1, "backend": 0},
    }

    def found():
        read = metrics.read(proxy)
        return {name: {plain(labels): value for labels, value in read.of(name).items()} for name in counted}

    def open_now():
        return [found()[f"greygate_{what}connections_open"] for what in ("", "backend_")]

    wait_for("the ends of all but one", lambda: open_now() == [{"": 1}, {backend.address: 0}])
    assert found() == counted
    held.close()

    read = metrics.read(proxy)
    # The client waited for an answer to each of its flights: all but the greetings and the 421 answer one.
    answers = sum(counted["greygate_replies_total"].values()) - 4 - 1
    assert read["greygate_reply_duration_seconds_count"] == answers
    assert read["greygate_added_latency_seconds_count"] == answers
    assert 0 < read["greygate_added_latency_seconds_sum"] < read["greygate_reply_duration_seconds_sum"]
    assert read["greygate_store_lookup_duration_seconds_count"] == 5
    assert read["greygate_delay_until_passed_seconds_count"] == 1
    ((labels, ends),) = read.of("greygate_certificate_expiry_timestamp_seconds").items()
    assert plain(labels) == certificate.entry["certificate"]
    assert ends > time.time()
    assert time.time() - 2 * PATIENCE < read["process_start_time_seconds"] <= time.time()
    ((labels, one),) = read.of("greygate_build_info").items()
    assert (plain(labels), one) == (proxy.status()["version"], 1)


def plain(labels):
    """The values of labels: of one alone, of several as a tuple."""
    values = tuple(re.findall(r'="([^"]*)"', labels))
    return values[0] if len(values) == 1 else values or ""


def test_every_metric_is_named_for_what_it_is(proxy):
    types = metrics.read(proxy).types
    assert all(name.startswith(("greygate_", "process_")) for name in types)
    assert {name for name, kind in types.items() if kind == "counter"} == {name for name in types if name.endswith("_total")}
    assert all(name.endswith("_seconds") for name, kind in types.items() if kind == "histogram")


def test_what_the_backend_takes_is_not_added_latency(make_greygate, backend):
    proxy = make_greygate(backend, greylist={"mode": "off"})
    backend.script("EOD", stall())
    with proxy.session() as client:
        client.mail(ALICE)
        client.rcpt(BOB)
        client.cmd("DATA")
        client.send(b"hello\r\n.\r\n")
        assert backend.stalled.wait(PATIENCE)
        time.sleep(0.3)  # the backend takes its time
        backend.release()
        assert client.reply().code == 250
    read = metrics.read(proxy)
    backends_share = read["greygate_reply_duration_seconds_sum"] - read["greygate_added_latency_seconds_sum"]
    assert backends_share >= 0.3


def test_how_long_what_passed_had_to_wait(make_greygate, backend):
    proxy = make_greygate(backend, greylist={"delay": "1s"})
    with proxy.session() as client:
        wait_for("the retry to pass", lambda: client.attempt(ALICE, BOB).code == 250)
    read = metrics.read(proxy)
    assert read["greygate_delay_until_passed_seconds_count"] == 1
    assert 1 <= read["greygate_delay_until_passed_seconds_sum"] < 500  # seconds, not milliseconds


def test_a_dead_backend_and_a_drain(make_greygate, make_backend):
    backend = make_backend()
    backend.clean_up()
    proxy = make_greygate(backend, ready=False)
    wait_for("the backend to fail", lambda: proxy.status()["backends"][0]["failures"])
    read = metrics.read(proxy)
    assert read[f'greygate_backend_up{{address="{backend.address}"}}'] == 0
    assert read[f'greygate_backend_failures_total{{address="{backend.address}"}}'] >= 1
    with proxy.session() as client:
        client.mail()
        proxy.terminate()
        wait_for("the drain", lambda: metrics.read(proxy)["greygate_draining"] == 1)


def test_prometheus_is_told_the_format(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.status_port, timeout=PATIENCE)
    connection.request("GET", "/metrics")
    assert connection.getresponse().headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    connection.close()


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_alerts_and_dashboard_speak_of_metrics_that_exist(proxy, name):
    text = (DEPLOY / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        queries = [target["expr"] for panel in json.loads(text)["panels"] for target in panel.get("targets", ())]
        assert len(queries) > 10
        text = "\n".join(queries)
    types = metrics.read(proxy).types
    known = set(types)
    for metric, kind in types.items():
        if kind == "histogram":
            known |= {metric + suffix for suffix in ("_bucket", "_sum", "_count")}
    named = set(re.findall(r"\b(?:greygate|process)_[a-z0-9_]+", text))
    assert len(named) >= 8
    assert named <= known, named - known
