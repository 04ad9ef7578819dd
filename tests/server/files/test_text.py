from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.files.text import decode_text, encode_text, text_hash

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=5), max_size=8)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_one_kind_of_line_ending_round_trips_exactly(lines: list[str], newline: str, bom: bool) -> None:
    """Bytes with one kind of line ending come back exactly, with or without a byte order mark."""
    if newline == "\n":
        lines = [line.rstrip("\r") for line in lines]
    data = (b"\xef\xbb\xbf" if bom else b"") + newline.join(lines).encode()
    decoded = decode_text(data)
    assert decoded is not None
    assert not decoded.eol_normalised
    assert encode_text(decoded.text, decoded.eol, bom=decoded.bom) == data


@pytest.mark.parametrize(
    ("data", "text", "eol", "normalised"),
    [
        (b"", "", None, False),
        (b"a\nb\r\nc\n", "a\nb\nc\n", "lf", True),
        (b"a\r\nb\r\nc\n", "a\nb\nc\n", "crlf", True),
        (b"a\rb", "a\rb", None, False),
        (b"a\r\n", "a\n", "crlf", False),
    ],
)
def test_the_majority_of_line_endings_wins(data: bytes, text: str, eol: str, normalised: bool) -> None:
    """Mixed line endings become the more frequent kind, and the result says so."""
    decoded = decode_text(data)
    assert decoded is not None
    assert (decoded.text, decoded.eol, decoded.eol_normalised) == (text, eol, normalised)


@pytest.mark.parametrize("data", [b"\xff\xfea\x00", b"\x89PNG\r\n", b"a\0b", b"\xed\xa0\x80", b"caf\xe9"])
def test_what_is_not_utf8_or_has_a_nul_is_binary(data: bytes) -> None:
    """Bytes that are not text are told apart by their content."""
    assert decode_text(data) is None


def test_the_version_hash_is_that_of_the_lf_text() -> None:
    """A file with CRLF and BOM has the version hash of its plain LF text."""
    decoded = decode_text(b"\xef\xbb\xbfa\r\nb")
    assert decoded is not None
    assert text_hash(decoded.text) == hashlib.sha256(b"a\nb").hexdigest()
