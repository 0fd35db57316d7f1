"""What it costs to remember much: greygate with up to ten million entries, others with a hundred thousand."""

import dataclasses
import json
import os
import random
import statistics
import threading
import time

import machine
import scenarios
from peers.greygate import Greygate
from peers.haraka import Haraka
from peers.postfix import Postgrey
from processes import memory
from table import figure, listed, markdown

ROUNDS = 3
PACE = 500  # sessions a second for measuring replies: none of them waits for another's turn
SIZES = {Greygate: (0, 1_000_000, 10_000_000), Postgrey: (0, 100_000), Haraka: (0, 100_000)}
QUICK_SIZES = {Greygate: (0, 100_000, 1_000_000), Postgrey: (0, 10_000), Haraka: (0, 10_000)}
PUT_OFF = scenarios.THROUGHPUT[0]


@dataclasses.dataclass
class Subject:
    """A server with so many entries, and what was found."""
    peer: object
    entries: int
    fill_seconds: float = 0.0
    start_seconds: float = None
    store_bytes: int = None
    memory: int = 0
    rounds: list = dataclasses.field(default_factory=list)
    paced: list = dataclasses.field(default_factory=list)

    @property
    def name(self):
        return f"{self.peer.name}, {self.entries:,}"


class Entries:
    """Like Comparison: run, report, save, stop."""

    def __init__(self, place, classes, quick):
        self.place, self.quick = place, quick
        self.sizes = {peer: sizes for peer, sizes in (QUICK_SIZES if quick else SIZES).items() if peer in classes}
        self.load = scenarios.Load(place)
        self.subjects, self.remarks, self.failures, self.versions = [], [], {}, {}

    def run(self):
        for peer_class, sizes in self.sizes.items():
            for entries in sizes:
                self._attempt(f"{peer_class.name}, {entries:,}", lambda: self._prepare(peer_class, entries))
        for _ in range(ROUNDS):
            for subject in list(self.subjects):
                self._attempt(subject.name, lambda: self._round(subject))
        greygates = [subject for subject in self.subjects if isinstance(subject.peer, Greygate)]
        if greygates:
            self._attempt("greygate, restart", lambda: self._restart(greygates))
            self._attempt("greygate, while it imports", lambda: self._while_it_imports(greygates[-1]))
            for subject in greygates:
                self._attempt(f"{subject.name}, export", lambda: scenarios.expect(
                    "entries in its store", subject.peer.export_count(), subject.peer.entries))

    def _attempt(self, what, measure):
        try:
            measure()
            scenarios.say(what, "done")
        except scenarios.EXPECTED as error:
            self.failures[what] = scenarios.reason(error)
            scenarios.say(f"FAILED: {what}: {scenarios.reason(error)}")

    def _prepare(self, peer_class, entries):
        subject = Subject(peer_class(self.place), entries)
        try:
            if not peer_class.fills_before_start:
                subject.peer.start()
            began = time.monotonic()
            if entries:
                subject.peer.fill(entries)
            subject.fill_seconds = time.monotonic() - began
            if peer_class.fills_before_start:
                subject.peer.start()
            self.versions[peer_class.name] = subject.peer.version()
        except scenarios.EXPECTED:
            subject.peer.stop()
            raise
        self.subjects.append(subject)

    def _round(self, subject):
        sessions = PUT_OFF.count(subject.peer, self.quick)
        subject.rounds.append(scenarios.measure(PUT_OFF, subject.peer, self.load, self.quick))
        paced = self._paced(subject, PACE, 3 if self.quick else 10)
        subject.paced.append(paced["recipient_ms"])
        if isinstance(subject.peer, Greygate):
            subject.peer.entries += sessions + paced["sessions"]

    def _paced(self, subject, pace, seconds):
        words = scenarios.words_for(PUT_OFF, subject.peer, pace * seconds)
        return self.load("put-off", subject.peer, *words, "--per-second", pace, at_once=500, sessions=pace * seconds)

    def _restart(self, greygates):
        for subject in greygates:
            subject.start_seconds = statistics.median(subject.peer.restart() for _ in range(ROUNDS))
            subject.store_bytes = subject.peer.store_bytes()
            subject.memory = memory(subject.peer.roots())

    def _while_it_imports(self, subject):
        """Replies while many entries come in, are written out and compacted."""
        count = 100_000 if self.quick else 1_000_000
        file = subject.peer.directory / "import.jsonl"
        write_lines(file, count)
        began = time.monotonic()
        with Compactions(subject.peer.store) as compactions:
            importing = subject.peer.begin_import(file)
            replies, sessions = [], 0
            while importing.poll() is None:
                said = self._paced(subject, PACE, 5)
                replies.append(said["recipient_ms"])
                sessions += said["sessions"]
        seconds = time.monotonic() - began
        if importing.returncode != 0:
            raise scenarios.Failed(f"import ended with {importing.returncode}")
        subject.peer.entries += count + sessions
        self.remarks.append(
            f"While `greygate import` took over {count:,} entries (in at most {seconds:.0f} s), with {subject.entries:,} "
            f"there and {PACE} sessions a second, {compactions.removed} files of the store were compacted away. The reply "
            f"to RCPT took {figure(statistics.median(reply['p50'] for reply in replies))} ms (median), "
            f"{figure(max(reply['p99'] for reply in replies))} ms (99th percentile of the worst 5 s), "
            f"{figure(max(reply['max'] for reply in replies))} ms (longest).")

    def report(self):
        rows = [row(subject) for subject in self.subjects if subject.rounds and subject.paced]
        header = ["server, entries", "put off per second", "CPU s per 1000", "RCPT median, ms", "RCPT 99 %, ms",
                  "RCPT longest, ms", "start, s", "bytes per entry", "memory, MB"]
        fills = [f"{subject.name} in {subject.fill_seconds:.0f} s" for subject in self.subjects if subject.entries]
        return "\n".join([
            f"Machine: {machine.description()}.  \nVersions: {listed(self.versions.values())}.\n",
            f"Replies at {PACE} sessions a second; medians of {ROUNDS} rounds.\n", markdown(header, rows),
            *(remark + "\n" for remark in self.remarks), f"Filled: {'; '.join(fills)}.\n",
            *(["Failed:\n", *(f"- {what}: {why}" for what, why in self.failures.items())] if self.failures else [])])

    def save(self, path):
        path.write_text(json.dumps({
            "machine": machine.description(), "versions": self.versions, "remarks": self.remarks,
            "failures": self.failures, "subjects": [{"name": subject.name, "rounds": [dataclasses.asdict(r) for r in subject.rounds],
                          "paced": subject.paced, "start_seconds": subject.start_seconds,
                          "store_bytes": subject.store_bytes, "fill_seconds": subject.fill_seconds}
                         for subject in self.subjects]}, indent=1), encoding="utf-8")

    def stop(self):
        for subject in self.subjects:
            subject.peer.stop()


