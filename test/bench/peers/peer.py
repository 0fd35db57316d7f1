"""What all servers have in common, ours too."""

import dataclasses
import os
import pathlib
import resource
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../e2e"))

from ports import free_port  # noqa: E402, F401
from processes import Process  # noqa: E402
from wait import wait_for  # noqa: E402

# Senders of known triplets are those of the load generator with this label, from number 0 on.
KNOWN = "known"
KNOWN_RECIPIENT, NEW_RECIPIENT = "known@example.org", "later@example.org"
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # that a process may have open at most


def wait_by_the_clock(seconds):
    """Servers judge retries by the time of day, and that may stand still for a moment while we sleep."""
    end = time.time() + seconds
    wait_for("the clock to go on", lambda: time.time() >= end, timeout=60)


@dataclasses.dataclass
class Place:
    """Where servers run, and what they are given."""
    build: pathlib.Path      # where our programs are, and Haraka
    directory: pathlib.Path  # temporary; each server has one of its own below
    sink: "object" = None    # the mail server behind all of them

    @property
    def certificate(self):
        return self.directory / "certificate.pem"

    @property
    def key(self):
        return self.directory / "key.pem"

    def make_certificate(self):
        """Self-signed, ECDSA P-256: for all of them."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=mx.example.org", "-days", "30", "-out", self.certificate, "-keyout", self.key],
                       check=True, capture_output=True)


class Peer:
    """One server. It is started, asked for what it has counted, and stopped; then another can be made."""

    name = ""         # for --servers
    title = ""        # for people, with what it does
    slow = False      # some milliseconds a session: fewer of them are enough
    rewrites = False  # adds headers to what it relays
    closes = False    # after a put-off reply
    modes = ("put-off", "relay", "idle")  # of scenarios that it takes part in
    pipelines = True
    fills_before_start = False
    idle_most = 500   # connections held in the scenarios with idle ones

    def __init__(self, place):
        self.place = place
        self.port = free_port()
        self.processes = []
        self.directory = place.directory / f"{self.name}-{self.port}"
        self.directory.mkdir()

    def start(self):
        """Returns when it takes connections."""

    def know(self, sessions, load):
        """Has it remember the triplets of that many relayed sessions. `load` runs the load generator."""

    def fill(self, entries):
        """Has it remember that many made-up triplets, none of them the load generator's."""

    def ledger(self):
        """What came out at its other end, with all that came from others."""
        return self.place.sink.ledger()

    def put_off_count(self):
        """How many recipients it has put off until now, from its own books."""
        return self.ledger()["put_off"]

    def passed_count(self):
        """How many recipients it let pass because it knew them; None if it keeps no such book."""
        return None

    def options(self, scenario, sessions):
        """Further options for the load generator."""
        return []

    def version(self):
        """Name and version, with those of what it can't do without."""
        raise NotImplementedError

    def launch(self, *command, port=None, log="log", **options):
        """Starts one of its processes; returns once it listens on the port."""
        process = Process(command, self.directory / log, **options)
        self.processes.append(process)
        wait_for(f"{self.name} to listen", lambda: self._listens(process, port or self.port))

    def _listens(self, process, port):
        process.check()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def roots(self):
        """The processes whose trees are measured."""
        return [process.pid for process in self.processes]

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.processes = []

    def write(self, name, text):
        """A file in its directory; its path."""
        path = self.directory / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
        return path
