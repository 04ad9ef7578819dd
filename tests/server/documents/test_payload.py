"""Tests of `server.documents.payload`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.documents import payload


@given(st.lists(st.binary(max_size=300)))
def test_updates_come_back(updates: list[bytes]) -> None:
    """Any updates, empty ones too, in the same order."""
    packed = payload.encode(updates)
    assert payload.decode(packed, len(updates), payload.checksum(packed)) == tuple(updates)


@given(st.lists(st.binary(max_size=30), min_size=1), st.data())
def test_a_flipped_bit_is_noticed(updates: list[bytes], data: st.DataObject) -> None:
    """The checksum finds every single-bit fault."""
    packed = bytearray(payload.encode(updates))
    checksum = payload.checksum(bytes(packed))
    bit = data.draw(st.integers(0, len(packed) * 8 - 1))
    packed[bit // 8] ^= 1 << bit % 8
    assert payload.decode(bytes(packed), len(updates), checksum) is None


@pytest.mark.parametrize(
    ("packed", "count"), [(b"\x05abc", 1), (b"\x03abc", 2), (b"\x03abc\x00", 1), (b"\xff" * 20, 1)]
)
def test_a_row_that_cannot_be_framed_is_damaged(packed: bytes, count: int) -> None:
    """With a matching checksum too: truncated, too few, too many, nonsense."""
    assert payload.decode(packed, count, payload.checksum(packed)) is None
