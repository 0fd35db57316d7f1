"""An administrator's rules: the first that holds decides, and log and explain say which it was."""


import pytest

from dns_server import reverse_name
from smtp_client import Client, tls_settings

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"
HERE, THERE = "127.0.1.9", "127.0.2.9"  # in networks of their own
NAMELESS = {"name": "no name", "when": {"fcrdns": "none"}, "action": "block",
            "reply": {"code": 550, "enhanced": "5.7.25", "text": "{helo} has no name in the DNS"}}


@pytest.fixture
def make(make_greygate, backend, dns):
    """make(rule, …): a proxy with these rules. Whoever none of them is about waits for an hour."""
    def make(*rules, greylist=None, **settings):
        settings["dns"] = {"enabled": True, "servers": [dns.address], "timeout": "1s", **settings.get("dns", {})}
        return make_greygate(backend, rules=list(rules),
                             greylist={"delay": "1h", "identity": ["network"], **(greylist or {})}, **settings)
    return make


def attempt(greygate, source=HERE, sender=SENDER, recipient=RECIPIENT, helo="client.example.net"):
    """The reply and what the log says of it."""
    seen = len(greygate.events("recipient"))
    with greygate.session(helo, source=source) as client:
        reply = client.attempt(sender, recipient)
    return reply, greygate.events("recipient", seen + 1)[seen]


def test_allow(make, backend):
    greygate = make({"name": "friends", "when": {"sender": "@example.com"}, "action": "allow"})
    reply, event = attempt(greygate)
    assert (reply.code, event["verdict"], event["rule"]) == (250, "rule_allow", "friends")
    reply, event = attempt(greygate, sender="alice@example.net")
    assert (reply.code, event["verdict"], event.get("rule")) == (450, "first_seen", None)
    assert len(backend.messages) == 1


def test_block(make, backend):
    greygate = make({"name": "bad HELO", "when": {"helo": "*.dynamic.example"}, "action": "block"})
    reply, event = attempt(greygate, helo="7.dynamic.example")
    assert (str(reply), event["verdict"], event["rule"]) == ("554 5.7.1 Blocked by local policy", "rule_block", "bad HELO")
    assert attempt(greygate)[0].code == 450
    assert not backend.messages


def test_put_off_however_often(make, backend):
    rule = {"name": "not now", "when": {"recipient": "@example.org"}, "action": "put_off",
            "reply": {"code": 451, "enhanced": "4.7.1", "text": "{recipient} is closed"}}
    greygate = make(rule, greylist={"delay": "0s"})
    for _ in range(3):
        reply, event = attempt(greygate)
        assert (str(reply), event["verdict"]) == ("451 4.7.1 bob@example.org is closed", "rule_put_off")
    assert not backend.messages


def test_put_off_is_told_as_greylisted_unless_the_rule_says_else(make):
    greygate = make({"name": "not now", "action": "put_off"}, greylist={"reply": {"text": "Come back"}})
    assert str(attempt(greygate)[0]) == "450 4.2.0 Come back"


def test_greylist_with_a_delay_of_its_own(make):
    greygate = make({"name": "known for speed", "when": {"client": HERE}, "action": "greylist", "delay": "0s"},
                    {"name": "all", "action": "greylist"})
    assert [attempt(greygate)[1]["verdict"] for _ in range(2)] == ["first_seen", "retried"]
    events = [attempt(greygate, THERE)[1] for _ in range(2)]
    assert [(event["verdict"], event["rule"]) for event in events] == [("first_seen", "all"), ("too_early", "all")]


def test_a_bounce_that_is_judged_at_data_has_its_rules_delay(make, backend):
    greygate = make({"name": "bounces", "when": {"null_sender": True}, "action": "greylist", "delay": "0s"},
                    greylist={"null_sender": "data"})
    for code, verdict in ((450, "first_seen"), (250, "retried")):
        with greygate.session(source=HERE) as client:
            assert client.attempt("", RECIPIENT).code == code
        (event,) = greygate.events("recipient", 1, verdict=verdict)
        assert event["rule"] == "bounces"


def test_lists_come_first(make):
    rule = {"name": "nobody", "action": "block"}
    greygate = make(rule, allow={"senders": [SENDER]}, block={"senders": ["mallory@example.com"]})
    assert attempt(greygate)[1]["verdict"] == "allow_sender"
    assert attempt(greygate, sender="mallory@example.com")[1]["verdict"] == "block_sender"
    assert attempt(greygate, recipient="bob@example.net")[1]["verdict"] == "relay_denied"
    assert attempt(greygate, sender="carol@example.com")[1]["verdict"] == "rule_block"


@pytest.mark.parametrize("mode, allowed, blocked, put_off", [
    ("observe", (250, "rule_allow"), (554, "rule_block"), (250, "rule_put_off")), ("off", (250, "off"), (554, "rule_block"), (250, "off"))])
