"""Who a client is: what SPF and its reverse name prove counts for more than its address, and fails no mail."""

import time

import pytest

from dns_server import reverse_name
from smtp_client import Client

SENDER, RECIPIENT = "alice@pool.example", "bob@example.org"
HERE, THERE, STRANGER = "127.0.1.9", "127.0.2.9", "127.0.3.9"  # in networks of their own
POOL = "v=spf1 ip4:127.0.1.0/24 ip4:127.0.2.0/24 -all"


@pytest.fixture
def make(make_greygate, backend, dns):
    def make(timeout="1s", start=True, **greylist):
        return make_greygate(backend, start=start, dns={"enabled": True, "servers": [dns.address], "timeout": timeout},
                             greylist={"delay": "0s", "identity": ["spf", "rdns", "network"], **greylist})
    return make


def attempt(greygate, source, sender=SENDER, helo="client.example.net"):
    seen = len(greygate.events("recipient"))
    with greygate.session(helo, source=source) as client:
        client.attempt(sender, RECIPIENT)
    return greygate.events("recipient", seen + 1)[seen]


def test_a_pool_of_senders_is_one_client(make, dns):
    dns.add("pool.example", TXT=[POOL])
    greygate = make()
    first = attempt(greygate, HERE)
    assert (first["verdict"], first["identity"], first["spf"]) == ("first_seen", "spf:pool.example", "pass")
    assert attempt(greygate, THERE)["verdict"] == "retried"
    assert attempt(greygate, HERE)["verdict"] == "known"
    assert attempt(greygate, STRANGER)["verdict"] == "first_seen"


def test_servers_of_one_organisation_are_one_client(make, dns):
    dns.host("mta1.out.example.co.uk", HERE)
    dns.host("mta2.out.example.co.uk", THERE)
    dns.host("mail.example.net", STRANGER)
    greygate = make()
    first = attempt(greygate, HERE)
    assert (first["verdict"], first["identity"]) == ("first_seen", "rdns:example.co.uk")
    assert first["rdns"] == "mta1.out.example.co.uk"
    assert attempt(greygate, THERE)["verdict"] == "retried"
    assert attempt(greygate, STRANGER)["verdict"] == "first_seen"


@pytest.mark.parametrize("name", ["127-0-1-9.example.net", "dsl-7.dynamic.example.net"])
def test_a_providers_name_for_a_line_is_no_proof(make, dns, name):
    dns.host(name, HERE)
    assert attempt(make(), HERE)["identity"] == "127.0.1.0/24"


@pytest.mark.parametrize("record", ["v=spf1 +all", "v=spf1 ip4:127.0.0.0/8 ip4:10.0.0.0/8 -all", "v=spf1 ?all", "v=spf1 ptr -all",
                                    "v=spf1 ip4:127.0.9.9 -all", "v=spf1 nonsense"])
def test_a_record_that_lets_anybody_pass_proves_nothing(make, dns, record):
    dns.host("mail.pool.example", HERE)
    dns.add("pool.example", TXT=[record])
    assert attempt(make(identity=["spf", "network"]), HERE)["identity"] == "127.0.1.0/24"


def test_the_null_sender_is_proved_by_its_helo_name(make, dns):
    dns.add("mx.pool.example", TXT=[POOL])
    greygate = make()
    assert attempt(greygate, HERE, sender="", helo="mx.pool.example")["identity"] == "spf:mx.pool.example"
    assert attempt(greygate, THERE, sender="", helo="mx.pool.example")["verdict"] == "retried"


def test_a_retry_is_known_by_whatever_it_can_still_prove(make, dns):
    dns.add("pool.example", TXT=[POOL])
    dns.host("mta1.pool.example", HERE)
    dns.host("mta2.pool.example", THERE)
    greygate = make(timeout="300ms")
    assert attempt(greygate, HERE)["identity"] == "spf:pool.example"
    dns.fault("pool.example", "servfail")
    greygate.stop()  # the answers that it remembers
    greygate.start()
    retry = attempt(greygate, THERE)
    assert (retry["verdict"], retry["identity"], retry["spf"]) == ("retried", "rdns:pool.example", "temperror")


def test_what_was_learned_by_the_network_goes_on_counting(make, dns):
    dns.add("pool.example", TXT=[POOL])
    greygate = make(identity=["network"])
    assert attempt(greygate, HERE)["verdict"] == "first_seen"
    assert attempt(greygate, HERE)["verdict"] == "retried"
    assert "spf" not in greygate.events("recipient")[-1]
    greygate.configure({"greylist": {"identity": ["spf", "rdns", "network"]}})
    greygate.reload()
    assert attempt(greygate, HERE)["verdict"] == "known"
    assert dns.questions == []  # known by its address alone


def test_dns_is_not_asked_of_clients_that_are_known(make, dns):
    dns.add("pool.example", TXT=[POOL])
    greygate = make(identity=["rdns", "network"])
    attempt(greygate, HERE)
    attempt(greygate, HERE)
    asked = len(dns.questions)
    assert asked > 0
    assert attempt(greygate, HERE)["verdict"] == "known"
    assert len(dns.questions) == asked


@pytest.mark.parametrize("fault", ["timeout", "servfail", "truncated", "garbage", "wrong_id"])
def test_a_dns_that_errs_costs_its_timeout_and_no_mail(make, dns, fault):
    dns.host("mail.pool.example", HERE)
    dns.add("pool.example", TXT=[POOL])
    for name in (reverse_name(HERE), "pool.example", "mail.pool.example"):
        dns.fault(name, fault)
    greygate = make(timeout="1s")
    begun = time.monotonic()
    first = attempt(greygate, HERE)
    assert time.monotonic() - begun < 1.9  # both look-ups at once
    assert (first["verdict"], first["identity"]) == ("first_seen", "127.0.1.0/24" if fault != "truncated" else "spf:pool.example")
    assert attempt(greygate, HERE)["verdict"] == "retried"


