"""The bytes of a log row: its updates one after the other, each with its length before it (lib0 `varUint8Array`)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from crdt_docs.errors import MalformedMessage
from crdt_docs.lib0 import Reader, var_bytes

checksum = zlib.crc32


def encode(updates: Sequence[bytes]) -> bytes:
    """Frames `updates`, oldest first."""
    return b"".join(map(var_bytes, updates))


def decode(payload: bytes, count: int, stored_checksum: int) -> tuple[bytes, ...] | None:
    """The updates of a row, or None when the row is not what was written."""
    if checksum(payload) != stored_checksum:
        return None
    reader = Reader(payload)
    try:
        updates = tuple(reader.var_bytes(len(payload)) for _ in range(count))
        reader.end()
    except MalformedMessage:
        return None
    return updates
