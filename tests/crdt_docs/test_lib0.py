"""lib0 primitives: what is written is read back, and nothing is read beyond its limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt_docs.errors import MalformedMessage
from crdt_docs.lib0 import MAX_SAFE_INTEGER, Reader, var_bytes, var_string, var_uint


@given(st.integers(0, MAX_SAFE_INTEGER))
def test_integers_survive(value: int) -> None:
    """Every integer of 53 bits is read back as written."""
    reader = Reader(var_uint(value))
    assert reader.var_uint() == value
    assert reader.at_end


@given(st.text(), st.binary())
def test_fields_survive(text: str, data: bytes) -> None:
    """Strings and byte strings are read back in order."""
    reader = Reader(var_string(text) + var_bytes(data))
    assert reader.var_string(10_000) == text
    assert reader.var_bytes(10_000) == data
    reader.end()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "lib0.truncated"),
        (b"\x80", "lib0.truncated"),
        (b"\xff" * 200_000, "lib0.integer"),
        (var_uint(MAX_SAFE_INTEGER + 1), "lib0.integer"),
        (b"\xff" * 7 + b"\x7f", "lib0.integer"),
    ],
)
def test_bad_integers_are_refused(data: bytes, code: str) -> None:
    """An integer that is cut off or too large is refused, at once however long it is."""
    with pytest.raises(MalformedMessage) as caught:
        Reader(data).var_uint()
    assert caught.value.code == code


def test_lengths_are_checked_before_reading() -> None:
    """A length above the limit is refused even when the bytes are there, and one beyond the end as truncated."""
    with pytest.raises(MalformedMessage, match=r"lib0\.too_long"):
        Reader(var_bytes(b"12345")).var_bytes(4)
    with pytest.raises(MalformedMessage, match=r"lib0\.truncated"):
        Reader(b"\x05abc").var_bytes(10)


def test_trailing_bytes_are_refused() -> None:
    """A message that goes on after its end is refused."""
    reader = Reader(b"\x01\x02")
    reader.var_uint()
    with pytest.raises(MalformedMessage, match=r"lib0\.trailing"):
        reader.end()


def test_strings_are_utf8() -> None:
    """A string that is not UTF-8 is refused."""
    with pytest.raises(MalformedMessage, match=r"lib0\.utf8"):
        Reader(b"\x01\xff").var_string(10)
