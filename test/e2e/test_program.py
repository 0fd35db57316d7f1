"""The program as its administrator meets it: check, exit codes, signals, restarts."""

import json
import pathlib
import re
import time

import pytest

from fake_backend import stall
from greygate import run
from smtp_client import Closed
from wait import wait_for


@pytest.fixture
def configured(make_greygate, backend):
    """A greygate whose file is written but which isn't started."""
    greygate = make_greygate(backend, start=False)
    greygate.configure({})
    return greygate


@pytest.mark.parametrize("arguments, code", [
    (["--version"], 0),
    (["--help"], 0),
    (["serve", "--help"], 0),
    (["check", "--help"], 0),
    ([], 2),
    (["frobnicate"], 2),
    (["serve", "--frobnicate"], 2),
    (["check", "--config", "/nonexistent/greygate.json"], 1),
    (["serve", "--config", "/nonexistent/greygate.json"], 1),
])
def test_exit_codes(arguments, code):
    ended, out, errors = run(*arguments)
    assert ended == code, (out, errors)
    assert out if code == 0 else errors


def test_check_prints_what_is_in_force_as_a_valid_configuration(configured):
    code, out, errors = run("check", "--config", configured.file)
    assert (code, errors) == (0, "")
    effective = json.loads(out)
    assert effective["greylist"]["delay"] == "1s"
    assert effective["greylist"]["retry_window"] == "2d"
    assert effective["backend"]["end_of_data_timeout"] == "15m"
    assert effective["limits"]["errors"] == 20
    configured.file.write_text(out)
    again, out_again, _ = run("check", "--config", configured.file)
    assert (again, json.loads(out_again)) == (0, effective)


@pytest.mark.parametrize("change, line", [
    ({"greylist": {"delya": "5m"}}, "greylist.delya: "),
    ({"greylist": {"delay": 300}}, "greylist.delay: "),
    ({"greylist": {"delay": "5 minutes"}}, "greylist.delay: "),
    ({"greylist": {"mode": "strict"}}, "greylist.mode: "),
    ({"greylist": {"reply": {"code": 550}}}, "greylist.reply.code: "),
    ({"limits": {"message_size": "big"}}, "limits.message_size: "),
    ({"backend": {"addresses": []}}, "backend.addresses: "),
    ({"backend": {"addresses": ["127.0.0.1"]}}, "backend.addresses[0]: "),
    ({"listen": [{"address": "127.0.0.1:99999"}]}, "listen[0].address: "),
    ({"allow": {"clients": ["10.0.0.0/99"]}}, "allow.clients[0]: "),
    ({"allow": {"clients_files": ["nowhere"]}}, "allow.clients_files[0]: "),
    ({"frobnicate": 1}, "frobnicate: "),
])
def test_check_names_the_key(configured, change, line):
    configured.configure(change)
    code, out, errors = run("check", "--config", configured.file)
    assert (code, out) == (1, "")
    assert any(each.startswith(line) for each in errors.splitlines()), errors
    assert len(errors.splitlines()) == 1


def test_check_suggests_the_nearest_key(configured):
    configured.configure({"greylist": {"delya": "5m"}})
    assert "delay" in run("check", "--config", configured.file)[2].replace("delya", "")


def test_check_finds_every_problem(configured):
    configured.configure({"greylist": {"delay": 1, "lifetime": 2}, "frobnicate": 3})
    assert len(run("check", "--config", configured.file)[2].splitlines()) == 3


def test_required_keys(configured):
    configured.file.write_text("{}")
    errors = run("check", "--config", configured.file)[2]
    assert {line.split(":")[0] for line in errors.splitlines()} == {"backend.addresses", "domains"}


def test_comments_are_allowed(configured):
    text = configured.file.read_text()
    configured.file.write_text("// one\n/* two\n lines */\n" + text)
    assert run("check", "--config", configured.file)[0] == 0


def test_a_backend_that_is_our_own_listener(configured):
    configured.configure({"backend": {"addresses": [f"127.0.0.1:{configured.port}"]}})
    code, _, errors = run("check", "--config", configured.file)
    assert code == 1 and errors.startswith("backend.addresses[0]: ")


def test_serve_refuses_a_broken_file(configured):
    configured.configure({"greylist": {"delya": "5m"}})
    code, _, errors = run("serve", "--config", configured.file)
    assert code == 1 and "greylist.delya" in errors


