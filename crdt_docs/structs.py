"""The structs of an update in Yjs' encoding v1, walked without building anything and without recursion.

This walker keeps where each struct begins and ends, to cut states into chunks and to show them as JSON. The gate in
`crdt_docs.validation` has one of its own, on the path of every keystroke: it checks while it reads and keeps next to
nothing. To walk an update with this one alone takes as long as the whole gate does.

Layout, from Yjs: readClientsStructRefs in src/utils/encoding.js, Item.write in src/structs/Item.js, the content classes
in src/structs/Content*.js; values of type Any from lib0/decoding.js. An update is its client sections, each a run of
structs of one client by rising clock, and then the delete set. A clock counts UTF-16 code units or elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from crdt_docs.errors import InvalidUpdate, MalformedMessage
from crdt_docs.lib0 import Reader, var_uint
from crdt_docs.text_index import utf16_length

Id = tuple[int, int]
"""A client id and a clock."""

DeleteSet = dict[int, list[tuple[int, int]]]
"""Client id to its deleted (clock, length) ranges."""


class Ref(IntEnum):
    """What a struct holds: the low five bits of its info byte."""

    GC = 0
    DELETED = 1
    JSON = 2
    BINARY = 3
    STRING = 4
    EMBED = 5
    FORMAT = 6
    TYPE = 7
    ANY = 8
    DOC = 9
    SKIP = 10


REF_BITS = 0x1F
HAS_KEY = 0x20
HAS_RIGHT_ORIGIN = 0x40
HAS_ORIGIN = 0x80

XML_ELEMENT, XML_HOOK, LAST_TYPE = 3, 5, 6
"""Of Yjs' shared types, numbered as in ContentType.js, the two that carry a name, and the last one."""


@dataclass(slots=True)
class Struct:
    """One struct; `data[start:end]` of its update is its encoding, `content` where its content begins.

    An item with an origin or a right origin takes its parent from there; else `root` or `parent` says it.
    """

    clock: int
    start: int
    ref: int
    origin: Id | None = None
    right_origin: Id | None = None
    parent: Id | None = None
    root: str | None = None
    key: str | None = None
    content: int = 0
    length: int = 0
    end: int = 0


Sections = dict[int, list[Struct]]
"""Client id to its structs by rising clock."""


def read_update(update: bytes) -> tuple[Sections, DeleteSet]:
    """Everything that an update says; raises `InvalidUpdate` for one that is cut short or malformed."""
    reader = Reader(update)
    try:
        sections: Sections = {}
        for _ in range(reader.var_uint()):
            count, client, clock = reader.var_uint(), reader.var_uint(), reader.var_uint()
            if client in sections:
                raise InvalidUpdate("update.client_repeated", f"Client {client} has two sections.")
            sections[client] = _read_section(reader, clock, count)
        deletes = read_delete_set(reader)
        reader.end()
    except MalformedMessage as error:
        raise InvalidUpdate("update.malformed", error.detail) from None
    except IndexError:
        raise InvalidUpdate("update.truncated", "The update ends inside of a struct.") from None
    return sections, deletes


def _read_section(reader: Reader, clock: int, count: int) -> list[Struct]:
    structs = []
    for _ in range(count):
        struct = _read_struct(reader, clock)
        clock += struct.length
        structs.append(struct)
    return structs


def _read_struct(reader: Reader, clock: int) -> Struct:
    info = reader.data[reader.pos]
    struct = Struct(clock, reader.pos, info & REF_BITS)
    reader.pos += 1
    if struct.ref in (Ref.GC, Ref.SKIP):
        struct.length = reader.var_uint()
    else:
        if info & HAS_ORIGIN:
            struct.origin = reader.var_uint(), reader.var_uint()
        if info & HAS_RIGHT_ORIGIN:
            struct.right_origin = reader.var_uint(), reader.var_uint()
        if not info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
            _read_parent(reader, struct, bool(info & HAS_KEY))
        struct.content = reader.pos
        struct.length = skip_content(reader, struct.ref)
    struct.end = reader.pos
    return struct


def _read_parent(reader: Reader, struct: Struct, has_key: bool) -> None:
    if reader.var_uint() == 1:
        struct.root = reader.var_string(len(reader.data))
    else:
        struct.parent = reader.var_uint(), reader.var_uint()
    if has_key:
        struct.key = reader.var_string(len(reader.data))


def skip_content(reader: Reader, ref: int) -> int:
    """Moves past an item's content and returns its length in clock units."""
    if ref == Ref.STRING:
        return utf16_length(reader.var_string(len(reader.data)))
    if ref == Ref.DELETED:
        return reader.var_uint()
    if ref in (Ref.JSON, Ref.ANY):
        length, skip = reader.var_uint(), skip_any if ref == Ref.ANY else skip_bytes
        for _ in range(length):
            skip(reader)
        return length
    if ref == Ref.TYPE:
        _skip_type(reader)
    elif ref in (Ref.BINARY, Ref.EMBED):
        skip_bytes(reader)
    elif ref == Ref.FORMAT:
        skip_bytes(reader)
        skip_bytes(reader)
    elif ref == Ref.DOC:
        skip_bytes(reader)
        skip_any(reader)
    else:
        raise InvalidUpdate("update.content", f"Content of kind {ref} is unknown.")
    return 1


