"""What is done with each server, how often, and what is measured: one run of the load generator."""

import dataclasses
import json
import secrets
import subprocess
import sys
import time

from peers.peer import KNOWN, KNOWN_RECIPIENT, NEW_RECIPIENT
from processes import cpu_seconds, memory

AT_ONCE = 20  # connections
SETTLING = {False: 1.0, True: 0.3}  # seconds in which what a server does afterwards counts; in quick rounds
PATIENCE = 120.0  # seconds for one run


@dataclasses.dataclass(frozen=True)
class Scenario:
    """`sessions`: of a fast server in one round, of a slow one, and likewise in quick rounds."""
    name: str
    title: str
    mode: str
    sessions: tuple = (0, 0, 0, 0)
    size: int = 0
    tls: bool = False
    pipelined: bool = False
    quick: bool = True  # among the quick ones, too
    rounds: int = 3     # 1 is enough for the mean of ten thousand

    @property
    def relays(self):
        return self.mode == "relay"

    def fits(self, peer):
        return self.mode in peer.modes and (peer.pipelines or not self.pipelined)

    def count(self, peer, quick):
        return self.sessions[2 * quick + peer.slow]

    def arguments(self):
        words = ["--tls"] * self.tls + ["--pipelined"] * self.pipelined
        return words + (["--size", str(self.size)] if self.relays else [])


MB = 1_000_000
THROUGHPUT = (
    Scenario("put-off", "put off", "put-off", (20000, 2000, 5000, 500)),
    Scenario("put-off-pipelined", "put off, pipelined", "put-off", (20000, 2000, 5000, 500), pipelined=True),
    Scenario("put-off-tls", "put off, TLS 1.3", "put-off", (4000, 1000, 1000, 300), tls=True),
    Scenario("put-off-tls-pipelined", "put off, TLS 1.3, pipelined", "put-off", (4000, 1000, 1000, 300), tls=True,
             pipelined=True, quick=False),
    Scenario("relay-4k", "relay 4 KB", "relay", (10000, 1000, 3000, 300), size=4096),
    Scenario("relay-4k-tls", "relay 4 KB, TLS 1.3", "relay", (4000, 1000, 1000, 300), size=4096, tls=True),
    Scenario("relay-10m", "relay 10 MB", "relay", (100, 20, 40, 4), size=10 * MB),
    Scenario("relay-10m-tls", "relay 10 MB, TLS 1.3", "relay", (60, 10, 20, 4), size=10 * MB, tls=True,
             quick=False),
)
IDLE = (
    Scenario("idle-2000", "2,000 idle", "idle", (2000,) * 4),
    Scenario("idle-2000-tls", "2,000 idle, TLS 1.3", "idle", (2000,) * 4, tls=True),
    Scenario("idle-10000", "10,000 idle", "idle", (10000,) * 4, quick=False, rounds=1),
    Scenario("idle-10000-tls", "10,000 idle, TLS 1.3", "idle", (10000,) * 4, tls=True, quick=False, rounds=1),
)
ALL = THROUGHPUT + IDLE
KNOWN_FAST, KNOWN_SLOW = (max(scenario.sessions[slow] for scenario in THROUGHPUT if scenario.relays) for slow in (0, 1))


class Failed(Exception):
    """A server did not do what it was to do; the reason is for people."""


# What a failing server raises, here or in the programs that are run; the others go on.
EXPECTED = (OSError, RuntimeError, AssertionError, ValueError, Failed, subprocess.SubprocessError)


def reason(error):
    return " ".join(str(error).split()) or type(error).__name__


def say(*words):
    """How far we are: on standard error, since the tables are on standard output."""
    print(time.strftime("[%H:%M:%S]"), *words, file=sys.stderr, flush=True)


@dataclasses.dataclass
class Figures:
    """Of one server in one scenario in one round."""
    sessions: int
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    recipient_ms: dict = None  # quantiles of how long RCPT was unanswered
    idle_bytes: float = 0.0    # of memory, a connection


