"""A million entries: commands take no more memory than for a few, and mail goes on."""

import os
import subprocess
import threading
import time

import pytest

from greygate import BINARY
from wait import PATIENCE

ENTRIES = 1_000_000
GROWTH = 64 * 1024  # KiB that serving one command may add, of whatever size its answer is


def peak(process):
    """The most memory that the process ever held, in KiB; counting starts anew."""
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        (line,) = [line for line in status if line.startswith("VmHWM:")]
    with open(f"/proc/{process.pid}/clear_refs", "w", encoding="utf-8") as refs:
        refs.write("5")
    return int(line.split()[1])


class Mail:
    """Sends recipients all the while and keeps the longest time that one reply took."""

    def __init__(self, greygate):
        self.longest, self.count, self._end = 0.0, 0, threading.Event()
        self._greygate = greygate
        self._thread = threading.Thread(target=self._send)

    def _send(self):
        with self._greygate.session() as client:
            while not self._end.is_set():
                begun = time.monotonic()
                client.cmd("RSET")
                client.mail(f"sender{self.count}@example.com")
                assert client.rcpt("new@example.org").code == 450
                self.longest = max(self.longest, time.monotonic() - begun)
                self.count += 1
                self._end.wait(0.01)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(PATIENCE)


@pytest.fixture
def lines(directory):
    """A file of so many entries, every fourth of which waits."""
    file = directory / "million.jsonl"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with open(file, "w", encoding="utf-8") as out:
        for i in range(ENTRIES):
            passed = "null" if i % 4 == 0 else f'"{now}"'
            out.write(f'{{"identity":"10.{i >> 16}.{i >> 8 & 255}.0/24","last_client":"10.{i >> 16}.{i >> 8 & 255}.{i & 255}",'
                      f'"sender":"sender{i % 1000}@example.com","recipient":"user{i}@example.org",'
                      f'"first_seen":"{now}","passed":{passed},"last_seen":"{now}"}}\n')
    return file


def test_a_million_entries(make_greygate, backend, lines):
    greygate = make_greygate(backend, greylist={"delay": "1h", "history": "0s"})
    told = {}

    def measured(name, *arguments, count):
        """Runs a command with its output counted, not kept; both processes must stay small."""
        before = peak(greygate.process)
        begun = time.monotonic()
        with Mail(greygate) as mail:
            command = subprocess.Popen([BINARY, *arguments, "--config", greygate.file], stdout=subprocess.PIPE)
            answer = b""
            printed = 0
            while piece := command.stdout.read(1 << 20):
                printed += piece.count(b"\n")
                answer = (answer + piece)[-1000:]
            _, status, usage = os.wait4(command.pid, 0)
            command.returncode = os.waitstatus_to_exitcode(status)
        assert command.returncode == 0
        grown = peak(greygate.process) - before
        told[name] = (f"{time.monotonic() - begun:.1f} s, proxy +{grown} KiB, command {usage.ru_maxrss} KiB, "
                      f"{mail.count} recipients answered within {mail.longest:.3f} s")
        print(name, told[name])
        assert count(printed, answer), (name, printed, answer)
        assert usage.ru_maxrss < GROWTH, told
        assert mail.count > 0 and mail.longest < PATIENCE, told
        return grown

    took = measured("import", "import", "--from", "greygate", str(lines),
                    count=lambda _, answer: answer.startswith(b"taken over: 1,000,000 entries, "))
    lines.unlink()
    grown = [
        measured("list", "list", count=lambda printed, _: printed > ENTRIES),
        measured("list one", "list", "--recipient", "user777777@example.org", count=lambda printed, _: printed == 2),
        measured("export", "export", count=lambda printed, _: printed >= ENTRIES),
        measured("forget", "forget", "--state", "waiting", "--client", "10.0.0.0/16",
                 count=lambda _, answer: answer == b"16,384 entries forgotten\n"),
    ]
    # Importing fills RocksDB's own write buffers, which are bounded too.
    assert max(grown) < GROWTH, told
    assert took < 4 * GROWTH, told
    assert len(greygate.ask_json("list", "--recipient", "user4@example.org")) == 0
    assert len(greygate.ask_json("list", "--recipient", "user5@example.org")) == 1
