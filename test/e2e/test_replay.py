"""What a configuration would have done: a trace is judged by its own clock, without a proxy and without the network."""

import json
import subprocess

import pytest

from dns_server import DnsServer
from greygate import BINARY, run

MINUTE = 60
START = 1_795_338_000


def attempt(minutes, client, sender="alice@pool.example", recipient="bob@example.org", **evidence):
    return {"time": START + minutes * MINUTE, "client": client, "helo": "mail.pool.example", "sender": sender,
            "recipient": recipient, **evidence}


@pytest.fixture
def replay(directory):
    """replay(attempts, …, greylist={…}): the lines of --json and the summary."""
    def replay(lines, code=0, **settings):
        config = directory / "greygate.json"
        config.write_text(json.dumps({"backend": {"addresses": ["127.0.0.1:1"]}, "domains": ["example.org"],
                                      "store": {"path": "store"}, **settings}))
        trace = directory / "trace.jsonl"
        trace.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        ended, out, errors = run("replay", "--config", config, "--json", trace)
        assert ended == code, errors
        told = [json.loads(line) for line in out.splitlines()]
        return told[:-1], told[-1]["summary"], errors
    return replay


def test_a_trace_is_judged_by_its_own_clock(replay):
    told, summary, _ = replay([
        attempt(0, "192.0.2.7", spf="pass"),
        attempt(2, "198.51.100.7", spf="pass"),
        attempt(6, "203.0.113.7", spf="pass"),
        attempt(7, "203.0.113.7", spf="pass"),
        attempt(8, "203.0.113.8", sender="one-shot@spam.example"),
        attempt(9, "203.0.113.8", recipient="bob@example.com"),
    ])
    assert [(line["verdict"], line["action"]) for line in told] == [
        ("first_seen", "put_off"), ("too_early", "put_off"), ("retried", "pass"), ("known", "pass"),
        ("first_seen", "put_off"), ("relay_denied", "refuse")]
    assert told[0] == {"time": "2026-11-22T09:00:00.000Z", "client": "192.0.2.7", "sender": "alice@pool.example",
                       "recipient": "bob@example.org", "identity": "spf:pool.example", "verdict": "first_seen",
                       "action": "put_off", "rule": None}
    kinds = summary.pop("by_identity")
    assert summary.pop("by_rule") == {}
    assert summary == {"attempts": 6, "put_off": 3, "passed": 2, "refused": 1, "triplets": 2, "never_came_back": 1,
                       "delay_seconds": {"median": 360, "p95": 360, "max": 360}}
    assert (kinds["spf"]["never_came_back"], kinds["network"]["never_came_back"]) == (0, 1)


@pytest.mark.parametrize("greylist, verdicts", [
    ({"identity": ["network"]}, ["first_seen", "first_seen"]),
    ({"identity": ["network"], "client_prefix": {"ipv4": 0}}, ["first_seen", "retried"]),
    ({"delay": "1h"}, ["first_seen", "too_early"]),
    ({"mode": "off"}, ["off", "off"]),
])
def test_the_configuration_decides(replay, greylist, verdicts):
    told, _, _ = replay([attempt(0, "192.0.2.7", spf="pass"), attempt(6, "198.51.100.7", spf="pass")], greylist=greylist)
    assert [line["verdict"] for line in told] == verdicts


def test_names_of_the_trace_are_matched_without_asking_the_dns(replay):
    told, _, _ = replay([attempt(0, "192.0.2.7", rdns="mail.pool.example"), attempt(0, "192.0.2.8")],
                        allow={"clients": [".pool.example"]}, dns={"servers": ["127.0.0.1:1"]})
    assert [line["verdict"] for line in told] == ["allow_client", "first_seen"]


def test_lines_that_are_wrong_are_named_and_the_others_judged(replay):
    told, summary, errors = replay([attempt(0, "192.0.2.7"), "nonsense", attempt(0, "mail.example")], code=1)
    assert (len(told), summary["attempts"]) == (1, 1)
    assert "trace.jsonl, line 2: expected a JSON object" in errors
    assert 'trace.jsonl, line 3: client: expected an IP address, got "mail.example"' in errors


def test_our_own_log_is_a_trace(make_greygate, backend, directory):
    with DnsServer() as dns:
        dns.add("pool.example", TXT=["v=spf1 ip4:127.0.1.0/24 ip4:127.0.2.0/24 -all"])
        greygate = make_greygate(backend, dns={"enabled": True, "servers": [dns.address]},
                                 greylist={"delay": "0s", "identity": ["spf", "rdns", "network"]})
        for source in ("127.0.1.9", "127.0.2.9", "127.0.1.9", "127.0.3.9"):
            with greygate.session(source=source) as client:
                client.attempt("alice@pool.example", "bob@example.org")
        lived = [(event["identity"], event["verdict"]) for event in greygate.events("recipient", 4)]
        greygate.stop()
    log = directory / "log.jsonl"
    log.write_text(greygate.log())
    code, out, errors = run("replay", "--config", greygate.file, "--json", log)
    assert code == 0, errors
    told = [json.loads(line) for line in out.splitlines()]
    assert [(line["identity"], line["verdict"]) for line in told[:-1]] == lived
    assert told[-1]["summary"]["attempts"] == 4


