"""Cutting a large update into small ones that are applied one after the other.

A newcomer to a 50 MB document must hear from the server again and again while it loads, or it takes the server for
dead. Each chunk is a valid update that builds only on the chunks before it, so nothing is ever pending in the client:

1. take the structs in causal order; 2. cut what is larger than the limit; 3. fill chunks; 4. end with the delete set.
"""

from __future__ import annotations

from collections.abc import Iterator

from crdt_docs.lib0 import Reader, var_uint
from crdt_docs.structs import (
    HAS_ORIGIN,
    HAS_RIGHT_ORIGIN,
    DeleteSet,
    Id,
    Ref,
    Struct,
    causal_order,
    encode_delete_set,
    read_update,
    skip_any,
)
from crdt_docs.text_index import utf16_length

NO_DELETES = b"\x00"
SECTION_OVERHEAD = 32
"""Most bytes that a section's head, or a cut item's head, takes: four integers of at most eight bytes."""


def split_update(update: bytes, limit: int = 512 * 1024) -> list[bytes]:
    """Cuts `update` into updates of at most `limit` bytes, to be applied in order; together they equal it.

    Long strings and long runs of values are cut, a string never inside of a surrogate pair. One value that cannot be
    cut (a binary, one element of an array) stays whole, alone in a chunk above the limit. Deletes come last, so a
    reader that stops early sees too much rather than too little. Raises `InvalidUpdate` for what is not an update.
    """
    if len(update) <= limit:
        return [update]
    sections, deletes = read_update(update)
    chunks, chunk = [], _Chunk()
    for client, struct in causal_order(sections):
        for clock, piece in _pieces(update, client, struct, limit - 2 * SECTION_OVERHEAD):
            if chunk.size + len(piece) + SECTION_OVERHEAD > limit and chunk.sections:
                chunks.append(chunk.encode())
                chunk = _Chunk()
            chunk.add(client, clock, piece)
    if chunk.sections:
        chunks.append(chunk.encode())
    chunks += (b"\x00" + encode_delete_set(part) for part in _delete_sets(deletes, limit - 2 * SECTION_OVERHEAD))
    return chunks


class _Chunk:
    """An update being filled: for each client its first clock and its structs' encodings, by rising clock."""

    def __init__(self) -> None:
        self.sections: dict[int, tuple[int, list[bytes]]] = {}
        self.size = SECTION_OVERHEAD

    def add(self, client: int, clock: int, piece: bytes) -> None:
        if client not in self.sections:
            self.sections[client] = clock, []
            self.size += SECTION_OVERHEAD
        self.sections[client][1].append(piece)
        self.size += len(piece)

    def encode(self) -> bytes:
        """Higher clients first, as Yjs writes them."""
        parts = [var_uint(len(self.sections))]
        for client, (clock, pieces) in sorted(self.sections.items(), reverse=True):
            parts += var_uint(len(pieces)), var_uint(client), var_uint(clock), *pieces
        return b"".join((*parts, NO_DELETES))


def _pieces(update: bytes, client: int, struct: Struct, limit: int) -> Iterator[tuple[int, bytes]]:
    """The struct whole, or cut into items of at most `limit` bytes, each with its clock."""
    if struct.end - struct.start <= limit or struct.ref not in (Ref.STRING, Ref.ANY):
        yield struct.clock, update[struct.start : struct.end]
        return
    clock, head = struct.clock, update[struct.start : struct.content]
    cut = _cut_string if struct.ref == Ref.STRING else _cut_values
    for length, content in cut(update, struct, limit - len(head)):
        yield clock, head + content
        clock += length
        head = _continuation_head(struct, (client, clock - 1))


def _continuation_head(struct: Struct, origin: Id) -> bytes:
    """The head of an item's later part, as Item.write in Yjs does at an offset: it follows its own first part."""
    info = struct.ref | HAS_ORIGIN
    head = var_uint(origin[0]) + var_uint(origin[1])
    if struct.right_origin is not None:
        info |= HAS_RIGHT_ORIGIN
        head += var_uint(struct.right_origin[0]) + var_uint(struct.right_origin[1])
    return bytes((info,)) + head


def _cut_string(update: bytes, struct: Struct, limit: int) -> Iterator[tuple[int, bytes]]:
    """String contents of at most `limit` bytes with their lengths in clock units, cut between characters."""
    reader = Reader(update, struct.content)
    reader.var_uint()
    start = reader.pos
    while start < struct.end:
        stop = min(start + limit, struct.end)
        while stop < struct.end and update[stop] & 0xC0 == 0x80:
            stop -= 1
        text = update[start:stop]
        yield utf16_length(text.decode()), var_uint(len(text)) + text
        start = stop


def _cut_values(update: bytes, struct: Struct, limit: int) -> Iterator[tuple[int, bytes]]:
    """Contents of one or more whole values, of at most `limit` bytes where there is more than one."""
    reader = Reader(update, struct.content)
    reader.var_uint()
    count, start = 0, reader.pos
    while reader.pos < struct.end:
        before = reader.pos
        skip_any(reader)
        if count and reader.pos - start > limit:
            yield count, var_uint(count) + update[start:before]
            count, start = 0, before
        count += 1
    yield count, var_uint(count) + update[start : struct.end]


def _delete_sets(deletes: DeleteSet, limit: int) -> Iterator[DeleteSet]:
    """The delete set in parts that encode to at most `limit` bytes; none when nothing was deleted."""
    part: DeleteSet = {}
    size = 0
    for client, ranges in deletes.items():
        for span in ranges:
            if size > limit:
                yield part
                part, size = {}, 0
            size += _range_size(part, client, span)
            part.setdefault(client, []).append(span)
    if part:
        yield part


def _range_size(part: DeleteSet, client: int, span: tuple[int, int]) -> int:
    """Bytes that one more range takes, with a head when it is its client's first."""
    head = 0 if client in part else SECTION_OVERHEAD
    return head + len(var_uint(span[0])) + len(var_uint(span[1]))
