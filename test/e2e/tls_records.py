"""TLS whose octets a test sends and cuts as it likes."""

import ssl
import struct

from smtp_client import tls_settings

ALERT, HANDSHAKE, APPLICATION = 21, 22, 23  # types of records, RFC 8446 §5.1
HANDSHAKE_FAILURE, PROTOCOL_VERSION = 40, 70  # alerts, §6


class Records:
    """TLS upon a Client: after STARTTLS's reply, or from the beginning where TLS is implicit."""

    def __init__(self, client, tls=None, name=None):
        self.client = client
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = (tls or tls_settings()).wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._text = bytearray()

    def _hear(self):
        octets = self.client.socket.recv(65536)
        if octets:
            self._incoming.write(octets)
        else:
            self._incoming.write_eof()

    def first_flight(self):
        """The ClientHello, to be sent by the test."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    def last_flight(self):
        """Reads the server's flight (of TLS 1.3); what finishes the handshake, to be sent by the test."""
        while True:
            try:
                self._tls.do_handshake()
                return self._outgoing.read()
            except ssl.SSLWantReadError:
                self._hear()

    def handshake(self, send):
        """All of it, each flight by send(octets)."""
        while True:
            try:
                self._tls.do_handshake()
                return send(self._outgoing.read())
            except ssl.SSLWantReadError:
                if flight := self._outgoing.read():
                    send(flight)
                self._hear()

    def sealed(self, octets):
        """Records with these octets in them, to be sent by the test."""
        self._tls.write(octets)
        return self._outgoing.read()

    def farewell(self):
        """The record of close_notify, to be sent by the test."""
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    def until(self, word):
        """What the server says, up to that word."""
        seen = 0
        while (at := self._text.find(word, max(0, seen - len(word)))) < 0:
            seen = len(self._text)
            try:
                octets = self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._hear()
                continue
            assert octets, f"the end, after {self._text!r}"
            self._text += octets
        said = bytes(self._text[:at + len(word)])
        del self._text[:len(said)]
        return said

    def ends_properly(self):
        """True if the server ends TLS before TCP, with nothing more said; False if with TCP alone."""
        while True:
            try:
                octets = self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._hear()
                continue
            except ssl.SSLZeroReturnError:
                return True
            except ssl.SSLEOFError:
                return False
            assert not octets, octets
            return True


def client_hello(version, ciphers=(0xC02B, 0xC02F, 0xC009, 0xC013, 0x002F, 0x000A), compressions=(0,), extensions=True):
    """A ClientHello as clients up to TLS 1.2 wrote them; version 0x0303 is TLS 1.2, 0x0300 is SSL 3."""
    groups = struct.pack(">HHHHH", 10, 6, 4, 23, 24)
    points = struct.pack(">HHBB", 11, 2, 1, 0)
    signatures = struct.pack(">HHH", 13, 14, 12) + struct.pack(">6H", 0x0403, 0x0401, 0x0503, 0x0501, 0x0203, 0x0201)
    tail = groups + points + signatures if extensions else b""
    body = struct.pack(">H", version) + bytes(range(32)) + b"\0"
    body += struct.pack(f">H{len(ciphers)}H", 2 * len(ciphers), *ciphers)
    body += bytes([len(compressions), *compressions])
    body += struct.pack(">H", len(tail)) + tail if tail else b""
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return struct.pack(">BHH", HANDSHAKE, min(version, 0x0301), len(message)) + message


def first_record(client):
    """(type, octets) of the server's first record, or None if it closed without one."""
    octets = b""
    while len(octets) < 5 or len(octets) < 5 + struct.unpack(">H", octets[3:5])[0]:
        try:
            more = client.socket.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            assert not octets, octets
            return None
        octets += more
    return octets[0], octets[5:5 + struct.unpack(">H", octets[3:5])[0]]
