"""A greylist that somebody fills with triplets that never come back: they live no longer than they may, and then their
room is used again."""

import pathlib
import random

from abuse import ABUSER, MIB, SANITIZED, memory, unharmed
from smtp_client import Client

ROUNDS, RECIPIENTS = 8, 4_000 if SANITIZED else 20_000


def size(greygate):
    """Of all files of the store, in octets as they lie on the disk."""
    total = 0
    for path in pathlib.Path(greygate.settings["store"]["path"]).rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # a compaction has just done with it
    return total


def flood(greygate, words):
    """So many triplets of a quarter of a kilobyte, which can't be compressed, none of them seen before."""
    with Client(greygate.port, source=ABUSER) as client:
        client.ehlo()
        for _ in range(RECIPIENTS // 1000):
            client.mail(words.randbytes(50).hex() + "@example.com")
            for _ in range(2):
                client.send("".join(f"RCPT TO:<{words.randbytes(60).hex()}@example.org>\r\n" for _ in range(500)))
                assert {reply.code for reply in client.replies(500)} == {450}
            client.cmd("RSET")


def flooded(greygate):
    """The store's size after each round, and the memory."""
    words = random.Random(4711)
    for _ in range(ROUNDS):
        flood(greygate, words)
        yield size(greygate), memory(greygate)


def test_the_disk_is_used_again(make_greygate, backend):
    """What is kept for a second or two is never more than that: all rounds together would take twice as much."""
    greygate = make_greygate(backend, greylist={"delay": "500ms", "retry_window": "1s", "lifetime": "1s",
                                                "history": "1s"},
                             limits={"put_off_per_client": 10 * ROUNDS * RECIPIENTS})
    with unharmed(greygate, 192 * MIB):  # what the store takes for its work, whatever is in it
        sizes, memories = zip(*flooded(greygate))
    written = ROUNDS * RECIPIENTS * 2 * 250  # a triplet, and an event in the history
    print([f"{each / MIB:.1f}" for each in sizes], [f"{each / MIB:.1f}" for each in memories], written / MIB)
    assert max(sizes[ROUNDS // 2:]) < max(written / 2, 24 * MIB)


def test_one_network_has_its_share(make_greygate, backend):
    """Beyond it nothing of a flood is kept; who was known before, and everybody else, doesn't notice."""
    share = 1000
    greygate = make_greygate(backend, greylist={"delay": "0s", "identity": ["network"], "auto_allow_after": 0},
                             limits={"put_off_per_client": share})
    with unharmed(greygate, 192 * MIB):
        for code in (450, 250):
            with greygate.session(source=ABUSER) as client:
                assert client.attempt("alice@example.com", "bob@example.org").code == code
        flood(greygate, random.Random(4712))
        (event,) = greygate.events("put_off_per_client", 1)
        assert (event["client"], event["level"]) == ("127.0.0.0/24", "warning")
        with greygate.session(source=ABUSER) as client:
            assert client.attempt("alice@example.com", "bob@example.org").code == 250
            for _ in range(3):
                assert client.attempt("carol@example.com", "bob@example.org").code == 450
        for code in (450, 250):
            with greygate.session(source="127.0.1.9") as client:
                assert client.attempt("carol@example.com", "bob@example.org").code == code
    entries = [line for line in greygate.ask_json("list") if line["identity"] == "127.0.0.0/24"]
    assert share <= len(entries) <= share + 10, len(entries)  # and the ordinary client's, which passed
    assert len(greygate.events("put_off_per_client")) == 1
