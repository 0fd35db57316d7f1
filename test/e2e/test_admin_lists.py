"""Entries that administrators add to the allow and block lists while the proxy runs."""

import re

import pytest

from wait import wait_for

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"
CLIENT = ["--client", "127.0.0.1"]


@pytest.fixture
def patient(make_greygate, backend):
    """A proxy with four loops that puts off for an hour."""
    return make_greygate(backend, threads=4, greylist={"delay": "1h"})


def rcpt(client, sender=SENDER, recipient=RECIPIENT):
    """The reply to one recipient, in a transaction of its own."""
    client.cmd("RSET")
    client.mail(sender)
    return client.rcpt(recipient)


def verdict(greygate, sender=SENDER, recipient=RECIPIENT):
    """The word that one attempt gets."""
    seen = len(greygate.events("recipient"))
    with greygate.session() as client:
        rcpt(client, sender, recipient)
    return greygate.events("recipient", seen + 1)[-1]["verdict"]


def test_an_entry_is_in_force_on_every_loop_at_once(patient):
    clients = [patient.session() for _ in range(16)]
    assert {rcpt(client).code for client in clients} == {450}
    assert patient.ask("allow", "add", *CLIENT) == "added, in force now\n"
    assert {rcpt(client).code for client in clients} == {250}
    patient.ask("block", "add", "--sender", SENDER)
    assert {rcpt(client).code for client in clients} == {554}
    assert patient.ask("block", "remove", "--sender", SENDER) == "removed\n"
    assert patient.ask("allow", "remove", *CLIENT) == "removed\n"
    assert {rcpt(client).code for client in clients} == {450}
    for client in clients:
        client.close()


# The word is that of the first condition given, of client, sender, recipient.
@pytest.mark.parametrize("conditions, word", [
    (["--client", "127.0.0.0/8"], "client"),
    (["--sender", "@example.com"], "sender"),
    (["--recipient", "bob@"], "recipient"),
    (["--recipient", RECIPIENT, "--sender", SENDER], "sender"),
    (["--recipient", RECIPIENT, "--sender", SENDER, *CLIENT], "client"),
    (["--recipient", RECIPIENT, *CLIENT], "client"),
])
def test_all_conditions_must_match_and_the_first_gives_the_word(patient, conditions, word):
    patient.ask("allow", "add", *conditions)
    assert verdict(patient) == f"allow_{word}"
    patient.ask("block", "add", *conditions)
    assert verdict(patient) == f"block_{word}"
    patient.ask("block", "remove", *conditions)
    others = {"--sender": {"sender": "carol@example.net"}, "--recipient": {"recipient": "dave@example.org"}}
    for name in conditions[::2]:
        if name in others:
            assert verdict(patient, **others[name]) == "first_seen"


def test_explain_names_the_entry(patient):
    patient.ask("allow", "add", *CLIENT, "--recipient", RECIPIENT, "--for", "1h", "--note", "the bank")
    (told,) = patient.ask_json("explain", *CLIENT, "--sender", SENDER, "--recipient", RECIPIENT)
    assert (told["verdict"], told["action"]) == ("allow_client", "pass")
    assert any("run-time allow entry" in step and "the bank" in step for step in told["steps"])


def test_entries_are_listed(patient):
    assert patient.ask("allow", "list") == patient.ask("block", "list") == "none\n"
    (added,) = patient.ask_json("allow", "add", *CLIENT, "--sender", SENDER, "--for", "10m", "--note", "the bank")
    patient.ask("block", "add", "--recipient", "@example.org")
    assert patient.ask_json("allow", "list") == [added]
    assert list(added) == ["list", "client", "sender", "recipient", "lapses", "note", "made"]
    assert (added["list"], added["client"], added["sender"], added["recipient"]) == ("allow", "127.0.0.1", SENDER, "")
    assert added["made"] < added["lapses"] and added["note"] == "the bank"
    (blocked,) = patient.ask_json("block", "list")
    assert (blocked["recipient"], blocked["lapses"]) == ("@example.org", None)
    titles, row = [re.split(" {2,}", line) for line in patient.ask("allow", "list").splitlines()]
    assert titles == ["CLIENT", "SENDER", "RECIPIENT", "MADE", "LAPSES", "NOTE"]
    assert (row[:3], row[5]) == (["127.0.0.1", SENDER, "any"], "the bank")
    assert re.fullmatch(r"in \d+m", row[4])


def test_an_entry_takes_the_place_of_one_with_the_same_conditions(patient):
    patient.ask("allow", "add", *CLIENT, "--for", "1h", "--note", "for now")
    patient.ask("allow", "add", *CLIENT, "--note", "for ever")
    (entry,) = patient.ask_json("allow", "list")
    assert (entry["note"], entry["lapses"]) == ("for ever", None)


def test_an_entry_lapses_by_itself(patient):
    patient.ask("allow", "add", *CLIENT, "--for", "1s")
    patient.ask("allow", "add", "--sender", "@example.net")
    wait_for("the entry to lapse", lambda: verdict(patient) in ("first_seen", "too_early"))
    assert [entry["sender"] for entry in patient.ask_json("allow", "list")] == ["@example.net"]
    assert "no entry of just these conditions" in patient.ask("block", "remove", *CLIENT, code=1)


def test_what_is_not_utf8_is_no_entry(patient):
    """An export in JSON couldn't tell of it."""
    for option in ("--client", "--sender", "--recipient"):
        assert "not UTF-8" in patient.ask("allow", "add", option, "a\udcff@example.com", code=2)
    assert "not UTF-8" in patient.ask("allow", "add", *CLIENT, "--note", "\udcff", code=2)
    assert patient.ask_json("allow", "list") == []


def test_to_remove_takes_the_same_conditions(patient):
    patient.ask("allow", "add", *CLIENT, "--sender", SENDER)
    for others in (CLIENT, ["--sender", SENDER], [*CLIENT, "--sender", SENDER, "--recipient", RECIPIENT]):
        errors = patient.ask("allow", "remove", *others, code=1)
        assert errors == "greygate: there is no entry of just these conditions; see greygate allow list\n"
        assert patient.ask("allow", "remove", *others, "--json", code=1) == errors
    assert "no entry" in patient.ask("block", "remove", *CLIENT, "--sender", SENDER, code=1)
    assert patient.ask_json("allow", "remove", "--sender", SENDER, *CLIENT) == [{"removed": 1}]
    assert patient.ask("allow", "list") == "none\n"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_entries_are_kept_across_restarts(patient, end):
    patient.ask("allow", "add", *CLIENT, "--note", "kept")
    patient.ask("allow", "add", "--sender", SENDER, "--for", "1s")
    patient.ask("block", "add", "--recipient", "carol@example.org")
    patient.ask("block", "add", "--recipient", "dave@example.org")
    patient.ask("block", "remove", "--recipient", "dave@example.org")
    before = patient.ask_json("allow", "list"), patient.ask_json("block", "list")
    getattr(patient, end)()
    patient.start()
    kept = [[entry for entry in entries if not entry["lapses"]] for entries in before]
    wait_for("the entry to lapse",
             lambda: [patient.ask_json("allow", "list"), patient.ask_json("block", "list")] == kept)
    assert verdict(patient) == "allow_client"
    assert verdict(patient, recipient="carol@example.org") == "block_recipient"
    assert verdict(patient, recipient="dave@example.org") == "allow_client"


def test_entries_outlive_a_reload(patient):
    patient.ask("allow", "add", *CLIENT)
    patient.configure({"greylist": {"delay": "2h"}})
    patient.reload()
    assert verdict(patient) == "allow_client"
