"""Garbage and greed at the status port and the admin socket: mail flows, and who asks properly is answered."""

import contextlib
import random
import socket

import pytest

from abuse import MIB, unharmed
from wait import PATIENCE, wait_for

HOUR = {"delay": "1h"}


@pytest.fixture
def proxy(make_greygate, backend):
    return make_greygate(backend, greylist=HOUR)


def to_status(greygate):
    return socket.create_connection(("127.0.0.1", greygate.status_port), timeout=PATIENCE)


def to_admin(greygate):
    peer = socket.socket(socket.AF_UNIX)  # one that waits, should many be there already
    peer.connect(greygate.settings["admin"]["socket"])
    peer.settimeout(PATIENCE)
    return peer


def answer(peer):
    """All that comes until the end, or until it was closed on us."""
    octets = b""
    with contextlib.suppress(OSError):
        while more := peer.recv(65536):
            octets += more
    return octets


def push(peer, piece, total=1):
    """Sends the piece over and over, until so many octets are sent or the peer has had enough."""
    sent = 0
    with contextlib.suppress(OSError):
        while piece and sent < total:
            peer.sendall(piece)
            sent += len(piece)


def code(peer, request):
    with contextlib.suppress(OSError):
        peer.sendall(request)
    words = answer(peer).split(b" ")
    return int(words[1]) if len(words) > 1 else None


def well(greygate):
    assert greygate.get("/status")[0] == 200
    assert "running" in greygate.ask("status")


@pytest.mark.parametrize("to", [to_status, to_admin])
def test_noise(proxy, to):
    noise = random.Random(4711)
    with unharmed(proxy):
        for _ in range(200):
            with to(proxy) as peer:
                push(peer, noise.randbytes(noise.randrange(1, 5000)) + b"\r\n\r\n", 5000)
        well(proxy)


@pytest.mark.parametrize("to", [to_status, to_admin])
@pytest.mark.parametrize("begins, piece", [
    (b"", b"x" * 65536),
    (b"GET /", b"x" * 65536),
    (b"GET /status?", b"x=y&" * 16384),
    (b"GET /status HTTP/1.1\r\nHost: x\r\n", b"X-Header: y\r\n" * 5000),
    (b"GET /status HTTP/1.1\r\nHost: x\r\nX-Header: ", b"x" * 65536),
    (b"POST /allow HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536),
    (b"POST /allow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    (b"PUT /status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 65534),
], ids=["line", "path", "query", "headers", "header", "body", "chunks", "chunk-extension"])
def test_requests_without_end(proxy, to, begins, piece):
    with unharmed(proxy), to(proxy) as peer:
        push(peer, begins)
        push(peer, piece, 24 * MIB)
        well(proxy)


@pytest.mark.parametrize("request_line", [
    b"GET / HTTP/9.9", b"GET /status HTTP/1.1\r\nHost: x\r\nContent-Length: -1", b"get /status HTTP/1.1", b"GET  HTTP/1.1",
    b"\0GET /status HTTP/1.1", b"GET /../../etc/passwd HTTP/1.1\r\nHost: x", b"GET /%2e%2e/%00 HTTP/1.1\r\nHost: x",
    b"DELETE /status HTTP/1.1\r\nHost: x", b"CONNECT x:25 HTTP/1.1\r\nHost: x", b"EHLO client.example.com",
])
def test_requests_that_make_no_sense(proxy, request_line):
    with unharmed(proxy):
        for to in (to_status, to_admin):
            with to(proxy) as peer:
                said = code(peer, request_line + b"\r\nConnection: close\r\n\r\n")
                assert said is None or 400 <= said <= 505
        well(proxy)


def test_a_crowd_at_the_status_port(proxy):
    """The oldest silent one makes room: who asks is answered."""
    with unharmed(proxy), contextlib.ExitStack() as stack:
        for number in range(400):
            peer = stack.enter_context(to_status(proxy))
            push(peer, b"GET /status HT"[:number % 14])
        well(proxy)


def test_silent_ones_at_the_admin_socket(proxy):
    with unharmed(proxy), contextlib.ExitStack() as stack:
        for _ in range(25):
            stack.enter_context(to_admin(proxy))
        well(proxy)


def test_answers_that_nobody_reads(proxy):
    with unharmed(proxy), contextlib.ExitStack() as stack:
        for _ in range(50):
            peer = stack.enter_context(to_status(proxy))
            peer.settimeout(0.2)
            push(peer, b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n" * 100, 100_000)
        well(proxy)


@pytest.mark.parametrize("line", [
    b"[" * 60_000,
    b'{"a":' * 12_000,
    b'{"identity":' + b"9" * 60_000 + b"}",
    b'{"identity":"' + b"\\ud800" * 10_000 + b'"}',
    b"\xff" * 60_000,
    b"{}",
    b'{"list":"allow","client":"' + b"(" * 60_000 + b'"}',
], ids=["arrays", "objects", "number", "surrogates", "octets", "nothing", "pattern"])
def test_imports_of_garbage(proxy, line):
    """Counted, line by line, and nothing is taken over."""
    with unharmed(proxy, 48 * MIB), to_admin(proxy) as peer:
        peer.settimeout(10 * PATIENCE)  # they may be more than a million lines
        lines = (line + b"\n") * (4 * MIB // (len(line) + 1))
        head = f"POST /import HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(lines)}\r\n\r\n"
        assert code(peer, head.encode() + lines) == 200
        well(proxy)
    assert not [each for each in proxy.ask_json("export", "--all") if each.get("recipient") != "pass@example.org"]


def test_reading_alone_over_http(proxy):
    """What changes something is for the admin socket: the status port knows none of it."""
    for path in ("/allow?client=192.0.2.1", "/block?client=0.0.0.0/0", "/entries?all", "/import"):
        for method in ("POST", "DELETE", "PUT"):
            assert proxy.get(path, method)[0] == 405
        assert proxy.get(path)[0] == 404
    wait_for("no entry", lambda: proxy.ask_json("allow", "list") == [] == proxy.ask_json("block", "list"))
