"""Positions in a text, converted between code points, UTF-8 and UTF-16."""

from __future__ import annotations

import pytest

from crdt_docs.text_index import (
    InvalidText,
    from_utf8,
    from_utf16,
    to_utf8,
    to_utf16,
    utf8_length,
    utf16_length,
)

TEXT = "aé漢😀z"


def test_positions_round_trip() -> None:
    """Every code point position converts to the offset that its encoding has, and back."""
    utf8, utf16 = [0, 1, 3, 6, 10, 11], [0, 1, 2, 3, 5, 6]
    assert [to_utf8(TEXT, i) for i in range(6)] == utf8
    assert [to_utf16(TEXT, i) for i in range(6)] == utf16
    assert [from_utf8(TEXT, offset) for offset in utf8] == list(range(6))
    assert [from_utf16(TEXT, offset) for offset in utf16] == list(range(6))


def test_lengths() -> None:
    """Lengths are counted in bytes and in code units; half a pair counts one unit, as in JavaScript."""
    assert (utf8_length(TEXT), utf16_length(TEXT), utf16_length("\ud83d")) == (11, 6, 1)


def test_offsets_inside_a_character_are_refused() -> None:
    """An offset that would cut a character is an error, never rounded."""
    for offset in (2, 4, 5, 7, 8, 9):
        with pytest.raises(InvalidText, match="inside a character"):
            from_utf8(TEXT, offset)
    with pytest.raises(InvalidText, match="inside a character"):
        from_utf16(TEXT, 4)


@pytest.mark.parametrize("convert", [to_utf8, to_utf16, from_utf8, from_utf16])
def test_offsets_outside_of_the_text_are_refused(convert) -> None:
    """An offset before the start or after the end is an error."""
    for offset in (-1, 12):
        with pytest.raises(InvalidText, match="outside"):
            convert(TEXT, offset)


def test_lone_surrogates_are_refused() -> None:
    """Half of a surrogate pair has no UTF-8; the error says where it is."""
    with pytest.raises(InvalidText, match=r"Character 1 is half of a surrogate pair \(U\+D83D\)"):
        utf8_length("a\ud83d")
