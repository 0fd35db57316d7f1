"""The machine that measures."""

import os
import pathlib
import re


def description():
    cpu = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    kilobytes = int(pathlib.Path("/proc/meminfo").read_text(encoding="ascii").split()[1])
    system = re.search(r'^PRETTY_NAME="(.*)"$', pathlib.Path("/etc/os-release").read_text(encoding="utf-8"), re.M)
    return (f"{len(os.sched_getaffinity(0))} cores ({cpu[1].strip() if cpu else os.uname().machine}), "
            f"{round(kilobytes / 2**20)} GB, Linux {os.uname().release}, {system[1] if system else 'unknown system'}")
