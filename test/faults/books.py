"""Whether the books balance: what clients were told, what the backend took, what greygate logged.

A message is taken by the backend if its end came and no refusal was said to it. Every message that a client was told
250 for is taken exactly once. One that is taken without that was cut off: by the backend between end of data and reply,
which is logged as `unknown`; by a client that left, logged as `relayed`; or by an end of greygate itself, which nobody
can log. What was put off is never handed over, and nothing bounces but what was refused for good."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from content import content
from ledger import Ledger, marker

# What cuts the connection, or leaves no reply to go by, once the backend may have the message.
CUTS = ("closes", "resets", "freezes", "talks nonsense", "contradicts itself", "breaks off its reply",
        "answers and closes", "answers and resets")
CUT_AT = ("RCPT", "DATA", "BODY", "BDAT", "EOD")
LOG_DELAY = 2.0  # seconds that a log line may have been on its way when greygate was killed
SLEEPING_STORE = ("disk full", "disk read-only", "store corrupted")


@dataclass
class Books:
    around: object  # the Round
    outcomes: list
    ledger: Ledger = field(default_factory=Ledger)
    events: list = field(default_factory=list)  # of greygate's log
    disturbances: list = field(default_factory=list)  # (begin, end), while which nothing need go well
    kills: list = field(default_factory=list)  # (begin, end): from a kill to the next start
    counters: dict | None = None  # /status' messages at the end, if greygate ran all the time
    remembered: set | None = None  # recipients in the greylist at the end
    weather_felt: bool | None = None

    def messages(self):
        """A Case for each message."""
        entries, logged = defaultdict(list), defaultdict(list)
        for entry in self.ledger.entries:
            entries[entry.marker].append(entry)
        for event in self.events:
            if event["event"] == "message":
                logged[marker(f"FROM:<{event['sender']}>", event["recipients"])].append(event["outcome"])
        for outcome in self.outcomes:
            for told in outcome.messages:
                key = told.message.marker
                yield Case(self, outcome, told, [each for each in entries[key] if each.taken], logged[key])

    def fair(self, outcome):
        """Whether all should have gone well but for what the client itself did."""
        fault = outcome.plan.fault
        spared = not fault or fault.who == "client" or outcome.plan.number not in self.ledger.fired
        return spared and not _overlap(self.disturbances + self.kills, outcome.began, outcome.over)

    def killed(self, outcome):
        """Whether greygate was killed during the session, as greygate saw it."""
        return _overlap(self.kills, outcome.began, float("inf") if outcome.left else outcome.over + LOG_DELAY)


@dataclass
class Case:
    books: Books
    outcome: object
    told: object
    taken: list  # Entries
    logged: list  # outcomes

    @property
    def final(self):
        return self.told.final

    @property
    def killed(self):
        return self.books.killed(self.outcome)


def balance(books):
    """What is wrong: (session or None, sentence), …"""
    found = [(case.told.message.session, f"message {case.told.message.number}: {wrong}")
             for case in books.messages() for rule in RULES for wrong in rule(case)]
    found += [(outcome.plan.number, wrong) for outcome in books.outcomes for wrong in _conversation(books, outcome)]
    return found + [(None, wrong) for rule in (_strangers, _counters, _memory, _weather) for wrong in rule(books)]


# Of one message

def _once(case):
    if len(case.taken) > 1:
        yield f"doubled: the backend took it {len(case.taken)} times"
    if len(case.logged) > 1:
        yield f"logged {len(case.logged)} times: {case.logged}"


def _told_250(case):
    if case.final != 250:
        return
    if not case.taken:
        yield "lost: the client was told 250"
    elif not case.taken[0].acknowledged:
        yield "the client was told 250 before greygate was"
    if case.logged != ["relayed"] and not case.killed:
        yield f"the client was told 250, and logged is {case.logged}"


def _taken_without_250(case):
    if not case.taken or case.final == 250:
        return
    if case.logged == ["relayed"]:
        if case.final is not None:
            yield f"the client was told {case.final}, and greygate 250"
        elif not case.outcome.left and not case.killed:
            yield "the client was told nothing, and greygate 250"
    elif case.logged != ["unknown"] and not case.killed:
        yield f"the backend has it, the client was told {case.final}, and logged is {case.logged}, not unknown"


def _unknown_has_a_cause(case):
    if "unknown" not in case.logged:
        return
    fault = case.outcome.plan.fault
    cut = fault and fault.who == "backend" and fault.what in CUTS and fault.where in CUT_AT
    cut = cut and case.outcome.plan.number in case.books.ledger.fired
    if not cut and not _overlap(case.books.disturbances, case.outcome.began, float("inf")):
        yield "logged as unknown, and nothing was cut"


def _relayed_is_taken(case):
    if "relayed" in case.logged and not case.taken:
        yield "logged as relayed, and the backend has nothing"


def _content(case):
    message = case.told.message
    if case.taken and not case.told.ended:
        yield "relayed, and the client had not ended it"
    for entry in case.taken:
        if message.bare:
            yield "relayed with a line end that isn't CR LF"
        elif entry.content_marker not in (None, message.marker):
            yield f"has the content of {entry.content_marker}"
        elif entry.digest != hashlib.sha256(content(message)).hexdigest():
            yield "its content was changed"


def _recipients(case):
    heard_all = len(case.told.rcpts) == len(case.told.message.recipients)
    for entry in case.taken:
        if heard_all and entry.recipients != case.told.accepted:
            yield f"went to {entry.recipients}, and the client was told {case.told.accepted}"


def _put_off(case):
    message = case.told.message
    named = case.books.ledger.told_of.get(message.marker, [])
    steady = case.books.around.weather not in (*SLEEPING_STORE, "clock jumps")
    at_data = not message.sender and case.books.around.null_sender == "data"
    for each, code in zip(message.recipients, case.told.rcpts + [None] * len(message.recipients)):
        if each.fate == "foreign" and each.address in named:
            yield f"the backend was asked about {each.address}, of a domain that isn't ours"
        waits = code == 450 or (steady and each.fate == "waits")
        if waits and not at_data and each.address in named:
            yield f"the backend was asked about {each.address}, which was put off"
        if waits and at_data and code == 250 and message.marker in case.books.ledger.content_for:
            yield f"the backend was told of content for {each.address}, which was put off"
        if waits and any(each.address in entry.recipients for entry in case.taken):
            yield f"went to {each.address}, which was put off"


def _no_bounce(case):
    fault, message = case.outcome.plan.fault, case.told.message
    refused = fault and fault.what == "refuses"
    for each, code in zip(message.recipients, case.told.rcpts):
        if code >= 500 and each.fate != "foreign" and not refused:
            yield f"{each.address} was told {code}"
    deferred = any(400 <= code < 500 for code in case.told.rcpts)
    if (case.final or 0) >= 500 and not refused and not message.bare and (case.told.accepted or deferred):
        yield f"refused for good: {case.final}"


def _as_expected(case):
    if not case.books.fair(case.outcome):
        return
    rcpts, final = expected(case.books.around, case.told.message)
    for each, code, right in zip(case.told.message.recipients, case.told.rcpts, rcpts):
        if code not in right:
            yield f"{each.address} was told {code}, not {right}"
    if not case.told.message.abandoned and case.final not in (None, *final):
        yield f"was told {case.final}, not {final}"


RULES = (_once, _told_250, _taken_without_250, _unknown_has_a_cause, _relayed_is_taken, _content, _recipients, _put_off,
         _no_bounce, _as_expected)


def expected(around, message):
    """(codes that each recipient may get, codes that the end may get) where nothing goes wrong."""
    at_data = not message.sender and around.null_sender == "data"
    waits = (450,) if not at_data else (250,)
    if around.weather == "clock jumps" and message.number:
        waits = (250, 450)  # its first attempt may be hours ago by now
    codes = [{"passes": (250,), "waits": waits, "foreign": (550,)}[each.fate] for each in message.recipients]
    fates = {each.fate for each in message.recipients}
    end = (550,) if message.bare else (250,)
    if at_data and "waits" in fates:
        return codes, (450,)
    if "passes" not in fates:
        return codes, ((450,) if "waits" in fates else (554,)) + (end if 250 in waits and "waits" in fates else ())
    return codes, end


# Of a conversation, and of all

def _conversation(books, outcome):
    if outcome.trouble and (not outcome.left or "Timeout" in outcome.trouble) and not books.killed(outcome):
        yield f"the conversation broke off: {outcome.trouble}"


def _strangers(books):
    sent = {told.message.marker for outcome in books.outcomes for told in outcome.messages}
    for entry in books.ledger.entries:
        if entry.marker not in sent:
            yield f"the backend has a message that nobody sent: {entry}"


def _counters(books):
    logged = Counter(event["outcome"] for event in books.events if event["event"] == "message")
    for word in ("relayed", "refused", "unknown") if books.counters else ():
        if books.counters[word] != logged[word]:
            yield f"/status counts {books.counters[word]} messages {word}, the log has {logged[word]}"


def _memory(books):
    """Who was put off is remembered, whatever happened since."""
    for outcome in books.outcomes:
        for told in outcome.messages if books.remembered is not None else ():
            for each, code in zip(told.message.recipients, told.rcpts):
                if code == 450 and each.address not in books.remembered:
                    yield f"{each.address} was put off and is forgotten"


def _weather(books):
    if books.weather_felt is False:
        yield f"nobody noticed the weather: {books.around.weather}"


def _overlap(spans, begin, end):
    return any(start <= end and begin <= stop for start, stop in spans)