@pytest.mark.parametrize("evidence, rule", [
    ({}, "unknown"), ({"rdns": ""}, "unknown"), ({"rdns": None, "spf": None}, "unknown"), ({"fcrdns": "fail"}, "liar"),
    ({"rdns": "mail.pool.example", "spf": ""}, None), ({"rdns": "mail.pool.example", "spf": "FAIL"}, "forged"),
    ({"rdns": "mail.pool.example", "spf": "hardfail"}, None), ({"rdns": "mail.pool.example", "tls": "1.2"}, "old")])
def test_evidence(replay, evidence, rule):
    told, _, _ = replay([attempt(0, "192.0.2.7", **evidence)], rules=[
        {"name": "unknown", "when": {"fcrdns": "error"}, "action": "put_off"},
        {"name": "liar", "when": {"fcrdns": "fail"}, "action": "put_off"},
        {"name": "forged", "when": {"spf": "fail"}, "action": "put_off"},
        {"name": "old", "when": {"tls": "1.2"}, "action": "put_off"}])
    assert told[0]["rule"] == rule


def test_the_dns_says_nothing_of_a_gateway(replay):
    told, _, _ = replay([attempt(0, "172.17.0.1", fcrdns="none", spf="fail")],
                        rules=[{"name": "strict", "when": {"fcrdns": "none"}, "action": "block"}])
    assert told[0]["verdict"] == "first_seen"


def test_rules_have_their_say(replay):
    told, summary, _ = replay(
        [attempt(0, "192.0.2.7", rdns="mail.pool.example", spf="fail"), attempt(1, "192.0.2.7", rdns="", fcrdns="none"),
         attempt(2, "192.0.2.7", rdns="mail.pool.example"), attempt(3, "192.0.2.7"), attempt(14, "192.0.2.7")],
        rules=[{"name": "forged", "when": {"spf": "fail"}, "action": "put_off"},
               {"name": "no name", "when": {"fcrdns": "none"}, "action": "block"},
               {"name": "pool", "when": {"rdns": "*.pool.example"}, "action": "allow"},
               {"name": "patience", "when": {"fcrdns": "error"}, "action": "greylist", "delay": "10m"}])
    assert [(line["rule"], line["verdict"], line["action"]) for line in told] == [
        ("forged", "rule_put_off", "put_off"), ("no name", "rule_block", "refuse"), ("pool", "rule_allow", "pass"),
        ("patience", "first_seen", "put_off"), ("patience", "retried", "pass")]
    assert summary["by_rule"]["patience"] == {"attempts": 2, "put_off": 1, "passed": 1, "refused": 0}
    assert summary["delay_seconds"]["max"] == 660


def test_for_people_and_from_stdin(directory):
    config = directory / "greygate.json"
    config.write_text(json.dumps({"backend": {"addresses": ["127.0.0.1:1"]}, "domains": ["example.org"]}))
    lines = [attempt(0, "192.0.2.7"), attempt(6, "192.0.2.8")]
    done = subprocess.run([BINARY, "replay", "--config", str(config), "-"], capture_output=True, text=True, check=True,
                          input="".join(json.dumps(line) + "\n" for line in lines))
    rows = done.stdout.splitlines()
    assert rows[0].split() == ["TIME", "VERDICT", "ACTION", "RULE", "CLIENT", "IDENTITY", "SENDER", "RECIPIENT"]
    assert rows[2].split()[2:6] == ["retried", "pass", "-", "192.0.2.8"]
    assert "2 attempts: 1 put off, 1 passed, 0 refused" in done.stdout
    assert "1 triplets had to wait: 1 came back in time, delayed by 6m (median)" in done.stdout


def test_what_keeps_it_from_beginning(directory):
    config = directory / "greygate.json"
    config.write_text(json.dumps({"domains": ["example.org"], "greylist": {"dellay": "1m"}}))
    code, _, errors = run("replay", "--config", config, "-")
    assert code == 1 and "greylist.dellay" in errors
    config.write_text(json.dumps({"backend": {"addresses": ["127.0.0.1:1"]}, "domains": ["example.org"]}))
    code, _, errors = run("replay", "--config", config, directory / "nowhere")
    assert code == 1 and "nowhere: No such file or directory" in errors
    assert run("replay", "--config", config)[0] == 2


def test_traps_rates_and_reputations_are_those_of_the_trace(replay):
    def lines(*recipients, start=0):
        return [attempt(start + n, "192.0.2.7") | {"recipient": recipient} for n, recipient in enumerate(recipients)]
    rules = [{"name": "often", "when": {"rate": "2/1h"}, "action": "put_off"}]
    traced = lines("bob@example.org", "trap@example.org", "carol@example.org", start=0)
    told, _, _ = replay(traced, greylist={"traps": ["trap@example.org"]})
    assert [line["verdict"] for line in told] == ["first_seen", "trap", "trap"]
    told, summary, _ = replay(traced, greylist={"traps": ["trap@example.org"]}, rules=rules)
    assert [line["verdict"] for line in told] == ["first_seen", "trap", "rule_put_off"]
    traced = [line for n in range(5) for line in lines(f"{n}@example.org", start=n) + lines(f"{n}@example.org", start=n + 6)]
    traced.sort(key=lambda line: line["time"])
    proven = [{"name": "proven", "when": {"reputation": "good"}, "action": "allow"}]
    told, summary, _ = replay(traced + lines("new@example.org", start=20), rules=proven, greylist={"auto_allow_after": 0})
    assert [line["verdict"] for line in told] == ["first_seen"] * 5 + ["retried"] * 5 + ["rule_allow"]
