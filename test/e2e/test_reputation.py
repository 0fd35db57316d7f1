"""How clients behave: reputations, rates and traps."""

import pytest

from fake_backend import say

SENDER, RECIPIENT, TRAP = "alice@example.com", "bob@example.org", "trap@example.org"
HERE, NEIGHBOUR, THERE = "127.0.1.9", "127.0.1.77", "127.0.2.9"  # in two networks
NETWORK = "127.0.1.0/24"


@pytest.fixture
def make(make_greygate, backend):
    def make(*rules, delay="1h", **greylist):
        return make_greygate(backend, rules=list(rules),
                             greylist={"delay": delay, "identity": ["network"], "auto_allow_after": 0, **greylist})
    return make


def attempt(greygate, source=HERE, sender=SENDER, recipient=RECIPIENT):
    """The reply and what the log says of it."""
    seen = len(greygate.events("recipient"))
    with greygate.session(source=source) as client:
        reply = client.attempt(sender, recipient)
    return reply, greygate.events("recipient", seen + 1)[seen]


def behave(greygate, times=3, source=HERE):
    """So many triplets that come back; the delay is none."""
    for number in range(times):
        for code in (450, 250):
            assert attempt(greygate, source, sender=f"{number}@good.example")[0].code == code


def reputation(greygate, client=HERE):
    """As explain has it: the standing, and why."""
    (told,) = greygate.ask_json("explain", "--client", client, "--sender", SENDER, "--recipient", RECIPIENT)
    found = [step for step in told["steps"] if step.startswith("the reputation of")]
    return found[0] if found else None


GOOD = {"name": "proven", "when": {"reputation": "good"}, "action": "allow"}
BAD = {"name": "notorious", "when": {"reputation": "bad"}, "action": "block"}


def test_who_behaves_loses_the_delay_and_who_turns_bad_gets_it_back(make, backend):
    greygate = make(GOOD, delay="0s")
    assert reputation(greygate) is None
    behave(greygate, 5)
    assert reputation(greygate) == f"the reputation of {HERE} is good: of late, 5 retries, 5 messages delivered"
    reply, event = attempt(greygate, sender="new@good.example")
    assert (reply.code, event["verdict"], event["rule"]) == (250, "rule_allow", "proven")
    for stranger in (NEIGHBOUR, THERE):
        assert attempt(greygate, stranger, sender="new@good.example")[0].code == 450

    backend.script("RCPT", say("550 5.1.1 No such user"), times=None)
    for number in range(6):
        assert attempt(greygate, sender=f"{number}@worse.example", recipient=f"{number}@example.org")[0].code in (450, 550)
    backend.unscript()
    reply, event = attempt(greygate, sender="newer@good.example")
    assert (reply.code, event["verdict"]) == (450, "first_seen")
    assert "is unknown: of late, " in reputation(greygate)


@pytest.mark.parametrize("stage, reply, deed", [
    ("RCPT", "550 5.1.1 No such user", "6 unknown recipients"),
    ("RCPT", "550 5.7.1 Not from you", None),
    ("RCPT", "450 4.2.1 Later", None),
    ("EOD", "554 5.7.1 Spam", "6 messages refused by the mail server"),
    ("EOD", "451 4.3.0 Later", None),
])
def test_what_the_backend_says_tells_bad_from_good(make, backend, stage, reply, deed):
    greygate = make(delay="0s")
    backend.script(stage, say(reply), times=None)
    for number in range(6):
        for _ in range(2):
            attempt(greygate, sender=f"{number}@bad.example")
    told = reputation(greygate)
    assert deed in told if deed else not any(word in told for word in ("recipients", "refused")), told


def test_a_rule_refuses_who_turned_bad_and_no_neighbour(make, backend):
    greygate = make(BAD, delay="0s")
    backend.script("RCPT", say("550 5.1.1 No such user"), times=None)
    for number in range(3):
        for code in (450, 550):
            assert attempt(greygate, sender=f"{number}@bad.example")[0].code == code
    reply, event = attempt(greygate)
    assert (reply.code, event["verdict"], event["rule"]) == (554, "rule_block", "notorious")
    assert attempt(greygate, NEIGHBOUR)[0].code == 450


def test_old_addresses_of_one_list_are_one_deed(make, backend):
    greygate = make(BAD, delay="0s")
    backend.script("RCPT", say("550 5.1.1 No such user"), times=None)
    for code in (450, 550):
        with greygate.session(source=HERE) as client:
            client.mail(SENDER)
            assert [client.rcpt(f"{n}@example.org").code for n in range(4)] == [code] * 4
    assert "1 unknown recipient" in reputation(greygate)


def test_nobody_is_blamed_while_the_dns_is_silent(make_greygate, backend, dns):
    greygate = make_greygate(backend, rules=[BAD], greylist={"delay": "0s", "identity": ["spf", "network"]},
                             dns={"enabled": True, "servers": [dns.address], "timeout": "500ms"})
    dns.add("bad.example", TXT=["v=spf1 -all"])
    backend.script("RCPT", say("550 5.1.1 No such user"), times=None)
    for number in range(3):
        for code in (450, 550):
            assert attempt(greygate, sender=f"{number}@bad.example")[0].code == code
    assert attempt(greygate, sender="new@bad.example")[0].code == 554
    dns.fault("pool.example", "servfail")
    assert attempt(greygate, sender="new@pool.example")[1]["verdict"] == "first_seen"


