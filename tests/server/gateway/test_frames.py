"""Where frames begin and end, against the frames that websockets makes."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from server.gateway.frames import BINARY_MESSAGE, EVERYTHING, continues, frame_bounds, unmask

BEFORE = b"???"


def masked(body: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> bytes:
    return Frame(opcode, body, fin).serialize(mask=True)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_bounds_of_every_length_field(length: int) -> None:
    """The payload is found behind a length of 7, 16 and 64 bits, wherever the frame stands, and can be read."""
    body = bytes(range(256)) * 256 + b"end"
    body = body[:length]
    data = BEFORE + masked(body) + b"more"
    bounds = frame_bounds(data, len(BEFORE))
    assert bounds is not None
    assert data[len(BEFORE)] == BINARY_MESSAGE
    assert unmask(data, *bounds) == body
    assert data[bounds[1] :] == b"more"


@pytest.mark.parametrize("length", [5, 200, 70_000])
def test_a_head_in_pieces(length: int) -> None:
    """Until the whole head is there, nothing is said; then the end is known before it has arrived."""
    frame = masked(bytes(length))
    head = len(frame) - length
    assert [frame_bounds(frame[:size], 0) for size in range(head)] == [None] * head
    assert frame_bounds(frame[:head], 0) == (head, len(frame))


@pytest.mark.parametrize(
    "frame",
    [Frame(Opcode.BINARY, b"x").serialize(mask=False), masked(b"", Opcode.CLOSE)],
    ids=["unmasked", "close"],
)
def test_what_comes_after_the_end(frame: bytes) -> None:
    """Behind an unmasked frame, or the last one, no frames are looked for."""
    assert frame_bounds(frame + bytes(20), 0) == (EVERYTHING, EVERYTHING)


def test_fragments() -> None:
    """A message is in pieces from its first fragment to its last; pings between them change nothing."""
    frames = [
        masked(b"a", fin=False),
        masked(b"?", Opcode.PING),
        masked(b"b", Opcode.CONT, fin=False),
        masked(b"c", Opcode.CONT),
    ]
    fragmented, seen = False, []
    for frame in frames:
        fragmented = continues(frame[0], fragmented)
        seen.append(fragmented)
    assert seen == [True, True, True, False]