def test_modes(make, mode, allowed, blocked, put_off):
    greygate = make({"name": "a", "when": {"sender": "a@example.com"}, "action": "allow"},
                    {"name": "b", "when": {"sender": "b@example.com"}, "action": "block"},
                    {"name": "c", "when": {"sender": "c@example.com"}, "action": "put_off"}, greylist={"mode": mode})
    for name, expected in zip("abc", (allowed, blocked, put_off)):
        reply, event = attempt(greygate, sender=f"{name}@example.com")
        assert (reply.code, event["verdict"]) == expected


def test_clients_without_a_reverse_name(make, dns):
    greygate = make(NAMELESS)
    dns.host("mail.example.net", HERE)
    reply, event = attempt(greygate, THERE)
    assert str(reply) == "550 5.7.25 client.example.net has no name in the DNS"
    assert (event["verdict"], event["rule"]) == ("rule_block", "no name")
    assert attempt(greygate, HERE)[0].code == 450


def test_a_name_that_does_not_lead_back_and_one_that_cannot_be_had(make, dns):
    greygate = make({"name": "liar", "when": {"fcrdns": "fail"}, "action": "block"},
                    {"name": "unknown", "when": {"fcrdns": "error"}, "action": "allow"}, NAMELESS)
    dns.add(reverse_name(HERE), PTR=["mail.example.net"])
    dns.fault(reverse_name(THERE), "servfail")
    assert attempt(greygate, HERE)[1]["rule"] == "liar"
    assert attempt(greygate, THERE)[1]["rule"] == "unknown"


def test_a_slow_reverse_zone_keeps_no_spf_rule_from_holding(make, dns):
    dns.add("example.com", TXT=["v=spf1 -all"])
    dns.fault(reverse_name(HERE), "timeout")
    greygate = make(NAMELESS, {"name": "forged", "when": {"spf": "fail"}, "action": "block"})
    assert attempt(greygate)[1]["rule"] == "forged"


def test_a_ptr_record_that_is_on_its_way_is_not_taken_for_none(make, dns):
    """By what is remembered alone, this client would have no name, and so no pass."""
    dns.add("example.com", TXT=["v=spf1 ptr -all"])
    dns.host("mail.example.com", HERE)
    greygate = make({"name": "forged", "when": {"spf": "fail"}, "action": "block"},
                    {"name": "proved", "when": {"spf": "pass"}, "action": "allow"})
    assert attempt(greygate, THERE)[1]["rule"] == "forged"  # its record is remembered now
    assert attempt(greygate, HERE)[1]["rule"] == "proved"


def test_what_was_not_asked_is_not_known_after_a_reload(make, dns):
    greygate = make(allow={"clients": [".example.net"]}, dns={"enabled": False})
    with greygate.session(source=THERE) as client:
        assert client.attempt(SENDER, RECIPIENT).code == 450
        greygate.configure({"rules": [NAMELESS], "dns": {"enabled": True}})
        greygate.reload()
        assert client.attempt(SENDER, RECIPIENT).code == 450
    assert attempt(greygate, THERE)[0].code == 550


def test_nobody_is_blocked_for_a_gateways_name(make, dns):
    greygate = make({"name": "forged", "when": {"spf": "fail"}, "action": "block"}, NAMELESS)
    dns.add("example.com", TXT=["v=spf1 -all"])
    (told,) = greygate.ask_json("explain", "--client", "172.17.0.1", "--sender", SENDER, "--recipient", RECIPIENT)
    assert (told["verdict"], told["rule"]) == ("first_seen", None)
    (told,) = greygate.ask_json("explain", "--client", "203.0.113.7", "--sender", SENDER, "--recipient", RECIPIENT)
    assert (told["verdict"], told["rule"]) == ("rule_block", "forged")


def test_a_dead_name_server_blocks_nobody(make, dns):
    greygate = make(NAMELESS, {"name": "SPF", "when": {"not": {"spf": ["pass", "temperror"]}}, "action": "block"})
    dns.fault(reverse_name(HERE), "timeout")
    dns.fault("example.com", "timeout")
    assert attempt(greygate, HERE)[0].code == 450


def test_spf_and_names(make, dns):
    dns.add("example.com", TXT=[f"v=spf1 ip4:{HERE} -all"])
    dns.host("mta1.out.example.net", HERE)
    greygate = make({"name": "forged", "when": {"spf": ["fail", "softfail"]}, "action": "block"},
                    {"name": "proved", "when": {"spf": "pass", "rdns": "*.example.net", "client": ".example.net"},
                     "action": "allow"})
    assert attempt(greygate, HERE)[1]["rule"] == "proved"
    assert attempt(greygate, THERE)[1]["rule"] == "forged"
    assert attempt(greygate, HERE, sender="carol@example.net")[1]["verdict"] == "first_seen"


