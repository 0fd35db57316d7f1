"""Ports of 127.0.0.1 that no other test is handed, in this process or beside it."""

import fcntl
import os
import random
import socket
import tempfile

FIRST, LAST = 15000, 32000  # below Linux's ephemeral range, so that no client is given one either


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_port():
    """The next port in turn: a counter in a locked file, since many test programs run side by side."""
    path = os.path.join(tempfile.gettempdir(), f"greygate-test-ports.{os.getuid()}")
    with open(path, "a+", encoding="ascii") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        counter.seek(0)
        said = counter.read().strip()
        port = int(said) if said else random.randrange(FIRST, LAST)
        while True:
            port = port + 1 if FIRST <= port < LAST else FIRST
            if _is_free(port):
                break
        counter.seek(0)
        counter.truncate()
        counter.write(str(port))
    return port
