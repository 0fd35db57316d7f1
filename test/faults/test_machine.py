"""What the library that spoils the machine does to a program."""

import os
import subprocess
import sys

from weather import MACHINE

WRITES = """
import os, sys, time
files = [open(path, "wb", buffering=0) for path in sys.argv[1:]]
for file in files:
    began = time.monotonic()
    for _ in range(20):
        os.write(file.fileno(), b"x"); os.fsync(file.fileno())
    print(time.monotonic() - began)
"""


def run(program, *arguments, **environment):
    """The words that a Python program prints."""
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                          check=True, env={**os.environ, "LD_PRELOAD": MACHINE, **environment})
    return done.stdout.split()


def test_a_slow_disk_is_slow(tmp_path):
    slow, other = tmp_path / "slow", tmp_path / "other"
    slow.mkdir()
    took = [float(each) for each in run(WRITES, slow / "file", other, SLOW_DISK=str(slow))]
    assert took[0] >= 2 * 20 * 0.005  # a write and a sync, each 5 ms
    assert slow.joinpath("file").read_bytes() == other.read_bytes() == b"x" * 20
