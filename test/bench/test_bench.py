"""The load generator and the sink against each other, and the arithmetic of the tables: so that the benchmark
measures what it says, and can still be run."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys

import pytest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "../e2e")]

import processes  # noqa: E402
from peers.peer import Place, free_port  # noqa: E402
from processes import Process  # noqa: E402
from sink import Sink  # noqa: E402
from table import figure, listed, markdown, ratio  # noqa: E402

SESSIONS = 100
SINK, LOAD = pathlib.Path(os.environ["BENCH_SINK"]), os.environ["BENCH_LOAD"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Programs where the benchmark looks for them, and a certificate."""
    directory = tmp_path_factory.mktemp("bench")
    (directory / "build/test").mkdir(parents=True)
    (directory / "build/test/bench").symlink_to(SINK.parent)
    place = Place(directory / "build", directory)
    place.make_certificate()
    return place


@pytest.fixture
def sink(place):
    sink = Sink(place, place.directory)
    yield sink
    sink.stop()


def load(*words):
    """(exit code, what it says)."""
    done = subprocess.run([LOAD, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout)


def grown(sink, before):
    return {key: value - before[key] for key, value in sink.ledger().items() if value != before[key]}


@pytest.mark.parametrize("words", [(), ("--pipelined",), ("--tls",), ("--tls", "--pipelined"), ("--per-second", 1000),
                                   ("--proxy", "192.0.2.1", "--clients", 50)])
def test_sessions_that_are_put_off(sink, words):
    before = sink.ledger()
    code, said = load("put-off", sink.port, "--sessions", SESSIONS, *words)
    assert (code, said["failures"], said["sessions"]) == (0, 0, SESSIONS)
    assert 0 < said["recipient_ms"]["p50"] <= said["recipient_ms"]["p99"] <= said["recipient_ms"]["max"]
    identified = {"identified": SESSIONS} if "--proxy" in words else {}
    assert grown(sink, before) == {"connections": SESSIONS + 1, "put_off": SESSIONS, **identified}


@pytest.mark.parametrize("size", [200, 4096, 1_000_000])
@pytest.mark.parametrize("words", [(), ("--tls",)])
def test_sessions_that_are_relayed(sink, size, words):
    before = sink.ledger()
    words = ("--sessions", SESSIONS, "--size", size, "--recipient", "known@example.org", *words)
    code, said = load("relay", sink.port, *words)
    assert (code, said["failures"]) == (0, 0)
    assert grown(sink, before) == {"connections": SESSIONS + 1, "recipients": SESSIONS, "messages": SESSIONS,
                                   "octets": SESSIONS * size}


@pytest.mark.parametrize("words", [(), ("--tls",)])
def test_idle_sessions(sink, words):
    with subprocess.Popen([LOAD, "idle", str(sink.port), "--sessions", str(SESSIONS), *words], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as holding:
        assert holding.stdout.readline() == f"{SESSIONS} sessions are open\n"
        assert sink.ledger()["connections"] >= SESSIONS
        assert holding.communicate(timeout=60)[0] == ""
    assert holding.returncode == 0


def test_an_unexpected_reply_is_a_failure(sink):
    code, said = load("put-off", sink.port, "--sessions", SESSIONS, "--recipient", "known@example.org")
    assert (code, said["failures"], said["first_failure"]) == (1, SESSIONS, "not 45: 250 2.1.5 Ok\r\n")


def test_idle_sessions_that_were_lost_are_a_failure(sink):
    with subprocess.Popen([LOAD, "idle", str(sink.port), "--sessions", str(SESSIONS)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as holding:
        holding.stdout.readline()
        sink.stop()
        assert holding.communicate(timeout=60)[0].startswith(f"{SESSIONS} failed")
    assert holding.returncode == 1


def test_the_sink_finds_the_end_of_content_wherever_it_is_cut(sink):
    header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)
    conversation = (header + b"EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
                    b"one\r\n.\n..\r\n.x\r\n.\r\nNOOP\r\nDATA\r\n.\r\nQUIT\r\n")
    for step in (1, 2, 3, 5, 7, len(conversation)):
        before = sink.ledger()
        with socket.create_connection(("127.0.0.1", sink.port)) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(conversation), step):
                client.sendall(conversation[at:at + step])
            replies = b"".join(iter(lambda: client.recv(4096), b""))
        assert [line[:3] for line in replies.splitlines() if line[3:4] == b" "] == [
            b"220", b"250", b"250", b"250", b"354", b"250", b"250", b"354", b"250", b"221"]
        assert grown(sink, before) == {"connections": 2, "identified": 1, "recipients": 1, "messages": 2, "octets": 15}


def test_auth_http(place, sink):
    port = free_port()
    service = Process([SINK, "--auth-http", port, sink.port], place.directory / "auth_http.log")

    def ask(request):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(4096), b""))
    try:
        for _ in range(1000):
            try:
                ask(b"GET /ledger HTTP/1.0\r\n\r\n")
                break
            except OSError:
                service.check()
        question = b"GET / HTTP/1.0\r\nAuth-SMTP-To: RCPT TO:<%s@example.org>\r\n\r\n"
        assert b"Auth-Error-Code: 450 4.2.0\r\n" in ask(question % b"later")
        assert f"Auth-Port: {sink.port}\r\n".encode() in ask(question % b"known")
        assert ask(b"GET /ledger HTTP/1.0\r\n\r\n").endswith(b'{"put_off": 1}\n')
    finally:
        service.stop()


def test_what_a_tree_of_processes_uses(tmp_path):
    busy = "import sys; [None for _ in range(3000000)]; bytearray(30000000)"
    shell = Process([shutil.which("sh"), "-c", f"{sys.executable} -c '{busy}'; {sys.executable} -c 'import time; "
                     "room = bytearray(b\"x\" * 50000000); open(\"ready\", \"w\").close(); time.sleep(60)' & wait"],
                    tmp_path / "log", cwd=tmp_path)
    try:
        while not (tmp_path / "ready").exists():
            shell.check()
        assert len(processes.tree([shell.pid])) == 2
        assert processes.cpu_seconds([shell.pid]) >= 0.02  # most of it of a child that has ended
        assert processes.memory([shell.pid]) > 50_000_000
    finally:
        shell.stop()
    assert not pathlib.Path(f"/proc/{shell.pid}").exists()


def test_figures_and_tables():
    assert [figure(value) for value in (0.0614, 1.05, 56.04, 1646.4, None)] == ["0.061", "1.05", "56.0", "1,646", ""]
    assert [ratio(3, 2), ratio(40, 2), ratio(1, 0)] == [" (1.50×)", " (20×)", ""]
    assert listed(["a 1", "b 2, c 3", "b 2", "a 1"]) == "a 1; b 2, c 3"
    assert markdown(["", "a"], [["x", "1"]]) == "|  | a |\n| --- | ---: |\n| x | 1 |\n"
