"""A name server that says what a test tells it to, faults included, over UDP and TCP on one port of 127.0.0.1.

    dns = DnsServer({"mail.example.org": {"A": ["192.0.2.1"]}})
    dns.host("mx.example.org", "192.0.2.2")         A or AAAA, and the PTR that confirms it
    dns.fault("mail.example.org", "servfail")       or timeout, truncated, garbage, wrong_id; None heals it
    dns.delay("mail.example.org", 300)              milliseconds
    dns.questions                                   [("mail.example.org", "A"), …]

As a program: dns_server.py [--port PORT] [ZONES.json]. It prints its port, and serves until it is killed. The zones are
a name's records by type: A and AAAA addresses, PTR and CNAME names, MX pairs of preference and name, TXT strings (or lists
of strings, for a record of several); beside them may stand "fault" and "delay". A name that has no records, nor any below
it, doesn't exist."""

import argparse
import ipaddress
import json
import pathlib
import socket
import struct
import threading

from ports import free_port

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}  # RFC 1035 §3.2.2, RFC 3596 §2.1
TYPE_NAMES = {number: name for name, number in TYPES.items()}
SERVFAIL, NXDOMAIN = 2, 3  # RFC 1035 §4.1.1
TRUNCATED = 0x0200
FAULTS = ("timeout", "servfail", "truncated", "garbage", "wrong_id")
UDP_LIMIT = 512  # octets, RFC 1035 §4.2.1
HEADER = struct.Struct("!6H")


# Messages

def wire_name(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def wire_text(text):
    parts = [text] if isinstance(text, str) else text
    octets = [part.encode("latin-1") for part in parts]
    pieces = [part[at:at + 255] for part in octets for at in range(0, max(len(part), 1), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces)


def wire_content(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        preference, exchange = value
        return struct.pack("!H", preference) + wire_name(exchange)
    return wire_text(value) if kind == "TXT" else wire_name(value)


def wire_record(owner, kind, value):
    content = wire_content(kind, value)
    return wire_name(owner) + struct.pack("!HHIH", TYPES[kind], 1, 60, len(content)) + content


def read_question(message):
    """The name in lower case, its type's name or number, and the question as on the wire."""
    labels, at = [], HEADER.size
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    (kind,) = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels).lower(), TYPE_NAMES.get(kind, kind), message[HEADER.size:at + 5]


def reverse_name(address):
    return ipaddress.ip_address(address).reverse_pointer


class DnsServer:
    """Serves from the moment it is made until clean_up()."""

    def __init__(self, zones=(), port=None):
        self.port = port or free_port()
        self.questions = []
        self._names = {}
        self._faults = {}
        self._delays = {}
        self._lock = threading.Lock()
        self._closed = False
        for name, records in dict(zones).items():
            records = dict(records)
            self.fault(name, records.pop("fault", None))
            self.delay(name, records.pop("delay", 0))
            self.add(name, **records)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clean_up()

    def clean_up(self):
        self._closed = True
        # Closing alone doesn't wake the threads: shutting down does, for UDP too (with an error of no interest).
        for each in (self._udp, self._tcp):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    # What it says

    def add(self, name, **records):
        """add("example.org", MX=[(10, "mx.example.org")], TXT=["v=spf1 mx -all"])"""
        with self._lock:
            known = self._names.setdefault(name.lower().rstrip("."), {})
            for kind, values in records.items():
                if kind not in TYPES:
                    raise ValueError(f"{name}: no record type {kind}, rather one of {', '.join(TYPES)}")
                known.setdefault(kind, []).extend(values)

    def remove(self, name):
        with self._lock:
            self._names.pop(name.lower().rstrip("."), None)

    def host(self, name, address):
        """A host whose name and address confirm each other."""
        self.add(name, **{"AAAA" if ":" in address else "A": [address]})
        self.add(reverse_name(address), PTR=[name])

    def fault(self, name, fault, kind=None):
        """What is wrong with the answers about a name; with `kind`, with those of one type alone."""
        if fault not in (None, *FAULTS):
            raise ValueError(f"{name}: no fault {fault}, rather one of {', '.join(FAULTS)}")
        self._faults[name.lower().rstrip("."), kind] = fault

    def delay(self, name, milliseconds):
        self._delays[name.lower().rstrip(".")] = milliseconds

    def _records(self, name, kind):
        """The records to answer with, after any CNAMEs, and whether the name exists."""
        with self._lock:
            answer = []
            for _ in range(8):
                records = self._names.get(name, {})
                alias = records.get("CNAME")
                if not alias or kind == "CNAME":
                    break
                answer.append(wire_record(name, "CNAME", alias[0]))
                name = alias[0].lower().rstrip(".")
            answer += [wire_record(name, kind, value) for value in records.get(kind, ())]
            return answer, any(known == name or known.endswith("." + name) for known in self._names)

    def _answer(self, message, over_tcp):
        """The answer on the wire and how long to hold it back, in seconds; None for silence."""
        try:
            name, kind, question = read_question(message)
        except (IndexError, struct.error):
            return None, 0
        self.questions.append((name, kind))
        ident, = struct.unpack_from("!H", message)
        fault = self._faults.get((name, None)) or self._faults.get((name, kind))
        delay = self._delays.get(name, 0) / 1000
        if fault == "timeout":
            return None, 0
        if fault == "garbage":
            return message[:2] + b"\xff" * 64, delay
        if fault == "wrong_id":
            ident ^= 1
        records, exists = self._records(name, kind)
        flags = 0x8180 | (SERVFAIL if fault == "servfail" else 0 if exists else NXDOMAIN)
        if fault == "servfail":
            records = []
        size = HEADER.size + len(question) + sum(map(len, records))
        if not over_tcp and (fault == "truncated" or size > UDP_LIMIT):
            flags, records = flags | TRUNCATED, []
        return HEADER.pack(ident, flags, 1, len(records), 0, 0) + question + b"".join(records), delay

    # How it serves

    def _serve_udp(self):
        while not self._closed:
            try:
                message, client = self._udp.recvfrom(4096)
            except OSError:
                continue
            answer, delay = self._answer(message, False)
            if answer:
                self._later(delay, lambda answer=answer, client=client: self._udp.sendto(answer, client))

    def _serve_tcp(self):
        while not self._closed:
            try:
                client, _ = self._tcp.accept()
            except OSError:
                continue
            threading.Thread(target=self._serve_tcp_client, args=(client,), daemon=True).start()

    def _serve_tcp_client(self, client):
        with client, client.makefile("rb") as messages:
            while len(length := messages.read(2)) == 2:  # RFC 1035 §4.2.2
                message = messages.read(*struct.unpack("!H", length))
                answer, delay = self._answer(message, True)
                if answer:
                    framed = struct.pack("!H", len(answer)) + answer
                    self._later(delay, lambda framed=framed: client.sendall(framed))

    @staticmethod
    def _later(delay, send):
        def quietly():
            try:
                send()
            except OSError:  # who asked, or the server, has gone
                pass
        if not delay:
            return quietly()
        timer = threading.Timer(delay, quietly)
        timer.daemon = True
        return timer.start()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, help="the port to serve on; any that is free without it")
    options.add_argument("zones", nargs="?", type=pathlib.Path, help="the zones as JSON")
    given = options.parse_args()
    server = DnsServer(json.loads(given.zones.read_text(encoding="utf-8")) if given.zones else {}, given.port)
    print(server.port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