def test_serve_says_which_address_is_taken(make_greygate, configured, greygate):
    configured.configure({"listen": [{"address": f"127.0.0.1:{greygate.status_port}"}]})
    code, _, errors = run("serve", "--config", configured.file)
    assert code == 1 and str(greygate.status_port) in errors


def test_a_reload_applies_what_it_can(greygate, backend):
    with greygate.session() as client:
        assert client.attempt("alice@example.com", "bob@example.net").code == 550
        greygate.configure({"domains": ["example.org", "example.net"], "greylist": {"mode": "off"}})
        greygate.reload()
    with greygate.session() as client:
        assert client.attempt("alice@example.com", "bob@example.net").code == 250
    assert greygate.status()["greylist"]["mode"] == "off"


@pytest.mark.parametrize("broken", ["{", '{"frobnicate": 1}', None])
def test_a_broken_file_keeps_the_old_settings(greygate, broken):
    text = greygate.file.read_text()
    greygate.file.unlink() if broken is None else greygate.file.write_text(broken)
    greygate.reload()
    assert any('"error"' in line or '"warning"' in line for line in greygate.lines)
    with greygate.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org").code == 450
    greygate.file.write_text(text)
    greygate.reload()
    assert greygate.status()["state"] == "running"


def test_an_open_session_survives_a_reload(greygate, backend):
    with greygate.session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        greygate.reload()
        assert client.data().code == 250
    assert len(backend.messages) == 1


def test_a_change_that_needs_a_restart_is_logged(greygate):
    greygate.configure({"threads": 1})
    greygate.reload()
    assert any("restart" in line and "threads" in line for line in greygate.lines)


@pytest.mark.parametrize("signal", ["terminate", "interrupt"])
def test_an_idle_proxy_ends_at_once(greygate, signal):
    if signal == "terminate":
        greygate.terminate()
    else:
        greygate.process.send_signal(2)
    begun = time.monotonic()
    assert greygate.exit_code() == 0
    assert time.monotonic() - begun < 10


def test_idle_sessions_are_told_at_the_drain(greygate):
    with greygate.session() as client:
        greygate.terminate()
        reply = client.reply()
        assert (reply.code, reply.enhanced) == (421, "4.3.2")
        assert client.is_closed()
    assert greygate.exit_code() == 0


def test_an_open_transaction_finishes_at_the_drain(greygate, backend):
    with greygate.session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        assert client.cmd("DATA").code == 354
        greygate.terminate()
        wait_for("draining", lambda: greygate.status()["state"] == "draining")
        assert greygate.get("/readyz")[0] == 503
        assert greygate.get("/healthz")[0] == 200
        client.send(b"hello\r\n.\r\n")
        assert client.reply().code == 250
    assert greygate.exit_code() == 0
    assert len(backend.messages) == 1


def test_a_transaction_that_takes_too_long_is_cut_off(make_greygate, backend):
    greygate = make_greygate(backend, limits={"drain_timeout": "1s"})
    with greygate.session() as client:
        client.mail()
        assert client.rcpt("pass@example.org").code == 250
        assert client.cmd("DATA").code == 354
        greygate.terminate()
        assert greygate.exit_code() == 1
    assert not backend.messages


def test_the_drain_waits_for_the_reply_to_an_end_of_data(make_greygate, backend):
    greygate = make_greygate(backend, limits={"drain_timeout": "500ms"})
    backend.script("EOD", stall())
    with greygate.session() as client:
        client.mail()
        client.rcpt("pass@example.org")
        client.cmd("DATA")
        client.send(b"hello\r\n.\r\n")
        assert backend.stalled.wait(20)
        greygate.terminate()
        time.sleep(1.5)
        assert greygate.process.poll() is None
        backend.release()
        assert client.reply().code == 250
    assert greygate.exit_code() == 0
    assert greygate.events("message", 1)[0]["outcome"] == "relayed"


def test_no_new_connections_at_the_drain(greygate):
    with greygate.session() as client:
        client.mail()
        client.rcpt("pass@example.org")
        greygate.terminate()
        wait_for("draining", lambda: greygate.status()["state"] == "draining")

        def is_refused():
            try:
                with greygate.client() as other:
                    return other.greeting.code == 421
            except (OSError, Closed):
                return True
        wait_for("new clients to be refused", is_refused)
        assert client.data().code == 250
        client.cmd("QUIT")
    assert greygate.exit_code() == 0


