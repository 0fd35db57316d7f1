"""How the backend goes wrong: for each fault of plan.BACKEND_FAULTS a step for fake_backend's scripts.

A step runs at its stage instead of the stage's own reply; one that returns None has only arranged for what becomes of
that reply. What is written past connection.write() is no reply in the ledger."""

import select
import sys
import time

from fake_backend import close, reset, say

TOO_LONG = 60_000  # milliseconds; the proxy's patience ends before
CONTRADICTIONS = {"DATA": b"250 2.0.0 Ok\r\n"}
NONSENSE = (b"\xff\xfe\x00\r\n", b"2 5 0\r\n", b"999 9.9.9 Beyond\r\n", b"Hello?\r\n", b"250-one\r\n550 two\r\n",
            b"x" * 5000 + b"\r\n")


def step(fault):
    made = {
        "closes": close(),
        "resets": reset(),
        "freezes": freeze,
        "dawdles": _spoiling(_drip),
        "talks nonsense": _past_the_books(NONSENSE[fault.after % len(NONSENSE)]),
        "contradicts itself": _past_the_books(CONTRADICTIONS.get(fault.where, b"354 Go on\r\n")),
        "refuses": say("550 5.7.1 Not here" if fault.after else "452 4.7.1 Not now"),
        "is shutting down": close("421 4.3.2 Closing"),
        "breaks off its reply": _spoiling(_break_off),
        "answers twice": _spoiling(_twice),
        "answers too early": _accept_too_early,
        "answers and closes": _spoiling(_answer),
        "answers and resets": _spoiling(_answer_and_reset),
    }[fault.what]
    return _in_content(fault.after, made) if fault.where == "BODY" else made


def freeze(connection):
    """Does nothing, reads nothing, until the peer gives up."""
    waiting = select.poll()
    waiting.register(connection.socket.fileno(), select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    waiting.poll(TOO_LONG)
    return False


def _accept_too_early(connection):
    """Says 250 along with 354, and takes nothing."""
    connection.socket.sendall(b"354 Go on\r\n250 2.0.0 Ok\r\n")
    connection.read_content_up_to(sys.maxsize)
    return False


def _in_content(octets, then):
    def step(connection):
        connection.read_content_up_to(octets)
        return then(connection)
    return step


def _past_the_books(octets):
    def step(connection):
        connection.socket.sendall(octets)
        return True
    return step


# Those that need the stage's own reply: connection.spoil gets it when it is written.

def _spoiling(how):
    def step(connection):
        connection.spoil = how
    return step


def _drip(connection, octets):
    connection.enter(octets)
    for at in range(len(octets)):
        connection.socket.sendall(octets[at:at + 1])
        if at < 20:
            time.sleep(0.01)


def _break_off(connection, octets):
    connection.socket.sendall(octets[:len(octets) // 2])
    connection.leave()


def _twice(connection, octets):
    connection.enter(octets)
    connection.socket.sendall(octets * 2)


def _answer(connection, octets):
    connection.enter(octets)
    connection.socket.sendall(octets)
    connection.leave()


def _answer_and_reset(connection, octets):
    reset()(connection)
    _answer(connection, octets)
