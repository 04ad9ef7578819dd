"""Updates that no honest client sends, each with what it did to an unguarded server (pycrdt 0.14.13).

`update`, `section` and `item` spell the encoding of Yjs updates v1 by hand, with no check at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from crdt_docs.lib0 import var_bytes, var_string, var_uint
from crdt_docs.structs import HAS_KEY, HAS_ORIGIN, HAS_RIGHT_ORIGIN, Id, Ref
from crdt_docs.validation import TypeRef

Parent = str | Id
"""The name of a root or the id of another item."""

ME, OTHER, UNKNOWN = 11, 7, 4040
NULL = b"\x7e"
ONE = b"\x7d\x01"


def update(*sections: bytes, deletes: Mapping[int, Iterable[Id]] | None = None) -> bytes:
    """An update of sections and a delete set of client → (clock, length)."""
    ranges = {client: list(of_client) for client, of_client in (deletes or {}).items()}
    delete_set = b"".join(
        var_uint(client) + var_uint(len(of_client)) + b"".join(var_uint(c) + var_uint(n) for c, n in of_client)
        for client, of_client in ranges.items()
    )
    return var_uint(len(sections)) + b"".join(sections) + var_uint(len(ranges)) + delete_set


def section(client: int, clock: int, *structs: bytes) -> bytes:
    """The structs of one client from `clock` on."""
    return var_uint(len(structs)) + var_uint(client) + var_uint(clock) + b"".join(structs)


def item(
    ref: int,
    content: bytes,
    *,
    origin: Id | None = None,
    right: Id | None = None,
    parent: Parent = "content",
    key: str | None = None,
) -> bytes:
    """One item; its parent is the name of a root or the id of another item."""
    info = ref | HAS_ORIGIN * bool(origin) | HAS_RIGHT_ORIGIN * bool(right) | HAS_KEY * (key is not None)
    head = bytes([info]) + b"".join(
        var_uint(client) + var_uint(clock) for client, clock in filter(None, (origin, right))
    )
    if not origin and not right:
        head += (
            b"\1" + var_string(parent) if isinstance(parent, str) else b"\0" + var_uint(parent[0]) + var_uint(parent[1])
        )
        head += var_string(key) if key is not None else b""
    return head + content


def text(
    value: str,
    *,
    origin: Id | None = None,
    right: Id | None = None,
    parent: Parent = "content",
    key: str | None = None,
) -> bytes:
    return item(Ref.STRING, var_string(value), origin=origin, right=right, parent=parent, key=key)


def anys(*values: bytes, key: str | None = None, parent: Parent = "content") -> bytes:
    """An item of already encoded Any values."""
    return item(Ref.ANY, var_uint(len(values)) + b"".join(values), key=key, parent=parent)


def shared_type(ref: int, *, parent: Parent = "content", key: str | None = None, origin: Id | None = None) -> bytes:
    return item(Ref.TYPE, var_uint(ref), parent=parent, key=key, origin=origin)


def gc(length: int) -> bytes:
    return var_uint(Ref.GC) + var_uint(length)


def skip(length: int) -> bytes:
    return var_uint(Ref.SKIP) + var_uint(length)


def typing(client: int, clock: int, value: str = "x") -> bytes:
    """What an honest client sends that types at the end of what it typed before."""
    return update(section(client, clock, text(value, origin=(client, clock - 1) if clock else None)))


def nested_any(depth: int = 30_000) -> bytes:
    """60 KB that overflow the stack of a recursive decoder: the process dies of SIGSEGV."""
    return update(section(ME, 0, anys(b"\x75\x01" * depth + NULL)))


def nested_types(depth: int = 50_000) -> bytes:
    """Maps in maps, and then the outermost is deleted, recursively: SIGSEGV."""
    inner = [shared_type(TypeRef.MAP, parent=(ME, clock), key="k") for clock in range(depth - 1)]
    return update(section(ME, 0, shared_type(TypeRef.MAP, key="k"), *inner), deletes={ME: [(0, 1)]})


def unmet_dependency() -> list[bytes]:
    """Two messages: structs held back for something unknown, then what they waited for. Both are lost or worse."""
    return [
        update(section(ME, 5, text("abc", origin=(OTHER, 9)), text("d", origin=(ME, 7))), deletes={OTHER: [(3, 2)]}),
        update(section(ME, 0, text("abcde"))),
    ]


def circle() -> bytes:
    """Structs of two clients, each to the right of the other: both wait for ever."""
    return update(section(ME, 0, text("a", origin=(OTHER, 0))), section(OTHER, 0, text("b", origin=(ME, 0))))


def self_reference() -> bytes:
    """A struct that lies to the right of itself."""
    return update(section(ME, 0, text("abc", origin=(ME, 1))))


def repeated_client() -> bytes:
    """One client listed twice: the next edit on the server allocates without end."""
    return update(section(ME, 0, text("abc")), section(ME, 0, text("abc")))


def empty_struct() -> bytes:
    """Structs of no length share a clock with the next."""
    return update(section(ME, 0, text(""), gc(0), text("abc")))


def astral_in_array() -> bytes:
    """An emoji as text in an array: iterating over the array never ends and holds the GIL."""
    return update(section(ME, 0, shared_type(TypeRef.ARRAY), text("😀", parent=(ME, 0))))


def child_of_text() -> bytes:
    """An item inside of a piece of text: the engine stops half way through the update."""
    return update(section(ME, 0, text("abc"), text("d", parent=(ME, 1))))


def child_of_earlier_text() -> list[bytes]:
    """A text, and then an item inside of it: as it is, and with the claim that the text was a type."""
    child = section(OTHER, 0, text("d", parent=(ME, 0)))
    return [
        update(section(ME, 0, text("abc"))),
        update(child),
        update(section(ME, 0, shared_type(TypeRef.MAP)), child),
    ]


def hijack(victim: int, clock: int) -> bytes:
    """Text under the victim's client id: it looks honest, and what the victim types next is taken as known already."""
    return typing(victim, clock, "stolen")