class Load:
    """The load generator."""

    def __init__(self, place):
        self._program = place.build / "test/bench/bench_load"

    def _command(self, mode, peer, sessions, at_once, words):
        # Of its own, but for known triplets: no run's senders are another's.
        label = KNOWN if KNOWN_RECIPIENT in words else f"r{secrets.token_hex(4)}"
        run = [] if "--run" in words else ["--run", label]
        return [str(word) for word in (self._program, mode, peer.port, "--sessions", sessions, "--at-once",
                                       min(at_once, sessions), *run, *words)]

    def __call__(self, mode, peer, *words, sessions, at_once=AT_ONCE):
        """Runs it to its end; what it says of itself."""
        done = subprocess.run(self._command(mode, peer, sessions, at_once, words), capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        if done.returncode not in (0, 1) or not done.stdout:
            raise Failed(f"the load generator ended with {done.returncode}: {done.stderr.strip()}")
        said = json.loads(done.stdout)
        if said["failures"]:
            first = said["first_failure"].strip()
            raise Failed(f"{said['failures']} of {sessions} sessions failed, the first: {first}")
        return said

    def hold(self, peer, *words, sessions):
        """Starts it; returns once all sessions are open. They are left when its standard input is closed."""
        holding = subprocess.Popen(self._command("idle", peer, sessions, AT_ONCE, words), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        holding.stdout.readline()
        return holding


def words_for(scenario, peer, sessions):
    recipient = KNOWN_RECIPIENT if scenario.relays else NEW_RECIPIENT
    closes = ["--closes"] if peer.closes and not scenario.relays else []
    return [*scenario.arguments(), *peer.options(scenario, sessions), *closes, "--recipient", recipient]


def expect(what, count, wanted):
    if count != wanted:
        raise Failed(f"{what}: {count} instead of {wanted}")


def books(peer):
    return {**peer.ledger(), "put off": peer.put_off_count(), "let pass": peer.passed_count()}


def audit(scenario, peer, before, after, sessions):
    """Every session was really recorded or relayed, by the books of the server and of the sink."""
    grown = {key: after[key] - before[key] for key in before if before[key] is not None}
    relayed = sessions if scenario.relays else 0
    expect("recipients that were put off", grown["put off"], sessions - relayed)
    expect("messages that came out", grown["messages"], relayed)
    expect("their recipients", grown["recipients"], relayed)
    if "let pass" in grown:
        expect("recipients that passed as known", grown["let pass"], relayed)
    octets = relayed * scenario.size
    if not peer.rewrites:
        expect("octets that came out", grown["octets"], octets)
    elif grown["octets"] < octets:
        raise Failed(f"octets that came out: {grown['octets']}, less than {octets}")


def measure(scenario, peer, load, quick):
    """One round of a scenario in which sessions come and go."""
    sessions = scenario.count(peer, quick)
    words = words_for(scenario, peer, sessions)
    before, cpu_before = books(peer), cpu_seconds(peer.roots())
    said = load(scenario.mode, peer, *words, sessions=sessions)
    time.sleep(SETTLING[quick])
    cpu_after, after = cpu_seconds(peer.roots()), books(peer)
    audit(scenario, peer, before, after, sessions)
    return Figures(sessions, said["seconds"], cpu_after - cpu_before, said["recipient_ms"])


def measure_idle(scenario, peer, load):
    """One round with connections that do nothing after EHLO, on a server that has just been started."""
    sessions = min(scenario.count(peer, False), peer.idle_most)
    words = words_for(scenario, peer, sessions)
    load("put-off", peer, *words_for(THROUGHPUT[0], peer, 50), sessions=50)  # what it needs once, it has
    time.sleep(SETTLING[False])
    before = memory(peer.roots())
    with load.hold(peer, *words, sessions=sessions) as holding:
        time.sleep(SETTLING[False])
        held = memory(peer.roots()) - before
        said = holding.communicate(timeout=PATIENCE)[0]
    if holding.returncode != 0:
        raise Failed(f"idle sessions: {said.strip()}")
    return Figures(sessions, idle_bytes=held / sessions)