def test_a_name_to_look_up_and_spf_together_take_no_longer_than_the_timeout(make, dns):
    dns.host("mail.pool.example", HERE)
    for name in (reverse_name(HERE), "pool.example"):
        dns.fault(name, "timeout")
    greygate = make(timeout="1s", start=False)
    greygate.configure({"allow": {"clients": ["mail.example.net"]}})
    greygate.start()
    begun = time.monotonic()
    assert attempt(greygate, HERE)["verdict"] == "first_seen"
    assert time.monotonic() - begun < 1.9


def test_several_senders_and_recipients_of_one_session_are_each_judged_by_their_own_proof(make, dns):
    dns.add("pool.example", TXT=[POOL])
    dns.host("mail.hosting.example", HERE)
    greygate = make(delay="1h")
    with greygate.session("client.example.net", source=HERE) as client:
        client.mail(SENDER)
        client.rcpt(RECIPIENT)
        client.rcpt("carol@example.org")
        client.cmd("RSET")
        client.attempt("dave@elsewhere.example", RECIPIENT)
    assert [event["identity"] for event in greygate.events("recipient", 3)] == [
        "spf:pool.example", "spf:pool.example", "rdns:hosting.example"]


def test_without_dns_a_client_is_its_network(make, dns):
    dns.add("pool.example", TXT=[POOL])
    greygate = make(start=False)
    greygate.configure({"dns": {"enabled": False}})
    greygate.start()
    assert attempt(greygate, HERE)["identity"] == "127.0.1.0/24"
    assert dns.questions == []


def test_an_address_that_hides_the_clients_proves_nothing(make, dns):
    dns.host("gateway.example.org", "10.0.0.5")
    dns.add("pool.example", TXT=["v=spf1 ip4:10.0.0.0/24 -all"])
    greygate = make(start=False, auto_allow_after=1, auto_allow_interval="0s")
    port = greygate.add_listener(proxy_protocol_from=["127.0.0.0/8"])
    greygate.start()

    def attempt_by_gateway(sender):
        seen = len(greygate.events("recipient"))
        with Client(port, greeting=False) as client:
            client.send(b"PROXY TCP4 10.0.0.5 127.0.0.1 4711 25\r\n")
            client.reply()
            client.ehlo()
            client.attempt(sender, RECIPIENT)
        return greygate.events("recipient", seen + 1)[seen]

    assert attempt_by_gateway("alice@d0.example")["identity"] == "rdns:example.org"
    assert attempt_by_gateway("alice@d0.example")["verdict"] == "retried"
    greygate.events("message", 1)
    assert attempt_by_gateway("alice@d1.example")["verdict"] == "auto_allowed"
    for number in range(2, 20):
        attempt_by_gateway(f"alice@d{number}.example")
    last = attempt_by_gateway("alice@pool.example")
    assert (last["verdict"], last["identity"]) == ("first_seen", "10.0.0.0/24")
    greygate.events("client_addresses_hidden", 1)
    assert greygate.ask("export", "--all").count("earner") == 0


def test_auto_allow_is_earned_by_the_domain_that_spf_proves(make, dns):
    dns.add("pool.example", TXT=[POOL])
    greygate = make(auto_allow_after=1, auto_allow_interval="0s")
    attempt(greygate, HERE)
    attempt(greygate, THERE)
    greygate.events("message", 1)
    assert attempt(greygate, HERE, sender="carol@pool.example")["verdict"] == "auto_allowed"
    assert attempt(greygate, HERE, sender="carol@elsewhere.example")["verdict"] == "first_seen"
    assert attempt(greygate, STRANGER, sender="carol@pool.example")["verdict"] == "first_seen"
    # So has the address that brought the message.
    assert attempt(greygate, THERE, sender="carol@elsewhere.example")["verdict"] == "auto_allowed"


def test_auto_allow_by_name_is_the_hosts_own(make, dns):
    dns.host("a.hosting.example", HERE)
    dns.host("b.hosting.example", THERE)
    greygate = make(auto_allow_after=1, auto_allow_interval="0s")
    attempt(greygate, HERE)
    attempt(greygate, HERE)
    greygate.events("message", 1)
    assert attempt(greygate, HERE, sender="carol@pool.example")["verdict"] == "auto_allowed"
    assert attempt(greygate, THERE, sender="carol@pool.example")["verdict"] == "first_seen"


def test_explain_tells_what_was_proved(make, dns):
    dns.add("pool.example", TXT=[POOL])
    dns.host("mta1.pool.example", HERE)
    greygate = make(delay="1h")
    attempt(greygate, HERE)
    (answer,) = greygate.ask_json("explain", "--client", THERE, "--sender", SENDER, "--recipient", RECIPIENT)
    assert (answer["identity"], answer["verdict"]) == ("spf:pool.example", "too_early")
    assert any("SPF says pass for pool.example" in step for step in answer["steps"])
    (answer,) = greygate.ask_json("explain", "--client", STRANGER, "--sender", SENDER, "--recipient", RECIPIENT)
    assert (answer["identity"], answer["verdict"]) == ("127.0.3.0/24", "first_seen")
    assert any("SPF says fail for pool.example" in step for step in answer["steps"])
