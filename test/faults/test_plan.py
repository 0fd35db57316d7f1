"""Plans are functions of the seed, and messages of their plans."""

import dataclasses
import re

import pytest

from content import content, stuffed
from plan import BACKEND_FAULTS, SESSIONS, WEATHERS, Message, Recipient, plan_round, plan_session, session_of


def sessions(seed, *rounds, weather=None):
    for number in rounds:
        around = plan_round(seed, number, weather)
        yield from (plan_session(around, each) for each in around.numbers)


def test_the_same_seed_has_the_same_plans():
    assert list(sessions(7, 0, 3)) == list(sessions(7, 0, 3))


def test_another_seed_has_others():
    assert list(sessions(7, 0)) != list(sessions(8, 0))


def test_a_session_is_planned_alone_as_in_its_round():
    around = plan_round(7, 2)
    assert list(sessions(7, 2))[5] == plan_session(around, 2 * SESSIONS + 5)


def test_each_weather_has_its_round():
    assert [plan_round(7, number).weather for number in range(len(WEATHERS))] == list(WEATHERS)


def test_all_faults_at_all_places_come_up():
    wanted = {(what, where) for what, places in BACKEND_FAULTS.items() for where in places}
    faults = [each.fault for each in sessions(7, *range(150)) if each.fault]
    assert {(each.what, each.where) for each in faults if each.who == "backend"} == wanted


@pytest.mark.parametrize("number", [0, 1, 255, 256, 65535, 65536, 20_000_000 // 3])
def test_addresses_tell_sessions(number):
    session = dataclasses.replace(next(sessions(7, 0)), number=number)
    assert session_of(session.address) == number


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.1", "[UNAVAILABLE]"])
def test_other_addresses_are_nobodys(address):
    assert session_of(address) is None


def message(size, **fields):
    usual = {"session": 12, "number": 3, "sender": "m-12-3@example.com",
             "recipients": (Recipient("r0.s12@pass.example.org", "passes"),), "dots": True, "bare": False, "chunks": (),
             "abandoned": ""}
    return Message(size=size, **{**usual, **fields})


def test_content_has_its_size_and_is_made_of_lines():
    for size in (0, *range(2, 300), 65535, 65536, 65537, 3_000_000):
        text = content(message(size))
        assert len(text) == size
        assert not size or text.endswith(b"\r\n")
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", text)
        assert content(message(size)) == text


@pytest.mark.parametrize("size", [1, 29, 1000])
def test_content_in_chunks_has_no_bare_line_end(size):
    for session in range(50):
        text = content(message(size, session=session, chunks=(size,)))
        assert len(text) == size and not re.search(rb"(?<!\r)\n|\r(?!\n)", text)


def test_bare_content_has_one():
    for session in range(50):
        assert re.search(rb"(?<!\r)\n", content(message(100, session=session, bare=True)))


def test_content_begins_with_its_marker():
    assert content(message(100)).startswith(b"X-Marker: 12 3\r\n")


def test_chunks_add_up():
    chunked = [each for session in sessions(7, 0) for each in session.messages if each.chunks]
    assert chunked and all(sum(each.chunks) == each.size for each in chunked)


def test_dots_are_doubled_where_lines_begin():
    assert stuffed(b".\r\n..a\r\nb.\r\n.") == b"..\r\n...a\r\nb.\r\n.."
