"""lib0's variable-length encoding, read with limits: https://github.com/dmonad/lib0 (encoding.js, decoding.js).

A reader never allocates before it has checked a length, and refuses integers above 2^53 - 1.
"""

from __future__ import annotations

from crdt_docs.errors import MalformedMessage

MAX_SAFE_INTEGER = (1 << 53) - 1


class Reader:
    """Reads lib0 primitives from `data`, front to back; raises `MalformedMessage`."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes, pos: int = 0) -> None:
        self.data = data
        self.pos = pos

    @property
    def at_end(self) -> bool:
        return self.pos >= len(self.data)

    def var_uint(self) -> int:
        """An unsigned integer of at most 53 bits: 7 bits per byte, little-endian, high bit = more."""
        data, pos = self.data, self.pos
        value = shift = 0
        try:
            while True:
                byte = data[pos]
                pos += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 49:
                    raise MalformedMessage("lib0.integer", "An integer has more than 53 bits.")
        except IndexError:
            raise MalformedMessage("lib0.truncated", "The message ends inside an integer.") from None
        if value > MAX_SAFE_INTEGER:
            raise MalformedMessage("lib0.integer", "An integer has more than 53 bits.")
        self.pos = pos
        return value

    def var_bytes(self, limit: int) -> bytes:
        """A byte string with its length before it, of at most `limit` bytes."""
        length = self.var_uint()
        if length > limit:
            raise MalformedMessage("lib0.too_long", f"A field has {length} bytes; {limit} are allowed.")
        end = self.pos + length
        if end > len(self.data):
            raise MalformedMessage("lib0.truncated", "The message ends inside a field.")
        field = self.data[self.pos : end]
        self.pos = end
        return field

    def var_string(self, limit: int) -> str:
        """A UTF-8 string of at most `limit` bytes."""
        try:
            return self.var_bytes(limit).decode()
        except UnicodeDecodeError:
            raise MalformedMessage("lib0.utf8", "A string is not valid UTF-8.") from None

    def end(self) -> None:
        """Raises unless everything has been read."""
        if not self.at_end:
            raise MalformedMessage("lib0.trailing", "The message goes on after its end.")


def var_uint(value: int) -> bytes:
    """Encodes an unsigned integer."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def var_bytes(field: bytes) -> bytes:
    """Encodes a byte string with its length before it."""
    return var_uint(len(field)) + field


def var_string(text: str) -> bytes:
    """Encodes a string as UTF-8 with its length in bytes before it."""
    return var_bytes(text.encode())
