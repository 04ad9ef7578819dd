"""Positions in a text, counted three ways, converted in this one place.

Python counts code points, JavaScript and Yjs clocks count UTF-16 code units, pycrdt's `Text` counts UTF-8 bytes.
pycrdt does not check: an index inside a character appends at the end of the text or panics. So positions are held as
code points, which every text can be cut at, and converted at the edge.
"""

from __future__ import annotations

from crdt_docs.errors import CrdtError


class InvalidText(CrdtError):
    """The text or the position in it cannot be used."""


def utf8_length(text: str) -> int:
    """Length in UTF-8 bytes; raises `InvalidText` for a lone surrogate, which UTF-8 cannot hold."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        detail = f"Character {error.start} is half of a surrogate pair (U+{ord(text[error.start]):04X}); send the pair."
        raise InvalidText("text.lone_surrogate", detail) from None


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, JavaScript's `text.length`; a lone surrogate counts one, as there."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def to_utf8(text: str, index: int) -> int:
    """The UTF-8 byte offset of the code point `index`."""
    _check(index, len(text))
    return utf8_length(text[:index])


def to_utf16(text: str, index: int) -> int:
    """The UTF-16 offset of the code point `index`."""
    _check(index, len(text))
    return utf16_length(text[:index])


def from_utf8(text: str, offset: int) -> int:
    """The code point at UTF-8 byte `offset`; raises `InvalidText` inside a character."""
    _check(offset, utf8_length(text))
    return _decoded_length(text.encode()[:offset], "utf-8", offset)


def from_utf16(text: str, offset: int) -> int:
    """The code point at UTF-16 `offset`; raises `InvalidText` inside a surrogate pair."""
    _check(offset, utf16_length(text))
    return _decoded_length(text.encode("utf-16-le")[: 2 * offset], "utf-16-le", offset)


def _check(index: int, length: int) -> None:
    if not 0 <= index <= length:
        raise InvalidText("text.position", f"Position {index} is outside of a text of length {length}.")


def _decoded_length(head: bytes, encoding: str, offset: int) -> int:
    try:
        return len(head.decode(encoding))
    except UnicodeDecodeError:
        raise InvalidText("text.inside_character", f"Position {offset} is inside a character.") from None
