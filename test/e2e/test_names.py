"""Clients by name: forward-confirmed reverse names and nothing else."""

import time

import pytest

from dns_server import reverse_name
from fake_backend import KEYWORDS, XCLIENT

CLIENT, NAME = "127.0.0.9", "mail.example.com"


@pytest.fixture
def make(make_greygate, backend, dns):
    def make(**settings):
        return make_greygate(backend, dns={"enabled": True, "servers": [dns.address], "timeout": "1s"}, **settings)
    return make


def verdict(greygate, helo="client.example.net"):
    seen = len(greygate.events("recipient"))
    with greygate.session(helo, source=CLIENT) as client:
        client.attempt("alice@example.net", "bob@example.org")
    return greygate.events("recipient", seen + 1)[seen]["verdict"]


@pytest.mark.parametrize("entry, expected", [
    ("mail.example.com", "allow_client"),
    ("MAIL.Example.Com", "allow_client"),
    (".example.com", "allow_client"),
    ("*.example.com", "allow_client"),
    (".com", "allow_client"),
    (".mail.example.com", "first_seen"),
    ("ail.example.com", "first_seen"),
    ("example.com", "first_seen"),
])
def test_names_match_whole_labels(make, dns, entry, expected):
    dns.host(NAME, CLIENT)
    assert verdict(make(allow={"clients": [entry]})) == expected


def test_a_name_that_does_not_point_back_is_none(make, dns):
    dns.add(reverse_name(CLIENT), PTR=[NAME])
    dns.add(NAME, A=["127.0.0.10"])
    assert verdict(make(allow={"clients": [NAME]})) == "first_seen"


def test_the_helo_is_nobodys_name(make, dns):
    assert verdict(make(allow={"clients": [NAME]}), helo=NAME) == "first_seen"


def test_one_of_several_names_may_be_the_confirmed_one(make, dns):
    dns.add(reverse_name(CLIENT), PTR=["liar.example.net"])
    dns.host(NAME, CLIENT)
    assert verdict(make(allow={"clients": [NAME]})) == "allow_client"


def test_clients_are_blocked_by_name(make, dns):
    dns.host(NAME, CLIENT)
    assert verdict(make(block={"clients": [".example.com"]})) == "block_client"


@pytest.mark.parametrize("fault", ["servfail", "timeout", "garbage", "wrong_id"])
@pytest.mark.parametrize("at", ["reverse", "forward"])
def test_a_failed_look_up_matches_nothing_and_fails_no_mail(make, dns, fault, at):
    dns.host(NAME, CLIENT)
    dns.fault(reverse_name(CLIENT) if at == "reverse" else NAME, fault)
    begun = time.monotonic()
    assert verdict(make(allow={"clients": [NAME]}, block={"clients": [".example.com"]})) == "first_seen"
    assert time.monotonic() - begun < 10


def test_a_truncated_answer_is_asked_for_over_tcp(make, dns):
    dns.host(NAME, CLIENT)
    dns.fault(reverse_name(CLIENT), "truncated")
    assert verdict(make(allow={"clients": [NAME]})) == "allow_client"


def test_nothing_is_asked_where_no_name_could_match(make, dns):
    assert verdict(make(allow={"clients": ["192.0.2.0/24"]})) == "first_seen"
    assert dns.questions == []


def test_names_are_off_with_the_dns(make_greygate, backend, dns):
    dns.host(NAME, CLIENT)
    greygate = make_greygate(backend, dns={"enabled": False, "servers": [dns.address]}, allow={"clients": [NAME]})
    assert verdict(greygate) == "first_seen"
    assert dns.questions == []


@pytest.mark.parametrize("fault, told", [(None, NAME), ("servfail", "[TEMPUNAVAIL]"), ("timeout", "[TEMPUNAVAIL]"),
                                         ("unknown", "[UNAVAILABLE]")])
def test_the_backend_is_told_the_name(make_greygate, make_backend, dns, fault, told):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT])
    if fault != "unknown":
        dns.host(NAME, CLIENT)
        dns.fault(reverse_name(CLIENT), fault)
    greygate = make_greygate(backend, backend={"client_identity": "xclient"},
                             dns={"enabled": True, "servers": [dns.address], "timeout": "1s"})
    with greygate.session(source=CLIENT) as client:
        assert client.attempt("alice@example.net", "pass@example.org").code == 250
    assert f" NAME={told}" in backend.served()[0].xclient[-1] + " "


def test_a_backend_by_name(make_greygate, backend, dns):
    dns.add("mta.example.org", A=["127.0.0.1"])
    greygate = make_greygate(f"mta.example.org:{backend.port}", dns={"enabled": True, "servers": [dns.address]})
    with greygate.session() as client:
        assert client.attempt("alice@example.net", "pass@example.org").code == 250
    assert greygate.status()["backends"][0]["address"] == f"mta.example.org:{backend.port}"


def test_a_backend_whose_name_is_unknown(make_greygate, dns):
    greygate = make_greygate("nowhere.example.org:25", ready=False, dns={"enabled": True, "servers": [dns.address]})
    with greygate.session() as client:
        client.mail()
        reply = client.rcpt("pass@example.org")
        assert (reply.code, reply.enhanced) == (451, "4.3.0")
    assert greygate.get("/readyz")[0] == 503


def test_a_backends_name_is_resolved_again(make_greygate, make_backend, dns):
    backend = make_backend()
    backend.stop_listening()
    dns.add("mta.example.org", A=["127.0.0.77"])  # where nothing listens
    greygate = make_greygate(f"mta.example.org:{backend.port}", ready=False,
                             dns={"enabled": True, "servers": [dns.address]})
    dns.remove("mta.example.org")
    dns.add("mta.example.org", A=["127.0.0.1"])
    backend.listen()
    with greygate.session() as client:
        for _ in range(100):
            if client.attempt("alice@example.net", "pass@example.org").code == 250:
                return
            time.sleep(0.2)
    raise AssertionError("never asked again")
