"""HAProxy's PROXY protocol: from a load balancer in front, and to a backend behind."""

import ipaddress
import struct
import time

import pytest

from ports import free_port
from smtp_client import Client

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V4, V4_TO = ipaddress.ip_address("192.0.2.7"), ipaddress.ip_address("192.0.2.25")
V6, V6_TO = ipaddress.ip_address("2001:db8::7"), ipaddress.ip_address("2001:db8::25")


def v2(command, family, payload):
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack(">H", len(payload)) + payload


def addresses(source, destination, tail=b""):
    return source.packed + destination.packed + struct.pack(">HH", 40000, 25) + tail


TOLD = {
    "v1 TCP4": (b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n", "192.0.2.7"),
    "v1 TCP6": (b"PROXY TCP6 2001:db8::7 2001:db8::25 40000 25\r\n", "2001:db8::7"),
    "v2 IPv4": (v2(1, 0x11, addresses(V4, V4_TO)), "192.0.2.7"),
    "v2 IPv6": (v2(1, 0x21, addresses(V6, V6_TO)), "2001:db8::7"),
    "v2 with additions": (v2(1, 0x11, addresses(V4, V4_TO, b"\x04\x00\x04abcd")), "192.0.2.7"),
    "v1 UNKNOWN": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "v1 UNKNOWN with addresses": (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "127.0.0.1"),
    "v2 LOCAL": (v2(0, 0x00, b""), "127.0.0.1"),
    "v2 LOCAL with addresses": (v2(0, 0x11, addresses(V4, V4_TO)), "127.0.0.1"),
}
BAD = {
    "no header": b"EHLO client.example.com\r\n",
    "a wrong protocol": b"PROXY UDP4 192.0.2.7 192.0.2.25 40000 25\r\n",
    "a wrong address": b"PROXY TCP4 192.0.2.700 192.0.2.25 40000 25\r\n",
    "a wrong family": b"PROXY TCP4 2001:db8::7 2001:db8::25 40000 25\r\n",
    "a wrong port": b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 99999\r\n",
    "too few words": b"PROXY TCP4 192.0.2.7\r\n",
    "a line without end": b"PROXY TCP4 " + b"1" * 200,
    "v2 of a wrong version": SIGNATURE + b"\x31\x11\x00\x0c" + addresses(V4, V4_TO),
    "v2 cut short": v2(1, 0x11, b"\0" * 4),
}


@pytest.fixture
def behind(make_greygate, backend):
    """A proxy whose second listener, `behind.proxy_port`, expects the header."""
    port = free_port()
    greygate = make_greygate(backend, start=False)
    greygate.proxy_port = port
    greygate.settings["listen"].append({"address": f"127.0.0.1:{port}", "proxy_protocol_from": ["127.0.0.0/24"]})
    return greygate.start()


@pytest.mark.parametrize("why", TOLD)
def test_the_client_is_the_one_told(behind, why):
    header, client_address = TOLD[why]
    with Client(behind.proxy_port, greeting=False) as client:
        client.send(header)
        assert client.reply().code == 220
        client.ehlo()
        client.attempt("alice@example.com", "bob@example.org")
    assert behind.events("recipient", 1)[0]["client"] == client_address


def test_the_header_may_come_in_pieces_and_with_commands_behind_it(behind):
    for header, _ in TOLD.values():
        with Client(behind.proxy_port, greeting=False) as client:
            for octet in header:
                client.send(bytes([octet]))
            assert client.reply().code == 220
        with Client(behind.proxy_port, greeting=False) as client:
            client.send(header + b"NOOP\r\n")
            assert [each.code for each in client.replies(2)] == [220, 250]


@pytest.mark.parametrize("why", BAD)
def test_a_bad_header_is_closed_without_a_word(behind, why):
    with Client(behind.proxy_port, greeting=False) as client:
        client.send(BAD[why])
        assert client.is_closed()


def test_a_peer_outside_the_list_is_closed_without_a_word(behind):
    with Client(behind.proxy_port, greeting=False, source="127.0.1.1") as client:
        client.send(TOLD["v1 TCP4"][0])
        assert client.is_closed()


def test_no_header_within_five_seconds_is_closed_without_a_word(behind):
    begun = time.monotonic()
    with Client(behind.proxy_port, greeting=False) as client:
        client.send(b"PROXY TCP4")
        assert client.is_closed()
    assert 4 < time.monotonic() - begun < 15


def test_the_other_listener_expects_none(behind):
    with behind.session() as client:
        assert client.cmd("NOOP").code == 250


def test_limits_count_the_told_address(make_greygate, backend):
    port = free_port()
    greygate = make_greygate(backend, start=False, limits={"connections_per_client": 1})
    greygate.settings["listen"].append({"address": f"127.0.0.1:{port}", "proxy_protocol_from": ["127.0.0.1"]})
    greygate.start()
    clients = []
    for address, code in (("192.0.2.1", 220), ("192.0.2.2", 220), ("192.0.2.1", 421)):
        clients.append(Client(port, greeting=False))
        clients[-1].send(f"PROXY TCP4 {address} 192.0.2.25 40000 25\r\n")
        assert clients[-1].reply().code == code
    for client in clients:
        client.close()


# To the backend

def told(header):
    """(source, destination, source port, destination port) of a header, v1 or v2."""
    if header.startswith(SIGNATURE):
        assert header[12] == 0x21
        size = 4 if header[13] == 0x11 else 16
        body = header[16:]
        ports = struct.unpack(">HH", body[2 * size:2 * size + 4])
        return str(ipaddress.ip_address(body[:size])), str(ipaddress.ip_address(body[size:2 * size])), *ports
    words = header.decode().rstrip("\r\n").split(" ")
    assert words[0] == "PROXY" and len(words) == 6
    return words[2], words[3], int(words[4]), int(words[5])


@pytest.mark.parametrize("identity", ["proxy-v1", "proxy-v2"])
def test_the_backend_is_told_who_the_client_is(make_greygate, make_backend, identity):
    backend = make_backend(proxy_protocol=True)
    greygate = make_greygate(backend, backend={"client_identity": identity}, domains=["*"])
    with greygate.session("mail.example.com", source="127.0.0.9") as client:
        client_port = client.socket.getsockname()[1]
        assert client.attempt("alice@example.com", "pass@example.org").code == 250
    (connection,) = backend.served()
    assert connection.proxy.startswith(SIGNATURE) == (identity == "proxy-v2")
    assert told(connection.proxy) == ("127.0.0.9", "127.0.0.1", client_port, greygate.port)
    assert connection.helo == ["mail.example.com"]


@pytest.mark.parametrize("identity", ["proxy-v1", "proxy-v2"])
def test_the_told_client_is_passed_on(make_greygate, make_backend, identity):
    backend, port = make_backend(proxy_protocol=True), free_port()
    greygate = make_greygate(backend, start=False, backend={"client_identity": identity})
    greygate.settings["listen"].append({"address": f"127.0.0.1:{port}", "proxy_protocol_from": ["127.0.0.1"]})
    greygate.start()
    for name in ("v1 TCP4", "v2 IPv6"):
        header, address = TOLD[name]
        with Client(port, greeting=False) as client:
            client.send(header)
            client.reply()
            client.ehlo()
            assert client.attempt("alice@example.com", "pass@example.org").code == 250
        assert told(backend.served()[-1].proxy)[0] == address
