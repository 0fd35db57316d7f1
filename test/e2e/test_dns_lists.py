"""Lists that are kept in the DNS: whom they allow doesn't wait, whom they block is for rules to judge."""

import pytest

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"
HERE, THERE = "127.0.1.9", "127.0.2.9"  # in networks of their own
ALLOW = {"name": "good", "zone": "good.lists.example"}
BLOCK = {"name": "bad", "zone": "bad.lists.example"}
WORSE = {"name": "worse", "zone": "worse.lists.example", "returns": ["127.0.0.2", "127.0.0.4/30"], "weight": 2}


@pytest.fixture
def make(make_greygate, backend, dns):
    def make(*rules, delay="1h", identity=("network",), **lists):
        return make_greygate(backend, rules=list(rules), greylist={"delay": delay, "identity": list(identity)},
                             dns={"enabled": True, "servers": [dns.address], "timeout": "1s", **lists})
    return make


def question(client, zone):
    return ".".join(reversed(client.split("."))) + "." + zone


def attempt(greygate, source=HERE, sender=SENDER):
    """The reply and what the log says of it."""
    seen = len(greygate.events("recipient"))
    with greygate.session(source=source) as client:
        reply = client.attempt(sender, RECIPIENT)
    return reply, greygate.events("recipient", seen + 1)[seen]


@pytest.mark.parametrize("identity", [["network"], ["spf", "rdns", "network"]])
def test_whom_an_allow_list_has_does_not_wait(make, dns, backend, identity):
    dns.add(question(HERE, ALLOW["zone"]), A=["127.0.0.2"])
    greygate = make(allow_lists=[ALLOW], identity=identity)
    for _ in range(2):
        reply, event = attempt(greygate)
        assert (reply.code, event["verdict"], event["dns_lists"]) == (250, "dns_allow", ["good"])
    reply, event = attempt(greygate, THERE)
    assert (reply.code, event["verdict"], event["dns_lists"]) == (450, "first_seen", [])
    assert len(backend.messages) == 2


def test_block_lists_alone_do_nothing_and_are_not_asked(make, dns):
    dns.add(question(HERE, BLOCK["zone"]), A=["127.0.0.2"])
    assert attempt(make(block_lists=[BLOCK]))[1]["verdict"] == "first_seen"
    assert (question(HERE, BLOCK["zone"]), "A") not in dns.questions


def test_a_rule_asks_for_one_list(make, dns):
    dns.add(question(HERE, BLOCK["zone"]), A=["127.0.0.2"])
    greygate = make({"name": "listed", "when": {"dns_list": "bad"}, "action": "block"}, block_lists=[BLOCK, WORSE])
    reply, event = attempt(greygate)
    assert (reply.code, event["rule"], event["dns_lists"]) == (554, "listed", ["bad", "block_lists"])
    assert attempt(greygate, THERE)[0].code == 450


@pytest.mark.parametrize("threshold, rule", [(1, "enough"), (2, "enough"), (3, "enough")])
def test_weights_add_up(make, dns, threshold, rule):
    dns.add(question(HERE, BLOCK["zone"]), A=["127.0.0.2"])
    dns.add(question(HERE, WORSE["zone"]), A=["127.0.0.9", "127.0.0.6"])
    greygate = make({"name": "enough", "when": {"dns_list": "block_lists"}, "action": "put_off"},
                    block_lists=[BLOCK, WORSE], block_threshold=threshold)
    assert attempt(greygate)[1].get("rule") == rule


@pytest.mark.parametrize("answer, is_on_it", [("127.0.0.2", True), ("127.0.0.5", True), ("127.0.0.3", False), ("127.0.0.8", False)])
def test_only_what_a_list_returns_for_those_meant_counts(make, dns, answer, is_on_it):
    dns.add(question(HERE, WORSE["zone"]), A=[answer])
    greygate = make({"name": "worse", "when": {"dns_list": "worse"}, "action": "block"}, block_lists=[WORSE])
    assert attempt(greygate)[0].code == (554 if is_on_it else 450)


def test_a_list_that_refuses_to_answer_lists_nobody(make, dns):
    dns.add(question(HERE, BLOCK["zone"]), A=["127.255.255.254"])  # as some tell who may not ask
    dns.fault(question(HERE, WORSE["zone"]), "servfail")
    dns.fault(question(HERE, ALLOW["zone"]), "timeout")
    greygate = make({"name": "any", "when": {"dns_list": ["bad", "worse", "good"]}, "action": "block"},
                    block_lists=[BLOCK, WORSE], allow_lists=[ALLOW])
    reply, event = attempt(greygate)
    assert (reply.code, event["dns_lists"]) == (450, [])


def test_explain_tells_of_lists(make, dns):
    dns.add(question(HERE, ALLOW["zone"]), A=["127.0.0.2"])
    dns.add(question(THERE, BLOCK["zone"]), A=["127.0.0.2"])
    greygate = make({"name": "listed", "when": {"dns_list": "bad"}, "action": "block"}, allow_lists=[ALLOW], block_lists=[BLOCK])
    about = ["--sender", SENDER, "--recipient", RECIPIENT]
    (told,) = greygate.ask_json("explain", "--client", HERE, *about)
    assert told["verdict"] == "dns_allow" and 'the client is on "good" of dns.allow_lists' in told["steps"]
    (told,) = greygate.ask_json("explain", "--client", THERE, *about)
    assert told["rule"] == "listed" and 'the client is on "bad" of dns.block_lists' in told["steps"]


def test_too_little_weight_is_too_little(make, dns):
    dns.add(question(HERE, BLOCK["zone"]), A=["127.0.0.2"])
    greygate = make({"name": "enough", "when": {"dns_list": "block_lists"}, "action": "put_off"},
                    block_lists=[BLOCK, WORSE], block_threshold=2)
    assert attempt(greygate)[1].get("rule") is None


IMPOSSIBLE = {"name": "never", "when": {"dns_list": "block_lists"}, "action": "block"}


@pytest.mark.parametrize("rules, dns, key", [
    ([IMPOSSIBLE], {}, 'rules[0].when.dns_list: "block_lists" can never hold'),
    ([{**IMPOSSIBLE, "when": {"dns_list": "worse"}}], {"block_lists": [BLOCK]}, 'rules[0].when.dns_list: "worse" is none'),
    ([{**IMPOSSIBLE, "when": {"early_talker": True}}], {}, "rules[0].when.early_talker: can never hold"),
    ([], {"block_lists": [BLOCK], "block_threshold": 2}, "dns.block_threshold: at most"),
    ([], {"block_lists": [BLOCK], "allow_lists": [{**ALLOW, "name": "bad"}]}, 'dns.block_lists[0].name: "bad" has another'),
    ([], {"allow_lists": [{**ALLOW, "name": "block_lists"}]}, "dns.allow_lists[0].name:"),
    ([], {"allow_lists": [{**ALLOW, "zone": "not a domain"}]}, "dns.allow_lists[0].zone: expected a domain"),
    ([], {"allow_lists": [{**ALLOW, "zone": ".".join(["a" * 60] * 4)}]}, "dns.allow_lists[0].zone: expected a domain"),
    ([], {"allow_lists": [ALLOW], "enabled": False}, "dns.allow_lists: can't be asked"),
])
def test_what_can_never_hold_is_refused(make_greygate, backend, rules, dns, key):
    greygate = make_greygate(backend, start=False, rules=rules, dns={"enabled": True, **dns})
    greygate.configure({})
    assert key in greygate.ask("check", code=1)
