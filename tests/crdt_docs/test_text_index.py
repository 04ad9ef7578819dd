"""Lengths of a text in UTF-8 and UTF-16."""

from __future__ import annotations

import pytest

from crdt_docs.text_index import InvalidText, utf8_length, utf16_length

TEXT = "aé漢😀z"


def test_lengths() -> None:
    """Lengths are counted in bytes and in code units; half a pair counts one unit, as in JavaScript."""
    assert (utf8_length(TEXT), utf16_length(TEXT), utf16_length("\ud83d")) == (11, 6, 1)


def test_lone_surrogates_are_refused() -> None:
    """Half of a surrogate pair has no UTF-8; the error says where it is."""
    with pytest.raises(InvalidText, match=r"Character 1 is half of a surrogate pair \(U\+D83D\)"):
        utf8_length("a\ud83d")
