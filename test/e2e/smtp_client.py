"""An SMTP client made of bytes: says what it is told to, and reads replies as they come."""

import socket
import ssl
import struct
from dataclasses import dataclass

from wait import PATIENCE


@dataclass(frozen=True)
class Reply:
    code: int
    lines: list  # each whole, without its CR LF

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def enhanced(self):
        """The enhanced code ("4.2.0") of the last line, or ""."""
        word = self.lines[-1][4:].split(" ")[0]
        return word if word.count(".") == 2 and word.replace(".", "").isdigit() else ""

    def __str__(self):
        return self.text


class Closed(Exception):
    """The peer closed (or reset) the connection where a reply was awaited."""


def tls_settings(authority=None, version=None, ciphers=None):
    """A TLS client's: it takes any certificate, or with `authority`, a file, those that this vouches for and that carry
    the name asked for. `version` is the only one spoken ("TLSv1_2"), `ciphers` are those of TLS 1.2."""
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    settings.check_hostname = authority is not None
    settings.verify_mode = ssl.CERT_REQUIRED if authority else ssl.CERT_NONE
    if authority:
        settings.load_verify_locations(authority)
    if version:
        settings.minimum_version = settings.maximum_version = ssl.TLSVersion[version]
    if ciphers:
        settings.set_ciphers(ciphers)
    return settings


class Client:
    """One connection to a listener of 127.0.0.1; it reads the greeting unless told not to. With `tls`, the settings, TLS
    comes first, asking for the server of that `name`."""

    def __init__(self, port, *, source="127.0.0.1", greeting=True, timeout=PATIENCE, tls=None, name=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        if tls:
            self.handshake(tls, name)
        self.greeting = self.reply() if greeting else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def handshake(self, tls=None, name=None, session=None):
        """Goes on in TLS; `session` is one to be resumed, of the same settings."""
        assert not self._unread, f"said before the handshake: {self._unread!r}"
        self.socket = (tls or tls_settings()).wrap_socket(self.socket, server_hostname=name, session=session)

    def starttls(self, tls=None, name=None, session=None):
        """STARTTLS and the handshake; self."""
        reply = self.cmd("STARTTLS")
        assert (reply.code, reply.enhanced) == (220, "2.0.0"), reply
        self.handshake(tls, name, session)
        return self

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def _line(self):
        while b"\n" not in self._unread:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                raise Closed("reset") from None
            if not more:
                raise Closed("closed" + (f" within {self._unread!r}" if self._unread else ""))
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        assert line.endswith(b"\r"), f"a reply line without CR: {line!r}"
        return line[:-1].decode("utf-8", "surrogateescape")

    def reply(self):
        lines = [self._line()]
        while lines[-1][3:4] == "-":
            lines.append(self._line())
        assert len({line[:3] for line in lines}) == 1, lines
        return Reply(int(lines[0][:3]), lines)

    def replies(self, count):
        return [self.reply() for _ in range(count)]

    def cmd(self, line):
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def pipeline(self, *lines):
        """Sends the lines in one flight and reads as many replies."""
        self.send("".join(line + "\r\n" for line in lines))
        return self.replies(len(lines))

    def ehlo(self, name="client.example.com"):
        return self.cmd(f"EHLO {name}")

    def keywords(self):
        return {line[4:].split(" ")[0]: line[4:] for line in self.ehlo().lines[1:]}

    def mail(self, sender="alice@example.com", parameters=""):
        return self.cmd(f"MAIL FROM:<{sender}>" + (f" {parameters}" if parameters else ""))

    def rcpt(self, recipient, parameters=""):
        return self.cmd(f"RCPT TO:<{recipient}>" + (f" {parameters}" if parameters else ""))

    def data(self, content=b"Subject: hello\r\n\r\nhello\r\n"):
        """DATA and, after its 354, the content as it stands and the end; the final reply."""
        first = self.cmd("DATA")
        if first.code != 354:
            return first
        self.send(content + b".\r\n")
        return self.reply()

    def attempt(self, sender, recipient, content=b"Subject: hello\r\n\r\nhello\r\n"):
        """A whole transaction with one recipient: the RCPT's reply, or the end of data's if the recipient is taken."""
        self.mail(sender)
        reply = self.rcpt(recipient)
        if reply.code == 250:
            return self.data(content)
        self.cmd("RSET")
        return reply

    def is_closed(self):
        """True once the peer has closed; False if it says something instead."""
        try:
            return not self._unread and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def end_input(self):
        """TCP's end alone, also in TLS (whose own shutdown() would go on in plain)."""
        socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def reset(self):
        """Leaves with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()
