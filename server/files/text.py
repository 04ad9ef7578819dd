"""Text files as bytes and back: UTF-8, line endings and the byte order mark."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

Eol = Literal["lf", "crlf"]
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text as a document holds it (LF only), and what its bytes add to that."""

    text: str
    eol: Eol | None
    """None when the text is one line: it has no ending."""
    bom: bool
    eol_normalised: bool
    """The bytes had both line endings: the rarer kind became the other one."""


def decode_text(data: bytes) -> DecodedText | None:
    """Decodes a text file, or None when the bytes are not text: not UTF-8, or with a NUL as in git.

    A carriage return that no line feed follows is a character of its own and is kept.
    """
    bom = data.startswith(BOM)
    if b"\0" in data:
        return None
    try:
        raw = data.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        return None
    crlf = raw.count("\r\n")
    lf = raw.count("\n") - crlf
    eol: Eol | None = "crlf" if crlf > lf else "lf" if lf else None
    return DecodedText(raw.replace("\r\n", "\n"), eol, bom, eol_normalised=crlf > 0 and lf > 0)


def encode_text(text: str, eol: Eol | None, *, bom: bool) -> bytes:
    """The inverse of `decode_text`, exact unless line endings were mixed."""
    data = (text.replace("\n", "\r\n") if eol == "crlf" else text).encode()
    return BOM + data if bom else data


def text_hash(text: str) -> str:
    """The version hash of a text: the SHA-256 of its LF form, in hex."""
    return sha256(text.encode()).hexdigest()
