"""SPF against the test suite of RFC 7208 (openspf.org, release 2014.04, of Debian's python3-spf), its zones served by a
name server."""

import gzip
import os
import pathlib
import subprocess

import pytest
import yaml

from dns_server import TYPES, DnsServer

SUITE = pathlib.Path("/usr/share/doc/python3-spf/rfc7208-tests.yml.gz")
TIMEOUT = 300  # ms, for which some cases wait


def groups():
    with gzip.open(SUITE, "rt", encoding="utf-8") as text:
        return list(yaml.safe_load_all(text))


def serve(dns, name, records):
    """The suite's way: SPF stands for TXT where a name has no TXT, TIMEOUT for all types that it hasn't."""
    plain = [record for record in records if record != "TIMEOUT"]
    has_texts = any("TXT" in record for record in plain)
    served = set()
    for record in plain:
        ((kind, value),) = record.items()
        if value == "NONE" or kind == "SPF" and has_texts:
            continue
        kind = "TXT" if kind == "SPF" else kind
        dns.add(name, **{kind: [value]})
        served.add(kind)
    if len(plain) < len(records):
        for kind in TYPES.keys() - served:
            dns.fault(name, "timeout", kind)


@pytest.mark.parametrize("group", groups(), ids=lambda group: group["description"])
def test_every_case_comes_out_as_the_suite_says(group):
    with DnsServer() as dns:
        for name, records in group["zonedata"].items():
            serve(dns, name, records)
        cases = group["tests"].items()
        questions = "".join(f"{case['host']} {case['helo']} {case.get('mailfrom') or ''}\n" for _, case in cases)
        answers = subprocess.run([os.environ["SPF_CHECK"], dns.address, str(TIMEOUT)], input=questions, text=True,
                                 capture_output=True, timeout=300, check=True).stdout.splitlines()
    assert len(answers) == len(cases)
    wrong = []
    for (name, case), answer in zip(cases, answers):
        expected = case["result"] if isinstance(case["result"], list) else [case["result"]]
        if answer not in expected:
            wrong.append(f"{name}: {answer}, expected {' or '.join(expected)}")
    assert not wrong, "\n".join(wrong)


def test_the_suite_is_whole():
    assert sum(len(group["tests"]) for group in groups()) == 203
