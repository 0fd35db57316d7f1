"""Waiting for what another process does: poll with a deadline, never sleep and hope."""

import time

PATIENCE = 20.0  # seconds; a sanitizer build on a busy machine is slow


def wait_for(what, condition, timeout=PATIENCE):
    """The first true value of condition(); fails saying what was awaited."""
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(0.02)
