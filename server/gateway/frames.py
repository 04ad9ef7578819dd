"""Where the frames of a client begin and end (RFC 6455, section 5.2).

Only whole binary messages are read here, which is nearly all that clients send. Everything else (pings, fragments, the
end, and whatever is malformed) is for the state machine of websockets: it gets such a frame unread, and judges it.
"""

from __future__ import annotations

import sys

from websockets.frames import CTRL_OPCODES, Opcode
from websockets.speedups import apply_mask

BINARY_MESSAGE = 0x82
"""The first byte of a binary message in one frame: final, no extension."""

EVERYTHING = sys.maxsize
"""More bytes than ever come: no frame is recognised in what follows."""

_FINAL, _OPCODE = 0x80, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_LENGTH_OF_16_BITS = 126
_MASK_BYTES = 4


def frame_bounds(data: bytes, pos: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `pos` begins and ends; None when its head has not arrived.

    After an unmasked frame, or the frame that ends the connection, comes `EVERYTHING`.
    """
    if len(data) < pos + 2:
        return None
    length = data[pos + 1] & _LENGTH
    start = pos + 2
    if length >= _LENGTH_OF_16_BITS:
        start += 2 if length == _LENGTH_OF_16_BITS else 8
        length = int.from_bytes(data[pos + 2 : start])
    start += _MASK_BYTES
    if not data[pos + 1] & _MASKED or data[pos] & _OPCODE == Opcode.CLOSE:
        return EVERYTHING, EVERYTHING
    return (start, start + length) if len(data) >= start else None


def unmask(data: bytes, start: int, end: int) -> bytes:
    """The payload between `start` and `end`; its mask stands before it."""
    return apply_mask(data[start:end], data[start - _MASK_BYTES : start])


def continues(first: int, fragmented: bool) -> bool:
    """Whether a message is in pieces after a frame with this first byte, and was it before?"""
    opcode = first & _OPCODE
    return fragmented if opcode in CTRL_OPCODES else not first & _FINAL
