"""The name server of the tests says what it was told to: asked here as on the wire, over UDP and TCP."""

import json
import pathlib
import socket
import struct
import subprocess
import sys
import time

import pytest

from dns_server import TYPES, DnsServer, read_question, reverse_name, wire_name

ZONES = {
    "example.org": {"MX": [[10, "mx.example.org"], [20, "mx2.example.org"]], "TXT": ["v=spf1 mx -all", ["ab", "cd"]]},
    "mx.example.org": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
    "www.example.org": {"CNAME": ["mx.example.org"]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["mx.example.org"]},
    "sick.example": {"A": ["192.0.2.9"], "fault": "servfail"},
    "cut.example": {"A": ["192.0.2.9"], "fault": "truncated"},
    "noise.example": {"A": ["192.0.2.9"], "fault": "garbage"},
    "other.example": {"A": ["192.0.2.9"], "fault": "wrong_id"},
    "silent.example": {"A": ["192.0.2.9"], "fault": "timeout"},
    "slow.example": {"A": ["192.0.2.9"], "delay": 200},
    "big.example": {"A": [f"192.0.2.{i}" for i in range(100)]},
    "deep.er.example": {"A": ["192.0.2.9"]},
}
IDENT = 4711


@pytest.fixture
def dns():
    with DnsServer(ZONES) as server:
        yield server


def question(name, kind):
    return struct.pack("!6H", IDENT, 0x0100, 1, 0, 0, 0) + wire_name(name) + struct.pack("!HH", TYPES[kind], 1)


def ask(port, name, kind="A", timeout=10):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout)
        udp.sendto(question(name, kind), ("127.0.0.1", port))
        return udp.recv(4096)


def ask_over_tcp(port, name, kind="A"):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as tcp, tcp.makefile("rb") as answers:
        message = question(name, kind)
        tcp.sendall(struct.pack("!H", len(message)) + message)
        return answers.read(*struct.unpack("!H", answers.read(2)))


def code(answer):
    return answer[3] & 15


def contents(answer):
    """The records' contents, in order: the server never compresses names."""
    _, _, _, count, _, _ = struct.unpack_from("!6H", answer)
    at = 12 + len(read_question(answer)[2])
    found = []
    for _ in range(count):
        at = answer.index(b"\0", at) + 1
        (size,) = struct.unpack_from("!H", answer, at + 8)
        found.append(answer[at + 10:at + 10 + size])
        at += 10 + size
    assert at == len(answer)
    return found


@pytest.mark.parametrize("name, kind, expected", [
    ("mx.example.org", "A", [b"\xc0\x00\x02\x01"]),
    ("MX.example.ORG", "A", [b"\xc0\x00\x02\x01"]),
    ("mx.example.org", "AAAA", [b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\x01"]),
    ("www.example.org", "A", [wire_name("mx.example.org"), b"\xc0\x00\x02\x01"]),
    (reverse_name("192.0.2.1"), "PTR", [wire_name("mx.example.org")]),
    ("example.org", "MX", [b"\0\x0a" + wire_name("mx.example.org"), b"\0\x14" + wire_name("mx2.example.org")]),
    ("example.org", "TXT", [b"\x0ev=spf1 mx -all", b"\x02ab\x02cd"]),
    ("example.org", "A", []),
    ("er.example", "A", []),
])
def test_it_answers_from_its_zones(dns, name, kind, expected):
    for answer in (ask(dns.port, name, kind), ask_over_tcp(dns.port, name, kind)):
        assert struct.unpack_from("!H", answer) == (IDENT,)
        assert code(answer) == 0
        assert contents(answer) == expected
    assert dns.questions == [(name.lower(), kind)] * 2


def test_a_name_without_records_does_not_exist(dns):
    assert code(ask(dns.port, "nowhere.example.org")) == 3
    dns.add("nowhere.example.org", A=["192.0.2.7"])
    assert code(ask(dns.port, "nowhere.example.org")) == 0
    dns.remove("nowhere.example.org")
    assert code(ask(dns.port, "nowhere.example.org")) == 3


def test_a_long_text_is_cut_into_strings(dns):
    dns.add("long.example", TXT=["x" * 300])
    assert contents(ask(dns.port, "long.example", "TXT")) == [b"\xff" + b"x" * 255 + b"\x2d" + b"x" * 45]


def test_a_host_confirms_itself(dns):
    dns.host("h.example", "2001:db8::7")
    assert contents(ask(dns.port, reverse_name("2001:db8::7"), "PTR")) == [wire_name("h.example")]
    assert len(contents(ask(dns.port, "h.example", "AAAA"))) == 1


@pytest.mark.parametrize("name, records", [("cut.example", 1), ("big.example", 100)])
def test_what_is_truncated_is_whole_over_tcp(dns, name, records):
    answer = ask(dns.port, name)
    assert answer[2] & 2 and not contents(answer)
    answer = ask_over_tcp(dns.port, name)
    assert not answer[2] & 2 and len(contents(answer)) == records


def test_faults(dns):
    assert code(ask(dns.port, "sick.example")) == 2
    assert ask(dns.port, "noise.example") == struct.pack("!H", IDENT) + b"\xff" * 64
    assert struct.unpack_from("!H", ask(dns.port, "other.example")) != (IDENT,)
    with pytest.raises(TimeoutError):
        ask(dns.port, "silent.example", timeout=0.2)
    dns.fault("silent.example", None)
    assert contents(ask(dns.port, "silent.example")) == [b"\xc0\x00\x02\x09"]
    with pytest.raises(ValueError):
        dns.fault("mx.example.org", "tired")


def test_a_delayed_answer_comes_late_and_holds_up_no_other(dns):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(10)
        asked = time.monotonic()
        for name in ("slow.example", "mx.example.org"):
            udp.sendto(question(name, "A"), ("127.0.0.1", dns.port))
        assert [read_question(udp.recv(4096))[0] for _ in range(2)] == ["mx.example.org", "slow.example"]
        assert time.monotonic() - asked >= 0.2


def test_noise_is_survived(dns):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for noise in (b"", b"\0", b"\xff" * 40, b"\0" * 12):
            udp.sendto(noise, ("127.0.0.1", dns.port))
    with socket.create_connection(("127.0.0.1", dns.port)) as tcp:
        tcp.sendall(b"\0\x05ab")
    assert code(ask(dns.port, "mx.example.org")) == 0


def test_it_runs_as_a_program(directory):
    zones = directory / "zones.json"
    zones.write_text(json.dumps(ZONES))
    program = pathlib.Path(__file__).with_name("dns_server.py")
    with subprocess.Popen([sys.executable, program, zones], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert contents(ask(int(server.stdout.readline()), "mx.example.org")) == [b"\xc0\x00\x02\x01"]
        finally:
            server.kill()
