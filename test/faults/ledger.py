"""A backend that keeps a ledger, and goes wrong in each session at the point that the session's plan names.

It knows whose session a connection is by the address that the proxy tells it."""

import hashlib
import re
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field

import backend_faults
from fake_backend import Connection, Ended, FakeBackend
from plan import session_of

_SENDER = re.compile(r"FROM:<m-(\d+)-(\d+)@")
_RECIPIENT = re.compile(r"\.t(\d+)\.s(\d+)@")
_CONTENT = re.compile(rb"X-Marker: (\d+) (\d+)\r\n")


def marker(mail, rcpts):
    """Which message an envelope belongs to: (session, number), or None."""
    if found := _SENDER.search(mail):
        return int(found[1]), int(found[2])
    found = next(filter(None, map(_RECIPIENT.search, rcpts)), None)
    return (int(found[2]), int(found[1])) if found else None


@dataclass
class Entry:
    """A message whose end came."""
    marker: tuple
    content_marker: tuple  # as the content says itself; None if it doesn't
    recipients: list
    digest: str
    answer: str = ""  # the code of our reply, if one was given in full

    @property
    def taken(self):
        """Whether we keep it: no reply is no refusal."""
        return self.answer[:1] not in ("4", "5")

    @property
    def acknowledged(self):
        return self.answer[:1] == "2"


@dataclass
class Ledger:
    entries: list = field(default_factory=list)
    told_of: dict = field(default_factory=dict)  # marker -> every recipient that a RCPT named
    content_for: set = field(default_factory=set)  # markers of messages whose content was announced by DATA or BDAT
    fired: set = field(default_factory=set)  # sessions whose fault has come to pass


class LedgerConnection(Connection):
    def __init__(self, backend, number, peer):
        super().__init__(backend, number, peer)
        self.spoil = None  # does the next reply's writing, if set
        self.named = []  # the recipients of this transaction, taken or not

    def write(self, octets):
        spoil, self.spoil = self.spoil, None
        if spoil:
            spoil(self, octets)
        else:
            super().write(octets)

    def read_content_up_to(self, octets):
        """Waits until so much of DATA's content is there, or all of it."""
        while len(self.input) < octets and not (b"\r\n" + self.input).endswith(b"\r\n.\r\n"):
            self._more()

    @staticmethod
    def leave():
        raise Ended

    @property
    def session(self):
        """The number of the session it serves now; None for the proxy's own questions."""
        if self.proxy is None:
            return session_of(self.identity.get("ADDR", ""))
        if self.proxy.startswith(b"PROXY "):
            words = self.proxy.decode().split()
            return session_of(words[2]) if words[1] == "TCP4" else None
        ipv4 = self.proxy[13] == 0x11
        return session_of(socket.inet_ntoa(self.proxy[16:20])) if ipv4 else None


class LedgerBackend(FakeBackend):
    """Listens at all of `ports`. `faults` has the fault of each session that has one at the backend, or at the proxy as
    the backend sees it; for the latter, `kill_proxy` is called."""

    connection_type = LedgerConnection

    def __init__(self, ports, faults, kill_proxy=lambda: None, **options):
        self.ledger = Ledger()
        self.more_ports = ports[1:]
        self._faults, self._kill_proxy = faults, kill_proxy
        self._passages = Counter()  # by session and stage
        self._books = threading.Lock()
        super().__init__(ports[0], **options)

    @property
    def addresses(self):
        return [f"127.0.0.1:{port}" for port in (self.port, *self.more_ports)]

    def _step(self, connection, stage, line):
        session = session_of(_address(line)) if stage == "XCLIENT" else connection.session
        fault = self._faults.get(session)
        where = fault.where.removeprefix("after ") if fault else None
        if where != stage:
            return None
        with self._books:
            self._passages[session, stage] += 1
            if fault.nth not in (0, self._passages[session, stage]):
                return None
            self.ledger.fired.add(session)
        return self._killing(fault) if fault.who == "proxy" else backend_faults.step(fault)

    def _killing(self, fault):
        def kill(connection):
            if fault.where == "BODY":
                connection.read_content_up_to(fault.after)
            self._kill_proxy()

        def answer_and_kill(connection, octets):
            Connection.write(connection, octets)
            self._kill_proxy()

        def kill_after(connection):
            connection.spoil = answer_and_kill
        return kill_after if fault.where.startswith("after ") else kill

    def _command(self, connection, line):
        if line.upper().startswith("MAIL"):
            connection.named = []
        if line.upper().startswith("RCPT") and connection.transaction:
            connection.named.append(line)
            self._note(connection.transaction.mail, connection.named)
        if line.upper().startswith(("DATA", "BDAT")) and connection.transaction:
            self.ledger.content_for.add(marker(connection.transaction.mail, connection.named))
        return super()._command(connection, line)

    def _note(self, mail, rcpts):
        if key := marker(mail, rcpts):
            with self._books:
                named = self.ledger.told_of.setdefault(key, [])
                named += [address for address in map(_address_of_path, rcpts) if address not in named]

    def _end(self, connection, line):
        transaction = connection.transaction
        text = transaction.message
        found = _CONTENT.match(text)
        entry = Entry(marker(transaction.mail, transaction.rcpts), found and (int(found[1]), int(found[2])),
                      transaction.recipients, hashlib.sha256(text).hexdigest())
        transaction.content = b""
        with self._books:
            self.ledger.entries.append(entry)
        connection.said = ""
        try:
            super()._end(connection, line)
        except OSError:
            connection.said = ""  # it didn't go out
            raise
        finally:
            entry.answer = connection.said

    def _serve(self, connection):
        super()._serve(connection)
        connection.transaction = connection.input = None  # what was left of content takes room


def _address_of_path(line):
    return re.search("<(.*)>", line)[1]


def _address(xclient):
    found = re.search(r" ADDR=(\S+)", xclient)
    return found[1] if found else ""
