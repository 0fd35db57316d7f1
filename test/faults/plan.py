"""What will happen, decided beforehand: every round and session is a pure function of the seed and its number, so that
it can be printed and run again.

A round is one greygate in front of one backend, SESSIONS sessions, and a weather (weather.py): what befalls the machine
meanwhile. A session is one client's connection, with several messages and at most one fault of its own."""

import random
from dataclasses import dataclass

SESSIONS = 200  # of a round
CALM = "calm"
WEATHERS = (CALM, "backend dies", "proxy killed", "disk full", "disk read-only", "store corrupted", "slow disk",
            "clock jumps", "descriptors exhausted", "DNS dead")
FORGETFUL = ("store corrupted", "clock jumps")  # after these, entries of the greylist may be gone
MEBIBYTE = 1 << 20
ENDS_OF_BUFFERS = (512, 1024, 4096, 8192, 16384, 32768, 65536)

# What the backend does wrong, and at which stages (fake_backend.py) it makes sense.
_REPLIES = ("connect", "EHLO", "STARTTLS", "XCLIENT", "MAIL", "RCPT", "DATA", "BDAT", "EOD", "RSET", "QUIT")
_NOT_LATE = ("connect", "EHLO", "STARTTLS", "XCLIENT", "MAIL", "RCPT", "DATA", "BDAT", "EOD")
BACKEND_FAULTS = {
    "closes": (*_REPLIES, "BODY"),
    "resets": (*_REPLIES, "BODY"),
    "freezes": (*_NOT_LATE, "BODY"),
    "dawdles": _NOT_LATE,
    "talks nonsense": (*_NOT_LATE, "BODY"),
    "contradicts itself": _NOT_LATE,
    "refuses": _NOT_LATE,
    "is shutting down": _NOT_LATE,
    "breaks off its reply": _NOT_LATE,
    "answers twice": _NOT_LATE,
    "answers too early": ("DATA",),
    "answers and closes": ("MAIL", "RCPT", "DATA", "BDAT", "EOD"),
    "answers and resets": ("MAIL", "RCPT", "DATA", "BDAT", "EOD"),
}
# Where it matters most whose the message is.
_DELICATE = ("BODY", "EOD", "EOD", "EOD", "BDAT", "DATA")
RARE = ("freezes",)  # each takes as long as the proxy's patience

CLIENT_FAULTS = ("vanishes", "half-closes", "resets")
CLIENT_PLACES = ("EHLO", "MAIL", "RCPT", "DATA", "BODY", "end")
KILLED_AT = ("connect", "MAIL", "RCPT", "DATA", "BODY", "BDAT", "EOD", "EOD", "EOD", "after EOD", "after EOD")


@dataclass(frozen=True)
class Fault:
    """`who` is the client, the backend or the proxy; it goes wrong at the `nth` passage of that place, or with nth 0 at
    each; in content, after so many octets."""
    who: str
    what: str
    where: str
    nth: int = 1
    after: int = 0

    def __str__(self):
        return f"{self.who} {self.what} at {self.where}"


@dataclass(frozen=True)
class Recipient:
    address: str
    fate: str  # passes | waits | foreign: what greygate is to say


@dataclass(frozen=True)
class Message:
    session: int
    number: int
    sender: str
    recipients: tuple
    size: int
    dots: bool  # many lines begin with dots
    bare: bool  # a line end isn't CR LF
    chunks: tuple  # sizes for BDAT; none: DATA
    abandoned: str  # "" or the place after which RSET comes: MAIL, RCPT, BODY

    @property
    def marker(self):
        return (self.session, self.number)


@dataclass(frozen=True)
class Session:
    number: int
    tls: bool
    pipelining: bool
    bytewise: bool  # says everything octet by octet
    messages: tuple
    fault: Fault | None

    @property
    def address(self):
        """Its own, of the loopback network."""
        return f"127.{1 + (self.number >> 16) % 254}.{self.number >> 8 & 255}.{self.number & 255}"

    @property
    def helo(self):
        return f"s{self.number}.client.example.com"


@dataclass(frozen=True)
class Round:
    seed: int
    number: int
    weather: str
    identity: str  # backend.client_identity
    reuse: bool
    backend_tls: bool
    addresses: int  # of the backend
    null_sender: str

    @property
    def first(self):
        return self.number * SESSIONS

    @property
    def numbers(self):
        return range(self.first, self.first + SESSIONS)

    def random(self, purpose):
        return random.Random(f"{self.seed} {self.number} {purpose}")


