"""The update that a keystroke makes, which is nearly every update: recognised at a glance."""

from __future__ import annotations

from collections.abc import Mapping

from crdt_docs.errors import InvalidUpdate
from crdt_docs.structs import HAS_ORIGIN, HAS_RIGHT_ORIGIN, Ref
from crdt_docs.validation.primitives import read_uint
from crdt_docs.validation.rules import MAX_CLOCK, Rules

ONE_STRUCT_OF_ONE_CLIENT = b"\x01\x01"
NO_DELETES = b"\x00"
MAX_TEXT_BYTES = 0x7F
_TEXT_BETWEEN_NEIGHBOURS = frozenset(
    Ref.STRING | flags for flags in (HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_ORIGIN | HAS_RIGHT_ORIGIN)
)


def read_keystroke(update: bytes, known: Mapping[int, int], rules: Rules) -> tuple[int, int, int] | None:
    """The span of an update that only puts a few ASCII characters beside something known: (client, first, end clock).

    None says nothing against the update: it has to be read in full. A document with surrogate pairs is none to ask
    about, since the neighbours could cut one in half.
    """
    if not update.startswith(ONE_STRUCT_OF_ONE_CLIENT) or not update.endswith(NO_DELETES):
        return None
    try:
        client, pos = read_uint(update, 2)
        id_bytes = update[2:pos]
        clock, pos = read_uint(update, pos)
        info = update[pos]
        if clock != known.get(client, 0) or info not in _TEXT_BETWEEN_NEIGHBOURS or info not in rules.infos:
            return None
        pos += 1
        if info & HAS_ORIGIN:
            pos = _after_known_id(update, pos, id_bytes, clock, known)
        if info & HAS_RIGHT_ORIGIN:
            pos = _after_known_id(update, pos, id_bytes, clock, known)
        length = update[pos]
    except (IndexError, InvalidUpdate):
        return None
    text = update[pos + 1 : -1]
    end = clock + length
    if length != len(text) or not 0 < length <= MAX_TEXT_BYTES or end > MAX_CLOCK or not text.isascii():
        return None
    return client, clock, end


def _after_known_id(update: bytes, pos: int, id_bytes: bytes, at: int, known: Mapping[int, int]) -> int:
    """The position after an id of what is in the document already; raises `IndexError` when it is not."""
    if update.startswith(id_bytes, pos):
        clock, pos = read_uint(update, pos + len(id_bytes))
        if clock < at:
            return pos
    else:
        on, pos = read_uint(update, pos)
        clock, pos = read_uint(update, pos)
        if clock < known.get(on, 0):
            return pos
    raise IndexError