def row(subject):
    def median(values):
        return figure(statistics.median(values))
    return [subject.name,
            median(figures.sessions / figures.seconds for figures in subject.rounds),
            median(figures.cpu_seconds * 1000 / figures.sessions for figures in subject.rounds),
            *(median(replies[which] for replies in subject.paced) for which in ("p50", "p99", "max")),
            figure(subject.start_seconds),
            figure(subject.store_bytes / subject.entries) if subject.store_bytes and subject.entries else "",
            figure(subject.memory / 2**20) if subject.memory else ""]


def write_lines(path, count):
    """Entries as `greygate export` writes them, in random order as mail brings them."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    numbers = random.Random(4712)
    with open(path, "w", encoding="ascii") as out:
        for _ in range(count):
            bits = numbers.getrandbits(64)
            network = f"{bits % 223 + 1}.{bits >> 8 & 255}.{bits >> 16 & 255}"
            out.write(f'{{"identity":"{network}.0/24","last_client":"{network}.7",'
                      f'"sender":"i{bits:x}x@fill.example.com","recipient":"user{bits % 20000}@example.org",'
                      f'"first_seen":"{now}","passed":"{now}","last_seen":"{now}"}}\n')


class Compactions:
    """Watches a store's directory: a compaction takes its input files away."""

    def __init__(self, directory):
        self.removed = 0
        self._directory, self._end = directory, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        seen = self._files()
        while not self._end.wait(0.1):
            now = self._files()
            self.removed += len(seen - now)
            seen = now

    def _files(self):
        return {name for name in os.listdir(self._directory) if name.endswith(".sst")}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
