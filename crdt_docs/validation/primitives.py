"""lib0's primitives as functions of a position: twice as fast as a reader object, which counts in the sync hot path.

Each takes the data and a position and returns what it read and the position after it. The end of the data shows as
`IndexError`, bad UTF-8 as `UnicodeDecodeError`: `check_update` and `delete_set` turn both into `InvalidUpdate`.
"""

from __future__ import annotations

from crdt_docs.errors import InvalidUpdate
from crdt_docs.lib0 import MAX_SAFE_INTEGER
from crdt_docs.validation.rules import MAX_KEY_BYTES


def read_uint(data: bytes, pos: int) -> tuple[int, int]:
    """An unsigned integer of at most 53 bits."""
    byte = data[pos]
    if byte < 0x80:
        return byte, pos + 1
    value = byte & 0x7F
    for shift in (7, 14, 21, 28, 35, 42, 49):
        pos += 1
        byte = data[pos]
        if byte < 0x80:
            value |= byte << shift
            if value > MAX_SAFE_INTEGER:
                break
            return value, pos + 1
        value |= (byte & 0x7F) << shift
    raise InvalidUpdate("update.integer", "An integer has more than 53 bits.")


def skip(data: bytes, pos: int, length: int) -> int:
    """The position `length` bytes on."""
    end = pos + length
    if end > len(data):
        raise IndexError
    return end


def read_field(data: bytes, pos: int) -> tuple[bytes, int]:
    """A byte string with its length before it."""
    length = data[pos]
    if length < 0x80:  # mostly; a call costs as much as all the rest
        pos += 1
    else:
        length, pos = read_uint(data, pos)
    end = pos + length
    if end > len(data):
        raise IndexError
    return data[pos:end], end


def read_key(data: bytes, pos: int) -> tuple[bytes, int]:
    """A name or key: UTF-8 of at most `MAX_KEY_BYTES`."""
    key, pos = read_field(data, pos)
    if len(key) > MAX_KEY_BYTES:
        raise InvalidUpdate("update.key_too_long", f"A key has {len(key)} bytes; {MAX_KEY_BYTES} are allowed.")
    if not key.isascii():
        key.decode()
    return key, pos


def malformed(error: IndexError | UnicodeDecodeError) -> InvalidUpdate:
    """What the errors that the functions above raise mean."""
    if isinstance(error, IndexError):
        return InvalidUpdate("update.truncated", "The update ends inside a field.")
    return InvalidUpdate("update.utf8", "A string in the update is not valid UTF-8.")
