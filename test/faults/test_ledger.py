"""The backend keeps true books of what it took and what it said, and goes wrong in the session that is to meet it."""

import hashlib

import pytest

from fake_backend import KEYWORDS, XCLIENT
from ledger import LedgerBackend, marker
from plan import Fault
from ports import free_port
from smtp_client import Client, Closed
from wait import wait_for

CONTENT = b"X-Marker: 5 0\r\nhello\r\n..\r\n"
WIRE = CONTENT.replace(b"..", b"...") + b".\r\n"


@pytest.fixture
def make_ledger():
    made = []

    def make(*fault, **options):
        faults = {5: Fault("backend", *fault)} if fault else {}
        made.append(LedgerBackend([free_port()], faults, proxy_protocol=True, **options))
        return made[-1]
    yield make
    for each in made:
        each.clean_up()


def session(backend, number=5):
    """What greygate would say of that session, up to the recipients."""
    client = Client(backend.port, greeting=False)
    client.send(f"PROXY TCP4 127.1.0.{number} 127.0.0.1 1 2\r\n")
    assert client.reply().code == 220
    assert client.ehlo().code == 250
    assert client.mail(f"m-{number}-0@example.com").code == 250
    assert client.rcpt(f"r0.s{number}@pass.example.org").code == 250
    return client


def deliver(client):
    """The final reply's code, or None."""
    try:
        assert client.cmd("DATA").code == 354
        client.send(WIRE)
        return client.reply().code
    except (Closed, OSError):
        return None


def test_a_message_taken(make_ledger):
    backend = make_ledger()
    assert deliver(session(backend)) == 250
    wait_for("the answer to be in the books", lambda: backend.ledger.entries[0].answer)
    (entry,) = backend.ledger.entries
    assert entry.taken and entry.acknowledged
    assert entry.marker == entry.content_marker == (5, 0)
    assert entry.recipients == ["r0.s5@pass.example.org"] == backend.ledger.told_of[5, 0]
    assert backend.ledger.content_for == {(5, 0)}
    assert entry.digest == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("what, told, taken, acknowledged", [
    ("closes", None, True, False),
    ("resets", None, True, False),
    ("breaks off its reply", None, True, False),
    ("contradicts itself", 354, True, False),
    ("refuses", 452, False, False),
    ("is shutting down", 421, False, False),
    ("dawdles", 250, True, True),
    ("answers twice", 250, True, True),
    ("answers and closes", 250, True, True),
])
def test_what_is_done_at_the_end_of_data(make_ledger, what, told, taken, acknowledged):
    backend = make_ledger(what, "EOD")
    client = session(backend)
    assert deliver(client) == told
    client.close()
    wait_for("the backend to be done", lambda: not backend.open_connections())
    (entry,) = backend.ledger.entries
    assert (entry.taken, entry.acknowledged) == (taken, acknowledged)
    assert backend.ledger.fired == {5}


@pytest.mark.parametrize("what", ["closes", "resets", "freezes"])
def test_what_is_cut_in_its_content_is_not_in_the_books(make_ledger, what):
    backend = make_ledger(what, "BODY", 1, 10)
    client = session(backend)
    client.cmd("DATA")
    client.send(WIRE[:20])
    with pytest.raises((Closed, OSError)):
        client.end_input()
        client.reply()
    assert not backend.ledger.entries


def test_other_sessions_are_spared(make_ledger):
    backend = make_ledger("closes", "EOD")
    assert deliver(session(backend, 6)) == 250
    assert not backend.ledger.fired


def test_only_the_passage_that_is_meant(make_ledger):
    backend = make_ledger("refuses", "RCPT", 2)
    client = session(backend)
    assert client.rcpt("r1.s5@pass.example.org").code == 452
    assert client.rcpt("r2.s5@pass.example.org").code == 250
    assert deliver(client) == 250
    assert backend.ledger.entries[0].recipients == ["r0.s5@pass.example.org", "r2.s5@pass.example.org"]
    assert len(backend.ledger.told_of[5, 0]) == 3


def test_a_session_is_known_by_xclient():
    backend = LedgerBackend([free_port()], {5: Fault("backend", "refuses", "XCLIENT")}, keywords=[*KEYWORDS, XCLIENT])
    with Client(backend.port) as client:
        client.ehlo()
        assert client.cmd("XCLIENT ADDR=127.1.0.6 HELO=a").code == 220
        assert client.cmd("XCLIENT ADDR=127.1.0.5 HELO=b").code == 452
    backend.clean_up()


@pytest.mark.parametrize("where, told", [("EOD", None), ("after EOD", 250)])
def test_a_kill_is_asked_for_at_its_time(where, told):
    backend = LedgerBackend([free_port()], {5: Fault("proxy", "is killed", where)}, lambda: backend.hang_up(),
                            proxy_protocol=True)
    assert deliver(session(backend)) == told
    wait_for("the backend to be done", lambda: not backend.open_connections())
    assert backend.ledger.entries[0].taken
    assert backend.ledger.entries[0].acknowledged == bool(told)
    backend.clean_up()


@pytest.mark.parametrize("mail, rcpts, whose", [
    ("MAIL FROM:<m-5-2@example.com> SIZE=1", [], (5, 2)),
    ("MAIL FROM:<>", ["RCPT TO:<r0.t1.s7@example.org>"], (7, 1)),
    ("MAIL FROM:<>", [], None),
    ("MAIL FROM:<anybody@example.com>", ["RCPT TO:<bob@example.org>"], None),
])
def test_envelopes_tell_messages(mail, rcpts, whose):
    assert marker(mail, rcpts) == whose