def huge_clock() -> bytes:
    """A clock beyond the 32 bits in which the engine counts, reached by a garbage-collected range of six bytes."""
    return update(section(ME, 0, gc((1 << 32) - 1), gc(5)))


def far_jump() -> bytes:
    """A range that uses up almost all clocks of a client at once."""
    return update(section(ME, 0, gc((1 << 31) - 2)))


def delete_unknown() -> bytes:
    """Deletes of what does not exist wait inside of the engine."""
    return update(deletes={UNKNOWN: [(0, 5)]})


def unsorted_deletes(count: int = 40_000) -> bytes:
    """Delete ranges from back to front take the engine quadratic time: 3 s."""
    return update(section(ME, 0, text("x" * (2 * count))), deletes={ME: [(2 * n, 1) for n in range(count - 1, -1, -1)]})


def varint_bomb(length: int = 200_000) -> bytes:
    """An integer of 200 KB: seconds in a reader without a limit."""
    return b"\xff" * length


def big_count() -> bytes:
    """An array that announces 2^40 values."""
    return update(section(ME, 0, anys(b"\x75" + var_uint(1 << 40))))


def bad_utf8() -> bytes:
    return update(section(ME, 0, item(Ref.STRING, var_bytes(b"a\xff\xfe"))))


def contention(count: int = 20_000) -> bytes:
    """Structs that compete for one place: 180 KB take the engine 40 s."""
    rivals = [text("a", origin=(ME, 0), right=(ME, 1 + n)) for n in range(count)]
    return update(section(ME, 0, text("x" * (count + 2)), *rivals))


def map_sets(count: int = 20_000) -> bytes:
    """Values of one key that do not know of each other: 300 KB take the engine 1.5 s, 1 MB 10 s."""
    return update(section(ME, 0, *(anys(ONE, key="k") for _ in range(count))))


def json_content() -> bytes:
    """Content of a kind that the engine misreads: it takes one value more than there is."""
    return update(section(ME, 0, item(Ref.JSON, var_uint(2) + var_string("1") * 2)))


def xml_hook() -> bytes:
    """A type whose name the engine does not read."""
    return update(section(ME, 0, item(Ref.TYPE, var_uint(TypeRef.XML_HOOK) + var_string("hook"))))


def type_confusion() -> list[bytes]:
    """What a file never contains: values, types, map entries, formats, another root, an item in an item."""
    return [
        update(section(ME, 0, anys(ONE))),
        update(section(ME, 0, shared_type(TypeRef.MAP))),
        update(section(ME, 0, text("v", key="k"))),
        update(section(ME, 0, item(Ref.FORMAT, var_string("bold") + var_string("true")))),
        update(section(ME, 0, item(Ref.EMBED, var_string("{}")))),
        update(section(ME, 0, item(Ref.BINARY, var_bytes(b"\0")))),
        update(section(ME, 0, item(Ref.DOC, var_string("guid") + NULL))),
        update(section(ME, 0, text("abc", parent="elsewhere"))),
        child_of_text(),
    ]


@cache
def refused_everywhere() -> Mapping[str, bytes]:
    """One update of each kind that no document takes from a client, whatever it knows."""
    return {
        "nested any": nested_any(),
        "nested types": nested_types(),
        "circle": circle(),
        "self reference": self_reference(),
        "repeated client": repeated_client(),
        "empty struct": empty_struct(),
        "astral in array": astral_in_array(),
        "child of text": child_of_text(),
        "huge clock": huge_clock(),
        "far jump": far_jump(),
        "delete unknown": delete_unknown(),
        "unmet dependency": unmet_dependency()[0],
        "unsorted deletes": unsorted_deletes(),
        "varint bomb": varint_bomb(),
        "big count": big_count(),
        "bad UTF-8": bad_utf8(),
        "contention": contention(),
        "map sets": map_sets(),
        "JSON content": json_content(),
        "XML hook": xml_hook(),
        "one byte": b"\x01",
        "nothing": b"",
        "trailing byte": typing(ME, 0) + b"\0",
    }


def truncations(honest: bytes) -> list[bytes]:
    """Every beginning of an update but the whole."""
    return [honest[:end] for end in range(len(honest))]


def awareness(client: int, clock: int, state: str) -> bytes:
    """An awareness update of one entry with any text in the place of its JSON."""
    return var_uint(1) + var_uint(client) + var_uint(clock) + var_string(state)


def hostile_awareness() -> dict[str, bytes]:
    """Awareness updates that are refused whole."""
    return {
        "deep": awareness(ME, 1, '{"a":' * 9 + "1" + "}" * 9),
        "recursion": awareness(ME, 1, "[" * 4_000),
        "NaN": awareness(ME, 1, '{"x":NaN}'),
        "infinite": awareness(ME, 1, '{"x":1e999}'),
        "long": awareness(ME, 1, '{"x":"' + "a" * 9_000 + '"}'),
        "list": awareness(ME, 1, "[]"),
        "number": awareness(ME, 1, "1"),
        "not JSON": awareness(ME, 1, "{"),
        "lone surrogate": awareness(ME, 1, '{"x":"\\ud800"}'),
        "huge clock": awareness(ME, 1 << 31, "{}"),
        "many entries": var_uint(1 << 40),
        "varint bomb": b"\xff" * 100_000,
        "trailing byte": awareness(ME, 1, "{}") + b"\0",
        "truncated": awareness(ME, 1, "{}")[:-1],
        "nothing": b"",
    }
