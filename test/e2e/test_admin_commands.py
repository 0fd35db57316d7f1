"""What an administrator asks a running proxy: status, explain, list, forget; and how each command fails."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import time

import pytest

from fake_backend import say
from greygate import BINARY, run
from wait import PATIENCE, wait_for

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"
QUESTION = ["--client", "127.0.0.1", "--sender", SENDER, "--recipient", RECIPIENT]

# Each command with arguments that are in order.
COMMANDS = [
    ["status"],
    ["explain", *QUESTION],
    ["explain", "--recipient", RECIPIENT],
    ["list"],
    ["forget", "--sender", SENDER],
    ["allow", "add", "--client", "192.0.2.1"],
    ["allow", "remove", "--client", "192.0.2.1"],
    ["allow", "list"],
    ["block", "add", "--client", "192.0.2.1"],
    ["block", "remove", "--client", "192.0.2.1"],
    ["block", "list"],
    ["export"],
    ["import", "--from", "greygate", "-"],
]


@pytest.fixture
def patient(make_greygate, backend):
    """A proxy that puts off for an hour."""
    return make_greygate(backend, greylist={"delay": "1h"})


def put_off(greygate, sender=SENDER, recipient=RECIPIENT, **options):
    with greygate.session(**options) as client:
        client.mail(sender)
        assert client.rcpt(recipient).code == 450


def history(greygate, count):
    """The latest events for the recipient, once there are so many: they are written within a second."""
    def events():
        (answer,) = greygate.ask_json("explain", "--recipient", RECIPIENT)
        return len(answer["history"]) >= count and answer["history"]
    return wait_for(f"{count} events of the history", events)


def test_status_for_people(patient):
    put_off(patient)
    text = patient.ask("status")
    lines = {line.split("  ")[0].strip(): line for line in text.splitlines()}
    assert text.startswith("greygate 0.") and "on mx.example.org: running, up for " in text.splitlines()[0]
    assert "1 put off, 0 passed, 0 refused" in lines["recipients"]
    assert [line.split() for line in text.splitlines() if line.startswith("  ")] == [
            ["first_seen", "1"], ["1", "times", "127.0.0.1"], ["1", "times", "alice@example.com"]]
    assert "127.0.0.1:" in lines["backend"] and " up, " in lines["backend"]
    assert "enforce, delay 1h, retry window 2d, lifetime 36d" in lines["greylist"]
    assert "rocksdb well" in lines["store"]
    assert "self-signed.crt ends in 36" in lines["certificate"]


def test_status_names_a_sick_backend(make_greygate, backend):
    backend.script("connect", say("554 5.3.2 \x1b[2JGo away"), times=None)
    greygate = make_greygate(backend, ready=False)
    wait_for("the refusal to be known", lambda: greygate.status()["backends"][0]["last_error"])
    text = greygate.ask("status")
    assert " DOWN, " in text
    assert "Go away" in text
    assert "\x1b" not in text


def test_status_as_json_is_the_status_page(patient):
    (status,) = patient.ask_json("status")
    page = patient.status()
    del status["uptime_seconds"], page["uptime_seconds"]
    assert status == page


def test_explain_has_the_keys_that_scripts_rely_on(patient):
    put_off(patient)
    (told,) = patient.ask_json("explain", *QUESTION)
    assert set(told) >= {"verdict", "action", "reply", "client", "identity", "sender", "recipient", "first_seen", "passed",
                         "last_seen", "passes_at", "steps"}
    assert (told["verdict"], told["action"]) == ("too_early", "put_off")
    assert told["reply"].startswith("450 4.2.0 <bob@example.org>: Greylisted")
    assert (told["identity"], told["sender"], told["recipient"]) == ("127.0.0.0/24", SENDER, RECIPIENT)
    assert told["passed"] is None
    assert told["first_seen"].endswith("Z") and told["first_seen"] == told["last_seen"] < told["passes_at"]
    assert told["steps"] and all(isinstance(step, str) for step in told["steps"])


def test_explaining_changes_nothing(patient):
    (told,) = patient.ask_json("explain", *QUESTION)
    assert (told["verdict"], told["first_seen"]) == ("first_seen", None)
    assert patient.ask_json("list") == []
    assert patient.status()["recipients"]["put_off"] == 0


@pytest.mark.parametrize("arguments, verdict, action", [
    (["--sender", SENDER, "--recipient", "postmaster"], "first_seen", "put_off"),
    (["--sender", "<>", "--recipient", RECIPIENT], "first_seen", "put_off"),
    (["--sender", "", "--recipient", RECIPIENT], "first_seen", "put_off"),
    (["--sender", SENDER, "--recipient", "pass@example.org"], "allow_recipient", "pass"),
    (["--sender", SENDER, "--recipient", "bob@example.com"], "relay_denied", "refuse"),
    (["--sender", SENDER, "--recipient", "bob%example.com@example.org"], "unsafe_recipient", "refuse"),
])
def test_explain_says_what_a_client_would_hear(patient, arguments, verdict, action):
    (told,) = patient.ask_json("explain", "--client", "127.0.0.1", "--helo", "client.example.com", *arguments)
    assert (told["verdict"], told["action"]) == (verdict, action)
    sender = arguments[1].strip("<>")
    with patient.session() as client:
        client.mail(sender)
        reply = client.rcpt(arguments[3])
    if action == "pass":
        assert (told["reply"], reply.code) == ("", 250)
    else:
        assert told["reply"] == reply.text


def test_explain_tells_the_story_of_a_message(greygate, backend):
    backend.script("EOD", say("250 2.0.0 queued as 4F2"))
    put_off(greygate)
    time.sleep(1.1)  # outlasts the delay
    with greygate.session() as client:
        assert client.attempt(SENDER, RECIPIENT).code == 250
    events = history(greygate, 3)
    assert (events[0]["what"], events[0]["reply"]) == ("relayed", "250 2.0.0 queued as 4F2")
    assert (events[1]["what"], events[-1]["what"]) == ("retried", "first_seen")

    text = greygate.ask("explain", *QUESTION)
    assert text.startswith("passes (known)\n\n1. ")
    story = text.partition("What became of it until now, in UTC:\n")[2].splitlines()
    assert story[0].endswith("first attempt from 127.0.0.1: put off")
    assert story[-2].endswith("retried in time from 127.0.0.1: passed")
    assert story[-1].endswith("relayed: the mail server said 250 2.0.0 queued as 4F2")
    table = greygate.ask("explain", "--recipient", RECIPIENT).splitlines()
    assert table[0].split() == ["TIME", "SENDER", "WHAT"]
    assert table[1].endswith("alice@example.com  relayed: the mail server said 250 2.0.0 queued as 4F2")
    assert table[-1].endswith("first attempt from 127.0.0.1: put off")


def test_explain_tells_of_others_who_wrote(patient):
    put_off(patient, sender="carol@example.com")
    history(patient, 1)
    text = patient.ask("explain", *QUESTION)
    assert text.startswith("put off (first_seen): 450 4.2.0 ")
    assert "Other mail for bob@example.org, in UTC:\n" in text
    assert "carol@example.com  first attempt from 127.0.0.1: put off" in text
    assert "What became of it" not in text


def test_nothing_is_known_of_a_stranger(patient):
    assert patient.ask("explain", "--recipient", "nobody@example.org") == \
        "Nothing is remembered of mail for this recipient.\n"
    (told,) = patient.ask_json("explain", "--recipient", "nobody@example.org")
    assert told == {"recipient": "nobody@example.org", "history": []}


def test_list_and_export_have_the_keys_that_scripts_rely_on(patient):
    assert patient.ask("list") == "none\n"
    assert patient.ask("list", "--json") == patient.ask("export") == ""
    put_off(patient)
    put_off(patient, sender="")
    entries = patient.ask_json("list")
    assert [list(entry) for entry in entries] == \
        [["identity", "last_client", "sender", "recipient", "state", "first_seen", "passed", "last_seen"]] * 2
    bounce, entry = entries
    assert (entry["identity"], entry["last_client"]) == ("127.0.0.0/24", "127.0.0.1")
    assert (entry["sender"], entry["recipient"], entry["state"]) == (SENDER, RECIPIENT, "waiting")
    assert entry["passed"] is None and entry["first_seen"].endswith("Z")
    assert bounce["sender"] == ""
    assert [json.loads(line) for line in patient.ask("export").splitlines()] == entries
    rows = [re.split(" {2,}", line) for line in patient.ask("list").splitlines()]
    assert rows[0] == ["STATE", "FIRST SEEN", "LAST SEEN", "IDENTITY", "LAST CLIENT", "SENDER", "RECIPIENT"]
    assert [row[-2:] for row in rows[1:]] == [["<>", RECIPIENT], [SENDER, RECIPIENT]]


@pytest.fixture
def filled(patient):
    """Five entries; one has passed."""
    lines = [{"identity": identity, "last_client": client, "sender": sender, "recipient": recipient,
              "first_seen": "2026-01-01T00:00:00Z", "passed": passed, "last_seen": "2999-01-01T00:00:00Z"}
             for identity, client, sender, recipient, passed in [
                 ("192.0.2.0/24", "192.0.2.7", "a@example.com", "bob@example.org", "2026-01-01T01:00:00Z"),
                 ("192.0.2.0/24", "192.0.2.9", "", "bob@example.org", "2026-01-01T01:00:00Z"),
                 ("198.51.100.0/24", "198.51.100.1", "a@example.com", "carol@example.org", "2026-01-01T01:00:00Z"),
                 ("2001:db8::/64", "2001:db8::1", "b@example.net", "bob@sub.example.org", "2026-01-01T01:00:00Z"),
             ]]
    patient.ask("import", "--from", "greygate", "-", input="".join(json.dumps(line) + "\n" for line in lines))
    put_off(patient, sender="new@example.com")
    return patient


@pytest.mark.parametrize("conditions, found", [
    ([], 5),
    (["--client", "192.0.2.0/24"], 2),
    (["--client", "192.0.2.7"], 1),
    (["--client", "192.0.0.0/16"], 2),
    (["--client", "2001:db8::/32"], 1),
    (["--client", "203.0.113.0/24"], 0),
    (["--sender", "a@example.com"], 2),
    (["--sender", "A@EXAMPLE.COM"], 2),
    (["--sender", "@example.com"], 3),
    (["--sender", "<>"], 1),
    (["--sender", ""], 1),
    (["--recipient", "@example.org"], 4),
    (["--recipient", "bob@example.org", "--client", "192.0.2.9"], 1),
    (["--state", "waiting"], 1),
    (["--state", "passed"], 4),
    (["--state", "passed", "--sender", "@example.com", "--recipient", "carol@example.org"], 1),
])
def test_conditions_of_list_and_forget(filled, conditions, found):
    assert len(filled.ask_json("list", *conditions)) == found
    rows = filled.ask("list", *conditions).splitlines()
    assert len(rows) == found + 1 if found else rows == ["none"]
    if conditions:
        assert filled.ask_json("forget", *conditions) == [{"forgotten": found}]
        assert filled.ask_json("list", *conditions) == []
        assert len(filled.ask_json("list")) == 5 - found


def test_forgotten_is_as_if_it_had_never_come(patient):
    put_off(patient)
    assert patient.ask("forget", "--recipient", RECIPIENT) == "1 entry forgotten\n"
    assert patient.ask("forget", "--all") == "0 entries forgotten\n"
    put_off(patient)
    assert patient.verdicts(2) == ["first_seen", "first_seen"]
    assert patient.ask_json("forget", "--all") == [{"forgotten": 1}]


def test_what_senders_write_never_steers_the_terminal(patient, backend):
    backend.script("RCPT", say("550 5.1.1 \x1b]0;owned\x07"))
    with patient.session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 550
    line = {"identity": "192.0.2.0/24", "sender": "\u009b31m\u202e@example.com", "recipient": RECIPIENT,
            "first_seen": "2026-01-01T00:00:00Z", "last_seen": "2999-01-01T00:00:00Z", "passed": "2026-01-01T00:00:00Z"}
    patient.ask("import", "--from", "greygate", "-", input=json.dumps(line))
    assert patient.ask_json("list")[0]["sender"] == line["sender"]
    wait_for("the event", lambda: patient.ask_json("explain", "--recipient", "pass@example.org")[0]["history"])
    for arguments in (["list"], ["explain", "--recipient", "pass@example.org"]):
        for more in ([], ["--json"]):
            assert not set(patient.ask(*arguments, *more)) & {"\x1b", "\x07", "\u009b", "\u202e"}
    assert r"\u001b]0;owned\u0007" in patient.ask("explain", "--recipient", "pass@example.org")


@pytest.mark.parametrize("arguments, said", [
    (["explain"], "--recipient"),
    (["explain", "--client", "127.0.0.1", "--recipient", RECIPIENT], "--sender"),
    (["explain", "--client", "localhost", "--sender", SENDER, "--recipient", RECIPIENT], "client: "),
    (["explain", "--client", "127.0.0.1", "--sender", "a@b@c", "--recipient", RECIPIENT], "sender: "),
    (["explain", "--recipient", ""], "recipient: "),
    (["list", "--client", "localhost"], "client: "),
    (["list", "--sender", "/a/b"], "sender: "),
    (["list", "--state", "gone"], "--state"),
    (["forget"], "which entries?"),
    (["forget", "--json"], "which entries?"),
    (["forget", "--client", "1.2.3"], "client: "),
    (["forget", "--all", "--state", "waiting"], "--all"),
    (["status", "now"], "now"),
    (["allow"], "subcommand"),
    (["allow", "add"], "which mail?"),
    (["allow", "add", "--client", "192.0.2.0/33"], "client: "),
    (["allow", "add", "--sender", "a@b@"], "sender: "),
    (["allow", "add", "--client", "192.0.2.1", "--for", "ten minutes"], "--for"),
    (["block", "remove"], "which mail?"),
    (["import", "-"], "--from"),
    (["import", "--from", "sendmail", "-"], "--from"),
    (["export", "file"], "file"),
])
def test_wrong_usage(filled, arguments, said):
    errors = filled.ask(*arguments, code=2)
    assert said in errors.splitlines()[0], errors
    assert errors.startswith("greygate: ")
    assert len(filled.ask_json("list")) == 5
    assert filled.ask("allow", "list") == "none\n"


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_when_no_proxy_is_running(make_greygate, backend, arguments):
    greygate = make_greygate(backend, start=False)
    greygate.configure({})
    plainly = f"greygate: no proxy is running: {greygate.directory}/admin.sock: "
    code, out, errors = run(*arguments, "--config", greygate.file, stdin=subprocess.DEVNULL)
    assert (code, out, errors) == (1, "", plainly + "No such file or directory\n")
    left_behind = socket.socket(socket.AF_UNIX)
    left_behind.bind(str(greygate.directory / "admin.sock"))
    left_behind.close()
    code, out, errors = run(*arguments, "--json", "--config", greygate.file, stdin=subprocess.DEVNULL)
    assert (code, out, errors) == (1, "", plainly + "Connection refused\n")


@pytest.mark.parametrize("arguments", [["--help"], *([*words, "--help"] for words in (
    ["status"], ["explain"], ["list"], ["forget"], ["allow"], ["allow", "add"], ["block", "remove"], ["export"],
    ["import"]))], ids=" ".join)
def test_help(arguments):
    code, out, errors = run(*arguments)
    assert (code, errors) == (0, "")
    assert "Usage: greygate " + " ".join(arguments[:-1]) in out


@pytest.mark.parametrize("broken", [
    '{"frobnicate": true, "domains": 3, "admin": {"socket": "SOCKET"}}',
    '{"domains": ["example.org" "backend": {}, "admin": {"socket": "SOCKET"}',
    '{"admin": {"socket": "SOCKET"}}',
    '// not much\n{"admin": {"socket": "admin.sock"}}',
], ids=["elsewhere", "not JSON", "incomplete", "relative"])
def test_a_broken_configuration_keeps_nobody_from_asking(patient, broken):
    patient.file.write_text(broken.replace("SOCKET", str(patient.directory / "admin.sock")))
    assert run("check", "--config", patient.file)[0] == 1
    assert patient.ask_json("status")[0]["state"] == "running"


def test_a_configuration_that_cannot_be_read(patient):
    code, out, errors = run("status", "--config", patient.directory / "missing.json")
    assert (code, out, errors) == (1, "", f"greygate: {patient.directory}/missing.json: No such file or directory\n")
    patient.file.write_text('{"admin": {"socket": 3}}')
    assert "admin.socket: expected a path" in patient.ask("status", code=1)


def test_the_socket_is_for_its_owner_alone(patient):
    path = patient.directory / "admin.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    program = shutil.copy(BINARY, patient.directory)  # the source tree may be closed to strangers
    # Without a sanitizer's options, which may name a file that he can't read.
    environment = {name: value for name, value in os.environ.items() if not name.endswith("SAN_OPTIONS")}
    stranger = subprocess.run([program, "status", "--config", patient.file], capture_output=True, text=True, user=65534,
                              env=environment, check=False)
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert stranger.stderr == f"greygate: the proxy can't be asked: {path}: Permission denied\n"


def test_curl_may_ask_too(patient):
    def curl(*arguments):
        return subprocess.run(["curl", "--silent", "--unix-socket", patient.directory / "admin.sock", *arguments],
                              capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert json.loads(curl("http://localhost/status"))["program"] == "greygate"
    assert json.loads(curl("-X", "POST", "http://localhost/allow?client=192.0.2.1&for=10m"))["client"] == "192.0.2.1"
    assert [json.loads(line)["client"] for line in curl("http://localhost/allow").splitlines()] == ["192.0.2.1"]
    assert "error" in json.loads(curl("http://localhost/nowhere"))


def test_what_cannot_be_printed_is_a_failure(filled):
    with open("/dev/full", "wb") as full:
        for arguments in (["list"], ["list", "--json"], ["export"], ["status"], ["explain", "--recipient", RECIPIENT]):
            done = subprocess.run([BINARY, *arguments, "--config", filled.file], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=PATIENCE, check=False)
            assert (done.returncode, done.stderr) == (1, "greygate: stdout: No space left on device\n")
