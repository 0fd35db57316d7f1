"""Adds up what Meson's test logs say: summary.py PASSED FAILED BUILD-DIRECTORY…

Prints the ten slowest tests, what failed, and last "N passed, N failed, N skipped". A test program that says how many
cases it ran (doctest, pytest) counts with these, any other as one. PASSED and FAILED are counted in."""

import json
import pathlib
import re
import sys

DOCTEST = re.compile(r"\[doctest\] test cases: +\d+ \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped")
PYTEST = re.compile(r"^=* ?((?:\d+ (?:passed|failed|skipped|errors?|xfailed|deselected|warnings?)(?:, )?)+) in [\d.]+s", re.M)


def cases(test):
    """(passed, failed, skipped) of one entry of testlog.json."""
    out = re.sub(r"\x1b\[[0-9;]*m", "", test.get("stdout") or "")
    passed = failed = skipped = 0
    if found := DOCTEST.search(out):
        passed, failed, skipped = map(int, found.groups())
    elif found := PYTEST.search(out):
        said = {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) (\w+)", found[1])}
        passed, skipped = said.get("passed", 0), said.get("skipped", 0)
        failed = said.get("failed", 0) + said.get("error", 0)
    elif test["result"] == "SKIP":
        return 0, 0, 1
    elif test["result"] == "OK":
        return 1, 0, 0
    if test["result"] not in ("OK", "SKIP") and not failed:  # it crashed, ran out of time, or leaked at its end
        failed = 1
    return passed, failed, skipped


def main():
    passed, failed, skipped = int(sys.argv[1]), int(sys.argv[2]), 0
    times, broken = [], []
    for build in sys.argv[3:]:
        log = pathlib.Path(build, "meson-logs/testlog.json")
        if not log.exists():
            broken.append(f"{build}: no test was run")
            failed += 1
            continue
        for line in log.read_text().splitlines():
            test = json.loads(line)
            good, bad, left_out = cases(test)
            passed, failed, skipped = passed + good, failed + bad, skipped + left_out
            name = f"{build}: {test['name'].split(' / ')[-1]}"
            times.append((test["duration"], name))
            if bad:
                broken.append(f"{name}: {test['result']}, {bad} failed")
    for seconds, name in sorted(times, reverse=True)[:10]:
        print(f"{seconds:7.2f} s  {name}")
    if broken:
        print("\nfailed:\n" + "\n".join("  " + line for line in broken))
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


main()
