"""Lengths of a text, counted three ways.

Python counts code points, JavaScript and Yjs clocks count UTF-16 code units, pycrdt's `Text` counts UTF-8 bytes.
pycrdt does not check: an index inside a character appends at the end of the text or panics. So positions are held as
code points, which every text can be cut at, and converted at the edge, by the length of what lies before them.
"""

from __future__ import annotations

from crdt_docs.errors import CrdtError


class InvalidText(CrdtError):
    """The text cannot be used."""


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
