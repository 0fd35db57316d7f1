"""export and import: from one greygate into another, and from other greylisters."""

import json
import os
import sqlite3
import subprocess
import time

import pytest

from greygate import BINARY, run
from wait import PATIENCE, wait_for

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"
CLIENT, NETWORK = "127.0.0.1", "127.0.0.0"
# An hour ago, as all of them write times; what is younger than that is waited for nowhere here.
THEN = int(time.time()) - 3600


@pytest.fixture
def patient(make_greygate, backend):
    """A proxy that puts off for a minute: for a retry of what was first seen an hour ago, long over."""
    return make_greygate(backend, greylist={"delay": "1m"})


def verdict(greygate, sender=SENDER, recipient=RECIPIENT):
    seen = len(greygate.events("recipient"))
    with greygate.session() as client:
        client.mail(sender)
        client.rcpt(recipient)
    return greygate.events("recipient", seen + 1)[-1]["verdict"]


def line(**members):
    return json.dumps({"identity": "192.0.2.0/24", "last_client": "192.0.2.7", "sender": SENDER, "recipient": RECIPIENT,
                       "first_seen": "2026-01-01T00:00:00Z", "passed": "2026-01-01T00:10:00Z",
                       "last_seen": "2999-01-01T00:00:00Z"} | members) + "\n"


def test_what_one_exports_another_takes_over(patient, make_greygate, backend):
    for sender in (SENDER, "", "carol@example.com"):
        verdict(patient, sender)
    patient.ask("import", "--from", "greygate", "-", input=line(sender="jürgen@exämple.com") + line(
        sender='"a\\tb\\"c"@example.com') + json.dumps({
            "earner": "192.0.2.7", "count": 3, "last_counted": "2999-01-01T00:00:00Z",
            "last_used": "2999-01-01T00:00:00Z"}))
    patient.ask("allow", "add", "--client", "192.0.2.0/24", "--sender", SENDER, "--for", "1d", "--note", "ä\tb")
    patient.ask("block", "add", "--recipient", "eve@example.org")
    exported = patient.ask("export", "--all")
    assert len(exported.splitlines()) == 5 + 1 + 2
    assert patient.ask("export").splitlines() == exported.splitlines()[:5]
    file = patient.directory / "export.jsonl"
    file.write_text(exported)

    other = make_greygate(backend, greylist={"delay": "1h"})
    assert other.ask("import", "--from", "greygate", file) == \
        "taken over: 5 entries, 1 client that earns its way, 2 run-time entries\n"
    for command in (["list"], ["allow", "list"], ["block", "list"], ["export", "--all"]):
        assert other.ask_json(*command) == patient.ask_json(*command)
    assert verdict(other) == "too_early"
    assert verdict(other, recipient="eve@example.org") == "block_recipient"
    # Once more changes nothing.
    assert other.ask_json("import", "--from", "greygate", file) == \
        [{"entries": 5, "earners": 1, "run_time_entries": 2, "left_out": {}}]
    assert len(other.ask_json("export", "--all")) == 8


def test_what_cannot_be_taken_over_is_counted_with_its_reason(patient):
    text = (line() + "nonsense\n[]\n" + line(recipient="") + line(first_seen="yesterday") + line(sender="x@example.com") +
            line(last_seen="2026-01-01T00:00:00Z", sender="old@example.com") + line(identity=3) + "\n \n" +
            '{"list": "allow"}\n{"list": "grey", "client": "192.0.2.1"}\n{"list": "allow", "client": "192.0.2.0/99"}\n' +
            '{"list": "block", "client": "192.0.2.9", "lapses": "2026-01-01T00:00:00Z"}\n' + line(sender="y@example.com")[:-1])
    (told,) = patient.ask_json("import", "--from", "greygate", "-", input=text)
    assert (told["entries"], told["earners"], told["run_time_entries"]) == (3, 0, 0)
    assert sum(told["left_out"].values()) == 10
    assert told["left_out"]["not a JSON object"] == 2
    assert told["left_out"]["an entry that has expired"] == 1
    assert told["left_out"]["a run-time entry that has lapsed"] == 1
    report = patient.ask("import", "--from", "greygate", "-", input=text).splitlines()
    assert report[:2] == ["taken over: 3 entries, 0 clients that earn their way, 0 run-time entries", "left out:"]
    assert "  2  not a JSON object" in report
    assert len(report) == 2 + len(told["left_out"])