def test_reputations_survive_a_restart_and_belong_to_who_was_proved(make_greygate, backend, dns):
    domain = "pool.example"
    dns.add(domain, TXT=["v=spf1 ip4:127.0.0.0/16 -all"])
    greygate = make_greygate(backend, rules=[GOOD], greylist={"delay": "0s", "identity": ["spf", "network"]},
                             dns={"enabled": True, "servers": [dns.address]})
    for number in range(5):
        for code in (450, 250):
            assert attempt(greygate, sender=f"{number}@{domain}", recipient=f"{number}@example.org")[0].code == code
    greygate.stop()
    greygate.start()
    reply, event = attempt(greygate, THERE, sender=f"new@{domain}")
    assert (reply.code, event["verdict"]) == (250, "rule_allow")
    assert attempt(greygate, HERE, sender="new@other.example")[0].code == 450


def test_nobody_earns_a_reputation_by_an_observed_attempt(make):
    greygate = make(mode="observe", traps=[TRAP])
    for number in range(5):
        assert attempt(greygate, sender=f"{number}@example.com")[0].code == 250
    assert reputation(greygate) == f"the reputation of {HERE} is unknown: of late, 5 messages delivered"


@pytest.mark.parametrize("limit, passed", [("3/1h", 3), (["3/1h", "1/1d"], 1)])
def test_a_rate_counts_the_attempts_of_a_client(make, limit, passed):
    greygate = make({"name": "too fast", "when": {"rate": limit}, "action": "put_off", "reply": {"text": "Slow down"}},
                    {"name": "else", "when": {}, "action": "allow"})
    rules = [attempt(greygate, source, sender=f"{n}@example.com")[1]["rule"]
             for n, source in enumerate([HERE] * 4)]
    assert rules == ["else"] * passed + ["too fast"] * (4 - passed)
    assert attempt(greygate, NEIGHBOUR)[1]["rule"] == "else"
    (told,) = greygate.ask_json("explain", "--client", HERE, "--sender", SENDER, "--recipient", RECIPIENT)
    assert told["rule"] == "too fast" and f"{HERE} would have made 5 attempts in 1h" in told["steps"]


def test_a_trap_puts_off_whoever_comes_from_there(make, backend):
    greygate = make(delay="0s", traps=["@traps.example.org", TRAP])
    for source, recipient, code, verdict in [
            (HERE, RECIPIENT, 450, "first_seen"),
            (HERE, TRAP, 450, "trap"),
            (HERE, TRAP, 450, "trap"),
            (HERE, RECIPIENT, 450, "trap"),  # a retry, but of one that is trapped
            (NEIGHBOUR, "carol@example.org", 450, "trap"),
            (THERE, RECIPIENT, 450, "first_seen"),
            (THERE, RECIPIENT, 250, "retried")]:
        reply, event = attempt(greygate, source, recipient=recipient)
        assert (reply.code, event["verdict"]) == (code, verdict)
    (told,) = greygate.ask_json("explain", "--client", NEIGHBOUR, "--sender", SENDER, "--recipient", RECIPIENT)
    assert told["verdict"] == "trap" and f"{NETWORK} wrote to one of greylist.traps: put off" in told["steps"]
    assert greygate.status()["recipients"]["verdicts"]["trap"] == 4
    assert len(greygate.events("trap_hit")) == 1  # however often it tries
    assert len(backend.messages) == 1


def test_a_trap_lets_go_in_time(make):
    greygate = make(traps=[TRAP], trap_lifetime="1ms")
    assert attempt(greygate, recipient=TRAP)[1]["verdict"] == "trap"
    assert attempt(greygate)[1]["verdict"] == "first_seen"


def test_who_has_passed_before_is_only_counted(make, backend):
    greygate = make(delay="0s", traps=[TRAP])
    behave(greygate, 1)
    backend.script("RCPT", say("550 5.1.1 No such user"), times=None)
    for code, verdict in [(450, "first_seen"), (550, "retried")]:  # and hears the truth
        reply, event = attempt(greygate, recipient=TRAP)
        assert (reply.code, event["verdict"]) == (code, verdict)
    backend.unscript()
    hits = greygate.events("trap_hit")
    assert [(hit["client"], hit["identity"], hit["passed_before"]) for hit in hits] == [(HERE, HERE, "yes")]
    assert "1 recipient that was a trap" in reputation(greygate)
    assert attempt(greygate, NEIGHBOUR, sender="new@example.com")[1]["verdict"] == "first_seen"


def test_what_is_proved_stays_out_of_a_networks_trap(make_greygate, backend, dns):
    dns.add("pool.example", TXT=["v=spf1 ip4:127.0.0.0/16 -all"])
    greygate = make_greygate(backend, greylist={"delay": "0s", "identity": ["spf", "network"], "traps": [TRAP]},
                             dns={"enabled": True, "servers": [dns.address]})
    assert attempt(greygate, sender="spam@pool.example", recipient=TRAP)[1]["verdict"] == "trap"
    assert attempt(greygate, sender="alice@other.example")[1]["verdict"] == "trap"
    for code, verdict in [(450, "first_seen"), (250, "retried")]:
        reply, event = attempt(greygate, sender="alice@pool.example")
        assert (reply.code, event["verdict"]) == (code, verdict)

