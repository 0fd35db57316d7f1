"""What every test of abuse demands: meanwhile ordinary mail flows, and memory stays within a limit."""

import contextlib
import mmap
import threading
import time

from greygate import BINARY
from smtp_client import Client
from wait import wait_for

ABUSER, ORDINARY = "127.0.0.66", "127.0.0.77"
MIB = 1 << 20


def _built_with_a_sanitizer():
    with open(BINARY, "rb") as binary, mmap.mmap(binary.fileno(), 0, access=mmap.ACCESS_READ) as octets:
        return any(octets.find(word) >= 0 for word in (b"__asan_init", b"__tsan_init"))


SANITIZED = _built_with_a_sanitizer()


def memory(greygate, what="VmRSS"):
    """Resident memory of the process in octets; VmHWM: the most that it ever had."""
    with open(f"/proc/{greygate.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what))


class Ordinary:
    """A client that sends one message after the other, for as long as somebody abuses the proxy."""

    def __init__(self, greygate):
        self.greygate, self.sent, self.failures, self.slowest = greygate, 0, [], 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._over.wait(0.05):
            begun = time.monotonic()
            try:
                with Client(self.greygate.port, source=ORDINARY) as client:
                    client.ehlo("ordinary.example.com")
                    reply = client.attempt("ordinary@example.com", "pass@example.org")
                if reply.code == 250:
                    self.sent += 1
                else:
                    self.failures.append(str(reply))
            except Exception as error:  # whatever it was, mail didn't flow
                self.failures.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def __enter__(self):
        self._thread.start()
        wait_for("an ordinary message before", lambda: self.sent or self.failures)
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@contextlib.contextmanager
def unharmed(greygate, growth=24 * MIB):
    """While this lasts, and a moment longer, ordinary mail flows; and memory grows by no more than that."""
    before = memory(greygate)
    with Ordinary(greygate) as mail:
        yield mail
        sent = mail.sent
        wait_for("an ordinary message afterwards", lambda: mail.sent > sent + 1 or mail.failures)
    assert not mail.failures, mail.failures[:3]
    grown = memory(greygate, "VmHWM") - before
    # A sanitizer keeps what was freed for a while, and a record of everything.
    assert grown < (growth * 10 + 512 * MIB if SANITIZED else growth), f"grown by {grown / MIB:.1f} MiB"


def connections(greygate):
    return greygate.status()["connections"]["open"]
