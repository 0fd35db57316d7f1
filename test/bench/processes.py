"""Processes that are measured: what a tree of them has used, and holds."""

import os
import pathlib
import signal
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")  # per second
PATIENCE = 10  # seconds for a process to end by itself


def _stat(pid):
    """The fields of /proc/PID/stat from the state on (proc(5)); the name before it may have blanks in it."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def tree(roots):
    """These processes and all that descend from them and live."""
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            children.setdefault(int(_stat(pid)[1]), []).append(int(pid))
        except OSError:
            continue  # it has ended meanwhile
    found, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def cpu_seconds(roots):
    """User and kernel time of the tree until now, with that of children that have ended and were waited for."""
    total = 0
    for pid in tree(roots):
        try:
            total += sum(map(int, _stat(pid)[11:15]))  # utime, stime, cutime, cstime
        except OSError:
            continue
    return total / TICKS


def memory(roots):
    """Bytes of user memory that the tree holds, pages shared by several processes counted once (Pss)."""
    total = 0
    for pid in tree(roots):
        try:
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total * 1024


class Process:
    """A program that runs until it is stopped. What it says is in a file, for when it fails."""

    def __init__(self, command, log, **options):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self._process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out,
                                             stderr=subprocess.STDOUT, start_new_session=True, **options)
        self.pid = self._process.pid

    def check(self):
        """Fails if it has ended."""
        if self._process.poll() is not None:
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
            raise RuntimeError(f"it ended with {self._process.returncode}: {last}")

    def stop(self):
        """Ends it, and what it has started."""
        descendants = tree([self.pid])
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        for pid in descendants:
            try:
                if self._process.poll() is None or pid != self.pid:
                    os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