def test_what_is_no_export_at_all_fails(patient):
    for text in ("nonsense\n" * 3, "\0\1\2"):
        errors = patient.ask("import", "--from", "greygate", "-", input=text, code=1)
        assert errors == "greygate: -: none of its lines is a JSON object\n"
    assert patient.ask("import", "--from", "greygate", "-", input="") == \
        "taken over: 0 entries, 0 clients that earn their way, 0 run-time entries\n"


@pytest.mark.parametrize("program", ["greygate", "postgrey", "spamd", "sqlgrey"])
def test_a_file_that_is_not_there(patient, program):
    missing = patient.directory / "missing"
    errors = patient.ask("import", "--from", program, missing, code=1)
    assert f"{missing}: " in errors and "No such file" in errors


def postgrey(directory):
    """postgrey's two databases, made by Berkeley DB's own tool."""
    directory.mkdir()
    for name, pairs in {
            "postgrey.db": {f"{NETWORK}/{SENDER}/{RECIPIENT}": f"{THEN},{THEN + 400}",
                            f"{NETWORK}/carol@example.com/{RECIPIENT}": f"{THEN},{THEN}",
                            f"{NETWORK}/old@example.com/{RECIPIENT}": "1000000000,1000000000"},
            "postgrey_clients.db": {"192.0.2.7": f"4,{THEN}"}}.items():
        text = "".join(f"{key}\n{value}\n" for key, value in pairs.items())
        subprocess.run(["db5.3_load", "-T", "-t", "btree", directory / name], input=text, text=True, check=True)
    return directory


def test_from_postgrey(patient):
    directory = postgrey(patient.directory / "postgrey")
    (told,) = patient.ask_json("import", "--from", "postgrey", directory)
    assert told == {"entries": 2, "earners": 1, "run_time_entries": 0, "left_out": {"an entry that has expired": 1}}
    assert verdict(patient) == "known"
    assert verdict(patient, "carol@example.com") == "retried"
    assert verdict(patient, "old@example.com") == "first_seen"
    earner = json.loads(patient.ask("export", "--all").splitlines()[-1])
    assert (earner["earner"], earner["count"]) == ("192.0.2.7", 4)


def test_from_a_dump_of_postgrey(patient):
    database = postgrey(patient.directory / "postgrey") / "postgrey.db"
    dump = subprocess.run(["db5.3_dump", "-p", database], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert patient.ask("import", "--from", "postgrey", "-", input=dump).splitlines()[0] == \
        "taken over: 2 entries, 0 clients that earn their way, 0 run-time entries"
    assert verdict(patient) == "known"


def test_from_spamd(patient):
    lines = (f"WHITE|{CLIENT}|||{THEN}|{THEN}|{THEN + 3000000}|1|2\n"
             f"GREY|192.0.2.9|mail.example.com|<carol@example.com>|<{RECIPIENT}>|{THEN}|{THEN + 1500}|{THEN + 90000}|1|0\n"
             f"TRAPPED|198.51.100.7|{THEN + 90000}\n"
             "SPAMTRAP|trap@example.org\n")
    (told,) = patient.ask_json("import", "--from", "spamd", "-", input=lines)
    assert (told["entries"], told["run_time_entries"], sum(told["left_out"].values())) == (1, 2, 1)
    assert verdict(patient) == "allow_client"
    assert [entry["client"] for entry in patient.ask_json("block", "list")] == ["198.51.100.7"]
    assert patient.ask_json("list")[0]["sender"] == "carol@example.com"


def sqlgrey(path):
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE connect (sender_name, sender_domain, src, rcpt, first_seen timestamp);"
        "CREATE TABLE from_awl (sender_name, sender_domain, src, first_seen timestamp, last_seen timestamp);"
        "CREATE TABLE domain_awl (sender_domain, src, first_seen timestamp, last_seen timestamp);"
        f"INSERT INTO connect VALUES ('carol', 'example.com', '127.0.0', '{RECIPIENT}', {THEN});"
        f"INSERT INTO from_awl VALUES ('alice', 'example.com', '127.0.0.1', {THEN}, {THEN + 600});"
        f"INSERT INTO domain_awl VALUES ('example.net', '127.0.0', {THEN}, {THEN + 600});"
        f"INSERT INTO domain_awl VALUES ('old.example', '127.0.0', 1000000000, 1000000000);")
    dump = "\n".join(database.iterdump())
    database.close()
    return dump


