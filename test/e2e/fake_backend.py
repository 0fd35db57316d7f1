"""An MTA that does what a test tells it to, and keeps the books: every command, and every message's exact bytes.

    backend.script("RCPT", say("550 5.1.1 No such user"))     the next RCPT
    backend.script("EOD", close(), times=None)                each end of data, from now on

A step is a function of the connection; when it returns False the connection ends. Stages, in the order of a session:
connect (before the greeting), EHLO, STARTTLS, XCLIENT, MAIL, RCPT, DATA, BODY (content has begun to arrive), EOD, BDAT,
RSET, NOOP, QUIT. The proxy asks a backend for its extensions and for open relaying on connections of its own: a
transaction with greygate.invalid in it is kept out of the books and out of the scripts."""

import re
import socket
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

from backend_tls import server_settings, start_tls
from wait import PATIENCE, wait_for

KEYWORDS = ("PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES")
XCLIENT = "XCLIENT NAME ADDR PORT HELO PROTO DESTADDR DESTPORT"


# Steps for scripts

def say(*lines):
    """Replies with these lines: the stage's own reply is not given."""
    def step(connection):
        connection.write("".join(line + "\r\n" for line in lines).encode())
        return True
    return step


def write(octets):
    """Writes these octets as they are, then closes."""
    def step(connection):
        connection.write(octets)
        return False
    return step


def close(*lines):
    """Says the lines, if any, and closes."""
    def step(connection):
        say(*lines)(connection)
        return False
    return step


def reset():
    """Leaves with a TCP reset."""
    def step(connection):
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    return step


def stall(then=None):
    """Says nothing until backend.release(), then goes on with `then` or the stage's own reply."""
    def step(connection):
        connection.backend.stalled.set()
        connection.backend.released.wait()
        return then(connection) if then else None
    return step


# The books

@dataclass
class Transaction:
    connection: "Connection"
    mail: str  # the whole line
    identity: dict  # whose mail it is, by all XCLIENT commands so far
    helo: str  # and by the last EHLO
    rcpts: list = field(default_factory=list)  # whole lines of accepted recipients
    refused: list = field(default_factory=list)
    content: bytes = b""  # as on the wire, dots still doubled, without the final dot line; or the chunks of BDAT joined
    chunks: list = field(default_factory=list)  # sizes
    complete: bool = False  # the end came
    accepted: bool = False  # and was answered 2xx

    @property
    def recipients(self):
        return [re.search("<(.*)>", line)[1] for line in self.rcpts]

    @property
    def message(self):
        """The content with dot stuffing undone (content of BDAT has none)."""
        return self.content if self.chunks else (b"\r\n" + self.content).replace(b"\r\n.", b"\r\n")[2:]


class Connection:
    def __init__(self, backend, number, peer):
        self.backend, self.number, self.socket = backend, number, peer
        self.commands = []  # (time, line)
        self.xclient = []  # the XCLIENT lines
        self.identity = {}  # what they said; what one doesn't say stays as it was, as in Postfix
        self.proxy = None  # the PROXY header's octets
        self.helo = []  # arguments of EHLO and HELO, in order
        self.tls = ""  # protocol and cipher, once the handshake is over
        self.server_name = None  # as asked for in the handshake (SNI)
        self.plain = []  # the command lines before the handshake
        self.transaction = None
        self.input = bytearray()
        self.said = ""  # the code of our last reply
        self.rcpt = ""  # the recipient that our next reply takes or refuses
        self.ending = None  # the transaction that our next reply takes or refuses
        self.open = True

    def lines(self):
        return [line for _, line in self.commands]

    def write(self, octets):
        self.enter(octets)
        self.socket.sendall(octets)

    def enter(self, octets):
        """What is about to be said, into the books."""
        self.said = octets[:3].decode("latin-1")
        taken = self.said[:1] == "2"  # in the books before the peer knows
        if self.rcpt and self.transaction:
            (self.transaction.rcpts if taken else self.transaction.refused).append(self.rcpt)
        if self.ending:
            self.ending.accepted = taken
        self.rcpt, self.ending = "", None

    def reply(self, line):
        self.write(line.encode() + b"\r\n")

    def _more(self):
        octets = self.socket.recv(1 << 18)
        if not octets:
            raise ConnectionError("the peer left")
        self.input += octets

    def exactly(self, count):
        while len(self.input) < count:
            self._more()
        octets = bytes(self.input[:count])
        del self.input[:count]
        return octets

    def until(self, end, seen=0):
        while (at := self.input.find(end, max(0, seen - len(end)))) < 0:
            seen = len(self.input)
            self._more()
        return self.exactly(at + len(end))

    def line(self):
        return self.until(b"\r\n")[:-2].decode("utf-8", "surrogateescape")

    def handshake(self, settings):
        if self.input:
            raise ConnectionError(f"said before the handshake: {self.input!r}")
        self.socket = settings.wrap_socket(self.socket, server_side=True)
        self.server_name = getattr(self.socket, "name_asked_for", None)
        self.tls = f"{self.socket.version()} {self.socket.cipher()[0]}"

    def read_proxy_header(self):
        """HAProxy's PROXY protocol, v1 or v2, as it came."""
        start = self.exactly(12)
        if start == b"\r\n\r\n\0\r\nQUIT\n":
            rest = self.exactly(4)
            self.proxy = start + rest + self.exactly(struct.unpack(">H", rest[2:])[0])
        else:
            self.proxy = start + self.until(b"\r\n")