def skip_bytes(reader: Reader) -> None:
    """Moves past a byte string or string."""
    length = reader.var_uint()
    reader.pos += length
    if reader.pos > len(reader.data):
        raise InvalidUpdate("update.truncated", "The update ends inside of a field.")


def _skip_type(reader: Reader) -> None:
    kind = reader.var_uint()
    if kind > LAST_TYPE:
        raise InvalidUpdate("update.type", f"The shared type {kind} is unknown.")
    if kind in (XML_ELEMENT, XML_HOOK):
        skip_bytes(reader)


ANY_BIGINT, ANY_FLOAT64, ANY_FLOAT32, ANY_INTEGER = 122, 123, 124, 125
ANY_BYTES, ANY_ARRAY, ANY_OBJECT, ANY_STRING = 116, 117, 118, 119
ANY_FIXED = {127: 0, 126: 0, 121: 0, 120: 0, ANY_FLOAT32: 4, ANY_FLOAT64: 8, ANY_BIGINT: 8}
"""Bytes after the tag of values of fixed size; undefined, null, false and true have none."""


def skip_any(reader: Reader) -> None:
    """Moves past one value of type Any, however deep."""
    open_containers = [(1, False)]  # values still to come, whether each has a key before it
    while open_containers:
        left, keyed = open_containers.pop()
        if left == 0:
            continue
        open_containers.append((left - 1, keyed))
        if keyed:
            skip_bytes(reader)
        tag = reader.data[reader.pos]
        reader.pos += 1
        if tag in ANY_FIXED:
            reader.pos += ANY_FIXED[tag]
        elif tag in (ANY_STRING, ANY_BYTES):
            skip_bytes(reader)
        elif tag == ANY_INTEGER:
            _skip_var_int(reader)
        elif tag in (ANY_ARRAY, ANY_OBJECT):
            open_containers.append((reader.var_uint(), tag == ANY_OBJECT))
        else:
            raise InvalidUpdate("update.any", f"A value has the unknown tag {tag}.")


def _skip_var_int(reader: Reader) -> None:
    while reader.data[reader.pos] & 0x80:
        reader.pos += 1
    reader.pos += 1


def read_delete_set(reader: Reader) -> DeleteSet:
    """A delete set as it stands: clients and ranges in the order of the encoding, not merged."""
    deletes: DeleteSet = {}
    for _ in range(reader.var_uint()):
        client = reader.var_uint()
        ranges = deletes.setdefault(client, [])
        ranges.extend((reader.var_uint(), reader.var_uint()) for _ in range(reader.var_uint()))
    return deletes


def encode_delete_set(deletes: DeleteSet) -> bytes:
    """The inverse of `read_delete_set`."""
    out = bytearray(var_uint(len(deletes)))
    for client, ranges in deletes.items():
        out += var_uint(client) + var_uint(len(ranges))
        for clock, length in ranges:
            out += var_uint(clock) + var_uint(length)
    return bytes(out)


def causal_order(sections: Sections) -> Iterator[tuple[int, Struct]]:
    """The structs, each after everything it builds on, so that every prefix can be applied on its own.

    Follows integrateStructs of Yjs: highest client first; a struct that builds on one of another client waits until
    that client's section has come so far. What no section holds is taken as known to the reader already. Raises
    `InvalidUpdate` when structs wait for each other.
    """
    rest = {client: structs[::-1] for client, structs in sections.items() if structs}
    reached = {client: structs[-1].clock for client, structs in rest.items()}
    for first in sorted(rest, reverse=True):
        waiting = [first]
        while waiting:
            client = waiting[-1]
            if not rest[client]:
                waiting.pop()
                continue
            struct = rest[client][-1]
            blocker = _blocker(client, struct, reached)
            if blocker is None or not rest.get(blocker):
                yield client, rest[client].pop()
                reached[client] = struct.clock + struct.length
                if len(waiting) > 1:
                    waiting.pop()
            elif blocker in waiting:
                raise InvalidUpdate("update.cycle", "Structs of the update build on each other in a circle.")
            else:
                waiting.append(blocker)


def _blocker(client: int, struct: Struct, reached: dict[int, int]) -> int | None:
    """Another client whose section must come further before `struct` can be applied."""
    for dependency in (struct.origin, struct.right_origin, struct.parent):
        if dependency is not None and dependency[0] != client and dependency[1] >= reached.get(dependency[0], 0):
            return dependency[0]
    return None