@pytest.mark.parametrize("form", ["file", "dump"])
def test_from_sqlgrey(make_greygate, backend, form):
    greygate = make_greygate(backend, greylist={"delay": "1m", "lifetime": "10d"})
    file = greygate.directory / "sqlgrey.db"
    dump = sqlgrey(file)
    if form == "dump":
        file.write_text(dump)
    (told,) = greygate.ask_json("import", "--from", "sqlgrey", file)
    assert told == {"entries": 1, "earners": 0, "run_time_entries": 2, "left_out": {"a run-time entry that has lapsed": 1}}
    assert verdict(greygate) == "allow_client"
    assert verdict(greygate, "anybody@example.net") == "allow_client"
    assert verdict(greygate, "carol@example.com") == "retried"
    assert verdict(greygate, "dave@example.com") == "first_seen"
    # What SQLgrey would let in as long as it is used lapses greylist.lifetime after its last use.
    lapses = {entry["lapses"] for entry in greygate.ask_json("allow", "list")}
    assert lapses == {time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(THEN + 600 + 10 * 86400))}


@pytest.mark.parametrize("octets", [1, 40])
def test_an_export_that_was_cut_short_changes_nothing(patient, octets):
    file = patient.directory / "export.jsonl"
    file.write_text((line() + line(sender="carol@example.com"))[:-1 - octets])
    assert patient.ask("import", "--from", "greygate", file, code=1) == \
        f"greygate: {file}: line 2 is not a JSON object: was the file cut short?\n"
    assert patient.ask("export") == ""


def test_a_damaged_file_changes_nothing(patient):
    dump = sqlgrey(patient.directory / "sqlgrey.db")
    rows = f"INSERT INTO connect VALUES ('carol', 'example.com', '127.0.0', '{RECIPIENT}', {THEN});\n" * 3000
    damaged = patient.directory / "dump.sql"
    damaged.write_text(dump.replace("COMMIT;", rows + "INSERT INTO connect VALUES ('cut o"))
    assert str(damaged) in patient.ask("import", "--from", "sqlgrey", damaged, code=1)
    whole = patient.directory / "whole.sql"
    whole.write_text(dump.replace("COMMIT;", rows))
    for program in ("postgrey", "spamd"):
        patient.ask("import", "--from", program, whole, code=1)
    assert patient.ask("export", "--all") == ""
    assert patient.ask("import", "--from", "sqlgrey", whole).startswith("taken over: 3,001 entries, ")


def test_long_transfers_show_their_progress_on_a_terminal(patient):
    """Through script(1), which gives a command a terminal."""
    pipe = patient.directory / "pipe"
    os.mkfifo(pipe)
    command = f"{BINARY} import --from greygate {pipe} --config {patient.file}"
    importing = subprocess.Popen(["script", "--quiet", "--return", "--command", command, "/dev/null"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    with open(pipe, "w", encoding="utf-8") as lines:
        for _ in range(3):
            lines.write(line() * 2000)
            lines.flush()
            time.sleep(0.3)  # longer than the line stays
    out, _ = importing.communicate(timeout=PATIENCE)
    assert importing.returncode == 0
    assert " sent" in out.split("taken over: ")[0]
    assert "taken over: 6,000 entries" in out


def test_a_proxy_that_ends_meanwhile(patient):
    writer = subprocess.Popen([BINARY, "import", "--from", "greygate", "-", "--config", patient.file],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer.stdin.write("".join(line(sender=f"s{i}@example.com") for i in range(2000)).encode())
    writer.stdin.flush()
    wait_for("some of it to be there", lambda: patient.ask_json("list"))
    patient.kill()
    _, errors = writer.communicate(line().encode() * 100000, timeout=PATIENCE)
    assert writer.returncode == 1
    assert errors.decode().startswith("greygate: the proxy ")
    assert run("status", "--config", patient.file)[0] == 1
