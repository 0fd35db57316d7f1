"""A client that says what its plan has for it, goes wrong where the plan says so, and remembers what it was told."""

import time
from dataclasses import dataclass, field

from content import content, stuffed
from smtp_client import Client, Closed

PATIENCE = 90.0  # seconds; well beyond the proxy's own


@dataclass
class Told:
    """What a client heard of one message: codes, None where it heard nothing."""
    message: object
    mail: int | None = None
    rcpts: list = field(default_factory=list)
    final: int | None = None  # the reply after which the message is somebody's, or nobody's
    ended: bool = False  # the end of data was said

    @property
    def accepted(self):
        return [each.address for each, code in zip(self.message.recipients, self.rcpts) if code == 250]


@dataclass
class Outcome:
    plan: object
    messages: list = field(default_factory=list)
    transcript: list = field(default_factory=list)
    began: float = 0.0
    over: float = 0.0
    left: bool = False  # by its own will
    trouble: str = ""  # why it came to an end that isn't QUIT's

    @property
    def accepted(self):
        return sum(each.final == 250 for each in self.messages)


class _Left(Exception):
    """The client's own fault has come to pass."""


class Conversation:
    """One session. run() never raises but for what is wrong with the test itself."""

    def __init__(self, plan, connect, tls):
        self.outcome = Outcome(plan)
        self._plan, self._connect, self._tls = plan, connect, tls
        self._client = None
        self._half_closed = False
        self._passages = {}

    def run(self):
        outcome = self.outcome
        outcome.began = time.monotonic()
        try:
            self._client = self._connect()
            self._note(f"S: {self._client.greeting}")
            self._talk()
        except _Left:
            outcome.left = True
        except (OSError, Closed) as error:
            outcome.left = self._half_closed
            outcome.trouble = repr(error)
            self._note(f"!  {error!r}")
        finally:
            outcome.over = time.monotonic()
            if self._client:
                self._client.close()
        return outcome

    def _talk(self):
        self._greet()
        if self._plan.tls:
            self._ask("STARTTLS")
            self._client.handshake(self._tls)
            self._greet()
        for message in self._plan.messages:
            told = Told(message)
            self.outcome.messages.append(told)
            self._deliver(told)
        self._ask("QUIT")

    def _greet(self):
        self._ask(f"EHLO {self._plan.helo}")
        self._at("EHLO")

    # One message

    def _deliver(self, told):
        message = told.message
        if self._plan.pipelining and not message.abandoned:
            self._deliver_in_flights(told)
        else:
            self._deliver_in_steps(told)
        if message.abandoned or told.final != 250:
            self._ask("RSET")

    def _deliver_in_steps(self, told):
        message = told.message
        told.mail = self._ask(_mail(message))
        self._at("MAIL")
        if message.abandoned == "MAIL":
            return
        for recipient in message.recipients:
            told.rcpts.append(self._ask(f"RCPT TO:<{recipient.address}>"))
        self._at("RCPT")
        if message.abandoned == "RCPT":
            return
        if message.chunks:
            self._send_chunks(told)
        elif not message.abandoned:
            self._send_data(told, self._ask("DATA"))

    def _deliver_in_flights(self, told):
        """What may be sent in one flight is (RFC 2920 §3.1)."""
        message = told.message
        rcpts = [f"RCPT TO:<{each.address}>" for each in message.recipients]
        self._say(_mail(message))
        self._at("MAIL")
        self._say(*rcpts, *([] if message.chunks else ["DATA"]))
        if message.chunks:
            for line, octets in _flights(message):
                self._say_chunk(line, octets)
            told.ended = True
        self._at("end" if message.chunks else "RCPT")
        told.mail = self._reply()
        for _ in rcpts:
            told.rcpts.append(self._reply())
        if not message.chunks:
            return self._send_data(told, self._reply())
        codes = [self._reply() for _ in message.chunks]
        told.final = next((code for code in codes if code != 250), 250)

    def _send_data(self, told, go_ahead):
        self._at("DATA")
        if go_ahead != 354:
            told.final = go_ahead
            return
        octets = stuffed(content(told.message))
        self._send_octets(octets, b".\r\n")
        told.ended = True
        self._at("end")
        told.final = self._reply()

    def _send_chunks(self, told):
        flights = _flights(told.message)
        if told.message.abandoned:
            flights = flights[:-1]
        for line, octets in flights:
            self._say_chunk(line, octets)
            told.ended = line.endswith("LAST")
            if told.ended:
                self._at("end")
            code = self._reply()
            if told.ended or code != 250:
                told.final = code
                return

    def _say_chunk(self, line, octets):
        self._say(line)
        self._send_octets(octets)

    # Octets

    def _send_octets(self, octets, end=b""):
        fault = self._plan.fault
        in_content = fault and fault.who == "client" and fault.where == "BODY" and octets
        cut = min(fault.after, len(octets) - 1) if in_content else 0
        self._note(f"C> {len(octets)} octets")
        if in_content:
            self._send(octets[:cut])
            self._at("BODY")
        self._send(octets[cut:] + end)

    def _say(self, *lines):
        self._note(*(f"C: {line}" for line in lines))
        self._send("".join(line + "\r\n" for line in lines).encode())

    def _send(self, octets):
        if self._half_closed:
            self._await_the_end()
            raise _Left
        if self._plan.bytewise:
            for octet in octets:
                self._client.send(bytes([octet]))
        else:
            self._client.send(octets)

    def _ask(self, line):
        self._say(line)
        return self._reply()

    def _reply(self):
        reply = self._client.reply()
        self._note(f"S: {reply.lines[-1]}")
        return reply.code

    def _await_the_end(self):
        while True:
            try:
                self._reply()
            except (OSError, Closed) as end:
                if isinstance(end, TimeoutError):
                    raise
                return

    def _note(self, *lines):
        self.outcome.transcript += lines

    # The fault

    def _at(self, place):
        fault = self._plan.fault
        if not fault or fault.who != "client" or fault.where != place:
            return
        self._passages[place] = self._passages.get(place, 0) + 1
        if self._passages[place] != fault.nth:
            return
        self._note(f"C! {fault.what}")
        if fault.what == "half-closes":
            self._client.end_input()
            self._half_closed = True
            return
        if fault.what == "resets":
            self._client.reset()
        raise _Left


def _mail(message):
    return f"MAIL FROM:<{message.sender}>"


def _flights(message):
    """(BDAT line, octets) for each chunk."""
    text, made = content(message), []
    for number, size in enumerate(message.chunks, 1):
        made.append((f"BDAT {size}" + (" LAST" if number == len(message.chunks) else ""), text[:size]))
        text = text[size:]
    return made


def connect(port, plan):
    return Client(port, source=plan.address, timeout=PATIENCE)