def test_what_was_learned_outlives_a_restart(greygate):
    with greygate.session() as client:
        client.attempt("alice@example.com", "bob@example.org")
    time.sleep(1.1)
    assert greygate.stop() == 0
    greygate.start()
    with greygate.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org").code == 250
    assert greygate.stop() == 0
    greygate.start()
    with greygate.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org").code == 250
    assert greygate.verdicts(3) == ["first_seen", "retried", "known"]


def test_every_answered_attempt_outlives_kill_9(greygate):
    answered = []
    with greygate.session() as client:
        try:
            client.mail()
            for batch in range(50):
                names = [f"user{batch}.x{number}@example.org" for number in range(20)]
                client.send("".join(f"RCPT TO:<{name}>\r\n" for name in names))
                for name in names:
                    assert client.reply().code == 450
                    answered.append(name)
                if batch == 40:
                    greygate.process.kill()
        except (Closed, OSError):
            pass
    greygate.kill()
    assert len(answered) >= 800
    time.sleep(1.1)
    greygate.start()
    with greygate.session() as client:
        client.mail()
        client.send("".join(f"RCPT TO:<{name}>\r\n" for name in answered))
        codes = [each.code for each in client.replies(len(answered))]
    assert set(codes) == {250}


def test_a_second_process_on_the_same_store_gives_way(make_greygate, backend, greygate):
    second = make_greygate(backend, start=False, store={"path": greygate.settings["store"]["path"]})
    second.configure({})
    code, _, errors = run("serve", "--config", second.file)
    assert code == 1 and errors
    with greygate.session() as client:
        client.attempt("alice@example.com", "bob@example.org")
        time.sleep(1.1)
        assert client.attempt("alice@example.com", "bob@example.org").code == 250


@pytest.mark.parametrize("files", ["MANIFEST-*", "CURRENT", "*.sst", "*"])
def test_a_damaged_store_is_repaired_or_moved_aside(greygate, files):
    with greygate.session() as client:
        client.attempt("alice@example.com", "before@example.org")
    assert greygate.stop() == 0
    damaged = [path for path in (greygate.directory / "store").glob(files) if path.is_file()]
    assert damaged
    for path in damaged:
        path.write_bytes(b"\xa5" * 4096)
    greygate.start()
    with greygate.session() as client:
        client.attempt("alice@example.com", "bob@example.org")
        time.sleep(1.1)
        assert client.attempt("alice@example.com", "bob@example.org").code == 250


@pytest.mark.parametrize("policy, code", [("accept", 250), ("defer", 451)])
def test_without_a_store_the_policy_decides(make_greygate, backend, policy, code):
    greygate = make_greygate(backend, ready=False, greylist={"on_store_failure": policy},
                             block={"senders": ["evil@example.com"]}, store={"path": "/proc/greygate/store"})
    with greygate.session() as client:
        assert client.attempt("alice@example.com", "bob@example.org").code == code
        assert client.attempt("evil@example.com", "bob@example.org").code == 554
    assert greygate.verdicts(2) == ["store_failure", "block_sender"]
    assert greygate.get("/readyz")[0] == 503


def test_decisions_in_the_form_of_postgrey(make_greygate, backend):
    greygate = make_greygate(backend, log={"format": "postgrey"}, greylist={"delay": "1h"})
    for _ in range(2):
        with greygate.session() as client:
            client.attempt("alice@example.com", "bob@example.org")
    peers = "client_name=unknown, client_address=127.0.0.1, sender=alice@example.com, recipient=bob@example.org"
    wait_for("two decisions", lambda: sum("action=" in line for line in greygate.lines) == 2)
    first, second = (line for line in greygate.lines if "action=" in line)
    assert first == f"action=greylist, reason=new, {peers}"
    assert re.fullmatch(r"action=greylist, reason=early-retry \(\d{4}s missing\), " + re.escape(peers), second)
    assert any(re.search(r" info started hostname=mx\.example\.org ", line) for line in greygate.lines)


def test_it_gives_up_what_it_has_no_use_for(greygate):
    status = pathlib.Path(f"/proc/{greygate.process.pid}/status").read_text()
    assert "NoNewPrivs:\t1\n" in status
    # The kernel may have no Landlock; what it does is a unit test's matter.
    assert all(each["reason"].startswith("Landlock: ") for each in greygate.events("not_confined"))