class FakeBackend:
    connection_type = Connection
    more_ports = ()  # at which it listens as well

    def __init__(self, port, keywords=KEYWORDS, proxy_protocol=False, open_relay=False, certificate=None,
                 tls_keywords=None, xclient_once=False):
        self.port, self.keywords, self.proxy_protocol = port, list(keywords), proxy_protocol
        # What the open-relay guard's recipients get; a step
        self.to_outsiders = say("250 2.1.5 Why not" if open_relay else "554 5.7.1 Relay access denied")
        self.tls = server_settings(certificate) if certificate else None
        self.tls_keywords = self.keywords if tls_keywords is None else list(tls_keywords)  # once TLS is on
        self.xclient_once = xclient_once  # whoever it is told of may not say XCLIENT: a Postfix that trusts its proxy alone
        self.greeting = "220 backend.example.org ESMTP"
        self.connections, self.transactions = [], []
        self.stalled, self.released = threading.Event(), threading.Event()
        self._scripts = defaultdict(list)
        self._lock = threading.Lock()
        self._listeners = []
        self.listen()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    # For tests

    def script(self, stage, step, times=1):
        """The next `times` passages of that stage run the step; None: all that follow."""
        with self._lock:
            self._scripts[stage].append([step, times])

    def unscript(self):
        with self._lock:
            self._scripts.clear()

    def release(self):
        self.released.set()

    @property
    def messages(self):
        """The transactions that ended with our 2xx."""
        return [each for each in list(self.transactions) if each.accepted]

    def await_messages(self, count, timeout=PATIENCE):
        wait_for(f"{count} messages at the backend", lambda: len(self.messages) >= count, timeout)
        return self.messages

    def commands(self, verb=""):
        """The command lines that begin with that verb, of all connections but the proxy's own probes."""
        return [line for connection in self.served() for line in connection.lines() if line.upper().startswith(verb)]

    def served(self):
        """The connections on which a transaction of a client's was begun."""
        return [connection for connection in list(self.connections)
                if any(each.connection is connection for each in list(self.transactions))]

    def open_connections(self):
        return [connection for connection in list(self.connections) if connection.open]

    # The listener

    def listen(self):
        for port in (self.port, *self.more_ports):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(200)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            self._listeners.append(listener)

    def stop_listening(self):
        while self._listeners:
            # shutdown() wakes the accept(); close() alone would leave the port open until it returns.
            self._listeners[-1].shutdown(socket.SHUT_RDWR)
            self._listeners.pop().close()

    def hang_up(self):
        """Closes what is open, as a crash would."""
        for connection in self.open_connections():
            try:
                socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)  # TLS' own would upset its reader
            except OSError:
                pass

    def clean_up(self):
        self.release()
        try:
            self.stop_listening()
        except OSError:
            pass
        self.hang_up()

    def _accept(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self.connection_type(self, len(self.connections), peer)
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    # The conversation

    def _serve(self, connection):
        try:
            if self.proxy_protocol:
                connection.read_proxy_header()
            if self._stage(connection, "connect", "") is None:
                connection.reply(self.greeting)
            while self._command(connection, connection.line()):
                pass
        except (OSError, Ended):
            pass
        finally:
            connection.open = False
            connection.socket.close()

    def _stage(self, connection, stage, line):
        """Runs the script of a stage: None if there is none, True if it has answered. Ends the connection on False."""
        probe = connection.transaction and "greygate.invalid" in connection.transaction.mail
        if probe or "greygate.invalid" in line:
            return None
        step = self._step(connection, stage, line)
        answered = step(connection) if step else None
        if answered is False:
            raise Ended
        return answered

    def _step(self, _connection, stage, _line):
        """What the script says for this passage of a stage."""
        with self._lock:
            queue = self._scripts[stage]
            step = queue[0][0] if queue else None
            if queue and queue[0][1] is not None:
                queue[0][1] -= 1
                if not queue[0][1]:
                    queue.pop(0)
            return step

    def _command(self, connection, line):
        connection.commands.append((time.monotonic(), line))
        if not connection.tls:
            connection.plain.append(line)
        verb = line.split(" ")[0].upper()
        if verb == "MAIL":
            helo = connection.helo[-1] if connection.helo else ""
            connection.transaction = Transaction(connection, line, dict(connection.identity), helo)
            if "greygate.invalid" not in line:
                self.transactions.append(connection.transaction)
        if verb == "RCPT":
            connection.rcpt = line
        answer = getattr(self, "_on_" + verb.lower(), None)
        if verb == "BDAT":  # runs its script when it has read the chunk
            answer(connection, line)
        elif self._stage(connection, "EHLO" if verb == "HELO" else verb, line) is None:
            if answer:
                answer(connection, line)
            else:
                connection.reply("500 5.5.2 What?")
        if verb == "DATA" and connection.said == "354":
            self._content(connection, line)
        return verb != "QUIT"

    def _on_ehlo(self, connection, line):
        connection.helo.append(line[5:])
        connection.transaction = None
        offer = ["STARTTLS"] if self.tls and not connection.tls else []
        words = ["backend.example.org", *offer, *(self.tls_keywords if connection.tls else self.keywords)]
        if self.xclient_once and connection.xclient:
            words = [word for word in words if not word.startswith("XCLIENT")]
        connection.write("".join(f"250{'-' if word is not words[-1] else ' '}{word}\r\n" for word in words).encode())

    @staticmethod
    def _on_helo(connection, line):
        connection.helo.append(line[5:])
        connection.transaction = None
        connection.reply("250 backend.example.org")

    def _on_starttls(self, connection, _line):
        if self.tls and not connection.tls:
            start_tls()(connection)
        else:
            connection.reply("502 5.5.1 Not offered")

    def _on_xclient(self, connection, line):
        if self.xclient_once and connection.xclient:
            connection.reply("550 5.7.0 Insufficient authorization")
            return
        connection.xclient.append(line)
        connection.identity.update(word.split("=", 1) for word in line.split(" ")[1:])
        connection.reply(self.greeting)

    @staticmethod
    def _on_noop(connection, _line):
        connection.reply("250 2.0.0 Ok")

    @staticmethod
    def _on_quit(connection, _line):
        connection.reply("221 2.0.0 Bye")

    @staticmethod
    def _on_rset(connection, _line):
        connection.transaction = None
        connection.reply("250 2.0.0 Reset")

    @staticmethod
    def _on_mail(connection, _line):
        connection.reply("250 2.1.0 Sender ok")

    def _on_rcpt(self, connection, line):
        if "greygate.invalid" not in line:
            connection.reply("250 2.1.5 Recipient ok")
            return
        if connection.transaction in self.transactions:  # the proxy's own question
            self.transactions.remove(connection.transaction)
        if self.to_outsiders(connection) is False:
            raise Ended

    @staticmethod
    def _on_data(connection, _line):
        good = connection.transaction and connection.transaction.rcpts
        connection.reply("354 Go on" if good else "554 5.5.1 No valid recipients")

    def _content(self, connection, line):
        transaction = connection.transaction
        self._stage(connection, "BODY", line)
        transaction.content = self._read_content(connection, transaction)
        self._end(connection, line)

    def _end(self, connection, line):
        connection.transaction.complete = True
        connection.ending, connection.transaction = connection.transaction, None
        if self._stage(connection, "EOD", line) is None:
            connection.reply("250 2.0.0 Queued as 4711")

    @staticmethod
    def _read_content(connection, transaction):
        """Up to CR LF . CR LF; what came is kept even if the peer leaves first."""
        connection.input[:0] = b"\r\n"  # the content's first line begins a line, too
        try:
            return connection.until(b"\r\n.\r\n")[2:-3]
        except OSError:
            transaction.content = bytes(connection.input[2:])
            raise

    def _on_bdat(self, connection, line):
        words = line.split(" ")
        chunk = connection.exactly(int(words[1]))
        last = words[-1].upper() == "LAST"
        if not self._stage(connection, "BDAT", line):
            connection.transaction.content += chunk
            connection.transaction.chunks.append(len(chunk))
            if last:
                self._end(connection, line)
            else:
                connection.reply("250 2.0.0 Chunk taken")


class Ended(Exception):
    """A step ended the connection."""
