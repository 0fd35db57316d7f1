"""What the messages say: octets that are a function of the plan alone, with the marker in front if there is room."""

import functools
import random

BARE = b"a\nb"


@functools.cache
def _lines(dots):
    """(octets, where lines begin): half a megabyte to cut content from."""
    rng = random.Random(f"lines {dots}")
    letters = bytes(octet for octet in range(32, 256) if octet != 127)
    block, starts = bytearray(), []
    while len(block) < 1 << 19:
        starts.append(len(block))
        if rng.random() < (0.5 if dots else 0.02):
            block += b"." * rng.choice((1, 1, 1, 2, 3))
        if rng.random() < 0.6:
            block += bytes(rng.choices(letters, k=int(2 ** rng.uniform(0, 9))))
        block += b"\r\n"
    return bytes(block), starts


def content(message):
    """As the recipient is to see it."""
    rng = random.Random(f"content {message.session} {message.number}")
    block, starts = _lines(message.dots)
    start = rng.choice(starts[:len(starts) // 2])
    text = f"X-Marker: {message.session} {message.number}\r\n".encode() + block[start:]
    while len(text) < message.size:
        text += block
    text = _cut(text, message.size, lines=not message.chunks or rng.random() < 0.5)
    if message.bare:
        at = rng.randrange(len(text) - len(BARE) - 4)
        text = text[:at] + BARE + text[at + len(BARE):]
    return text


def _cut(text, size, lines):
    """Its first `size` octets, if need be changed at the end: no lone CR, and CR LF if it is to be whole `lines`."""
    end = b"\r\n" if lines and size >= 2 else b""
    text = text[:size - len(end)]
    if text.endswith(b"\r"):
        text = text[:-1] + b"x"
    return text + end


def stuffed(text):
    """As DATA carries it, without the final dot (RFC 5321 §4.5.2)."""
    return (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:]