def test_tls(make, certificate):
    greygate = make({"name": "modern", "when": {"tls": "1.3"}, "action": "allow"},
                    {"name": "old", "when": {"tls": "1.2"}, "action": "block"}, tls={"certificates": [certificate.entry]})
    for version, rule in (("TLSv1_3", "modern"), ("TLSv1_2", "old")):
        seen = len(greygate.events("recipient"))
        with greygate.session() as client:
            client.starttls(tls_settings(version=version))
            client.ehlo()
            client.attempt(SENDER, RECIPIENT)
        assert greygate.events("recipient", seen + 1)[seen]["rule"] == rule
    assert attempt(greygate)[1]["verdict"] == "first_seen"


def test_the_time(make):
    greygate = make({"name": "never", "when": {"not": {"time": ["00:00-12:00", "12:00-24:00"]}}, "action": "block"},
                    {"name": "always", "when": {"time": ["00:00-12:00", "12:00-24:00"]}, "action": "allow"})
    assert attempt(greygate)[1]["rule"] == "always"


def test_explain_asks_no_dns_that_is_not_enabled(make, dns):
    greygate = make({"name": "partner", "when": {"client": ".example.net"}, "action": "allow"}, dns={"enabled": False})
    dns.host("mail.example.net", HERE)
    (told,) = greygate.ask_json("explain", "--client", HERE, "--sender", SENDER, "--recipient", RECIPIENT)
    assert told["verdict"] == attempt(greygate)[1]["verdict"] == "first_seen"
    assert not dns.questions


def test_no_look_up_for_a_rule_that_cannot_hold(make, dns):
    greygate = make({"name": "elsewhere", "when": {"client": "192.0.2.0/24", "spf": "fail", "fcrdns": "none"}, "action": "block"})
    assert attempt(greygate)[0].code == 450
    assert not dns.questions


def test_explain_names_the_rule(make, dns):
    greygate = make(NAMELESS, {"name": "patience", "when": {"spf": "none"}, "action": "greylist", "delay": "2h"})
    dns.host("mail.example.net", HERE)
    question = ["--sender", SENDER, "--recipient", RECIPIENT]
    (blocked,) = greygate.ask_json("explain", "--client", THERE, *question)
    assert (blocked["verdict"], blocked["action"], blocked["rule"]) == ("rule_block", "refuse", "no name")
    assert blocked["reply"].startswith("550 5.7.25 ")
    assert 'rule "no name" matches: block' in blocked["steps"]
    (waits,) = greygate.ask_json("explain", "--client", HERE, *question)
    assert (waits["verdict"], waits["rule"]) == ("first_seen", "patience")
    assert any("would be put off for 2h" in step for step in waits["steps"])


def test_rules_are_read_anew(make, dns):
    greygate = make()
    assert attempt(greygate)[1]["verdict"] == "first_seen"
    greygate.configure({"rules": [{"name": "all", "action": "allow"}]})
    greygate.reload()
    assert attempt(greygate)[1]["rule"] == "all"


def test_the_status_counts_rules_verdicts(make):
    greygate = make({"name": "a", "when": {"sender": SENDER}, "action": "allow"}, {"name": "rest", "action": "block"})
    attempt(greygate)
    attempt(greygate, sender="mallory@example.com")
    verdicts = greygate.status()["recipients"]["verdicts"]
    assert (verdicts["rule_allow"], verdicts["rule_block"], verdicts["rule_put_off"]) == (1, 1, 0)


@pytest.mark.parametrize("early", [False, True])
def test_who_does_not_wait_for_the_greeting(make, early):
    greygate = make({"name": "impatient", "when": {"early_talker": True}, "action": "block"},
                    greylist={"greeting_delay": "200ms"})
    with Client(greygate.port, source=HERE, greeting=False) as client:
        if early:
            client.send("EHLO client.example.net\r\n")
        assert client.reply().code == 220
        if not early:
            client.send("EHLO client.example.net\r\n")
        assert client.reply().code == 250
        assert client.attempt(SENDER, RECIPIENT).code == (554 if early else 450)


def test_who_came_back_before_is_greeted_at_once(make):
    greygate = make(greylist={"greeting_delay": "1m", "delay": "0s", "auto_allow_interval": "0s"},
                    allow={"clients": [THERE]})
    with Client(greygate.port, source=THERE) as client:
        assert client.greeting.code == 220
    greygate.configure({"greylist": {"greeting_delay": "0s"}})
    greygate.reload()
    for code in (450, 250):
        assert attempt(greygate)[0].code == code
    greygate.configure({"greylist": {"greeting_delay": "1m"}})
    greygate.reload()
    with Client(greygate.port, source=HERE) as client:
        assert client.greeting.code == 220