def session_of(address):
    """The number of the session whose client has that address; None if none has."""
    parts = [int(part) for part in address.split(".")] if address.startswith("127.") else [127, 0, 0, 0]
    return ((parts[1] - 1) << 16 | parts[2] << 8 | parts[3]) if parts[1] else None


def plan_round(seed, number, weather=None):
    """With a `weather`, every round has that one."""
    rng = random.Random(f"{seed} {number}")
    identity = rng.choice(("proxy-v1", "proxy-v2", "xclient", "xclient"))
    return Round(seed, number, weather or WEATHERS[number % len(WEATHERS)], identity,
                 reuse=identity == "xclient" and rng.random() < 0.5, backend_tls=rng.random() < 0.4,
                 addresses=rng.choice((1, 1, 2)), null_sender=rng.choice(("rcpt", "rcpt", "data")))


def plan_session(around, number):
    """`around` is the round that it belongs to."""
    rng = random.Random(f"{around.seed} {around.weather} session {number}")
    bytewise = rng.random() < 0.04
    fault = _fault(rng, around)
    count = rng.choice((1, 1, 2, 2, 3, 4))
    messages = tuple(_message(rng, number, each, bytewise) for each in range(count))
    return Session(number, rng.random() < 0.25, rng.random() < 0.5, bytewise, messages, fault)


def _fault(rng, around):
    if around.weather == "proxy killed" and rng.random() < 0.05:
        return Fault("proxy", "is killed", rng.choice(KILLED_AT), rng.choice((1, 1, 2)), rng.randrange(1 << 16))
    dice = rng.random()
    if dice < 0.35:
        return None
    if dice < 0.55:
        return Fault("client", rng.choice(CLIENT_FAULTS), rng.choice((*CLIENT_PLACES, "end")), rng.choice((1, 1, 2)),
                     rng.randrange(1 << 16))
    what = rng.choice(list(BACKEND_FAULTS))
    if what in RARE and rng.random() < 0.6:
        what = "closes"
    places = [place for place in BACKEND_FAULTS[what] if _is_told(around, place)]
    delicate = [place for place in _DELICATE if place in places]
    where = rng.choice(delicate if rng.random() < 0.5 else places)
    nth = rng.choice((1, 1, 1, 2, 0)) if what not in RARE else 1
    return Fault("backend", what, where, nth, rng.choice((0, 1, 100, rng.randrange(1 << 16))))


def _is_told(around, place):
    """Whether the session comes to that place, and the backend knows by then whose it is."""
    by_xclient = around.identity == "xclient"
    return {"connect": not by_xclient, "STARTTLS": around.backend_tls and not by_xclient,
            "XCLIENT": by_xclient}.get(place, True)


def _message(rng, session, number, bytewise):
    bounce = rng.random() < 0.15
    sender = "" if bounce else f"m-{session}-{number}@example.com"
    chunked = rng.random() < 0.4
    size = _size(rng, 300 if bytewise else 4 * MEBIBYTE)
    bare = size > 20 and rng.random() < 0.05
    abandoned = rng.choice(("MAIL", "RCPT", "BODY")) if rng.random() < 0.12 else ""
    return Message(session, number, sender, _recipients(rng, session, number, bounce), size, rng.random() < 0.4, bare,
                   _chunks(rng, size) if chunked else (), abandoned)


def _recipients(rng, session, number, bounce):
    """A bounce is known by its recipients, other messages by their sender: theirs may come again."""
    suffix = f"t{number}.s{session}" if bounce else f"s{session}"
    fates = rng.choices(("passes", "waits", "foreign"), (6, 4, 1), k=rng.choice((1, 1, 2, 3, 5, 8)))
    if "passes" not in fates and rng.random() < 0.7:
        fates[rng.randrange(len(fates))] = "passes"
    domains = {"passes": "pass.example.org", "waits": "example.org", "foreign": "example.net"}
    return tuple(Recipient(f"r{each}.{suffix}@{domains[fate]}", fate) for each, fate in enumerate(fates))


def _size(rng, most):
    dice = rng.random()
    if dice < 0.08:
        return 0
    if dice < 0.3:
        size = rng.randrange(2, 200)
    elif dice < 0.5:
        size = rng.choice(ENDS_OF_BUFFERS) + rng.randrange(-3, 4)
    elif dice < 0.985:
        size = int(2 ** rng.uniform(1, 17))
    else:
        size = rng.randrange(MEBIBYTE // 2, 4 * MEBIBYTE)
    return min(size, most)


def _chunks(rng, size):
    """Sizes that add up; the last may be nothing."""
    cuts = sorted(rng.randrange(size + 1) for _ in range(rng.choice((0, 0, 1, 2, 4))))
    return tuple(end - start for start, end in zip([0, *cuts], [*cuts, size]))
