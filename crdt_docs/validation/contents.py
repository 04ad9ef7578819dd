"""Reads what items contain; nothing is built, everything is checked.

Each reader takes the data and a position, and returns the content's length in clock units and the
position after it (Yjs: structs/Content*.js).
"""

from __future__ import annotations

from collections.abc import Callable

from crdt_docs.errors import InvalidUpdate
from crdt_docs.strict_json import parse_json
from crdt_docs.structs import Ref
from crdt_docs.validation.primitives import read_field, read_key, read_uint, skip
from crdt_docs.validation.rules import MAX_DEPTH, TypeRef

ContentReader = Callable[[bytes, int], tuple[int, int]]

_NAMED_TYPES = frozenset(map(int, (TypeRef.XML_ELEMENT, TypeRef.XML_HOOK)))
_ANY_STRING, _ANY_BYTES, _ANY_INTEGER, _ANY_MAP, _ANY_ARRAY = 119, 116, 125, 118, 117
_ANY_FIXED_SIZES = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
_MAX_ANY_INTEGER_BYTES = 8  # 6 + 7 x 7 bits: JavaScript's safe integers with their sign


def read_string(data: bytes, pos: int) -> tuple[int, int]:
    """Text; its length is counted in UTF-16 code units, as JavaScript does."""
    text, pos = read_field(data, pos)
    if text.isascii():
        return len(text), pos
    return len(text.decode().encode("utf-16-le")) // 2, pos


def read_deleted(data: bytes, pos: int) -> tuple[int, int]:
    return read_uint(data, pos)


def read_binary(data: bytes, pos: int) -> tuple[int, int]:
    _, pos = read_field(data, pos)
    return 1, pos


def read_embed(data: bytes, pos: int) -> tuple[int, int]:
    value, pos = read_field(data, pos)
    try:
        parse_json(value, MAX_DEPTH)
    except ValueError as error:
        raise InvalidUpdate(
            "update.json", f"An embed or a format has JSON that not every peer reads: {error}"
        ) from None
    return 1, pos


def read_format(data: bytes, pos: int) -> tuple[int, int]:
    _, pos = read_key(data, pos)
    return read_embed(data, pos)


def read_type(data: bytes, pos: int) -> tuple[int, int]:
    ref, pos = read_uint(data, pos)
    if ref in _NAMED_TYPES:
        _, pos = read_key(data, pos)
    return 1, pos


def read_anys(data: bytes, pos: int) -> tuple[int, int]:
    length, pos = read_uint(data, pos)
    return length, skip_anys(data, pos, length)


def read_doc(data: bytes, pos: int) -> tuple[int, int]:
    _, pos = read_key(data, pos)
    return 1, skip_anys(data, pos, 1)


def skip_anys(data: bytes, pos: int, count: int) -> int:
    """The position after `count` values in lib0's Any encoding (lib0/encoding.js, `writeAny`)."""
    open_containers: list[tuple[int, bool]] = []  # how many values are left in each, and whether it has keys
    left, keyed = count, False
    while True:
        while left == 0:
            if not open_containers:
                return pos
            left, keyed = open_containers.pop()
        left -= 1
        if keyed:
            _, pos = read_key(data, pos)
        tag = data[pos]
        pos += 1
        if tag in (_ANY_ARRAY, _ANY_MAP):
            open_containers.append((left, keyed))
            if len(open_containers) > MAX_DEPTH:
                raise InvalidUpdate("update.too_deep", f"A value is nested deeper than {MAX_DEPTH}.")
            left, pos = read_uint(data, pos)
            keyed = tag == _ANY_MAP
            if left > len(data) - pos:
                raise IndexError
        else:
            pos = _skip_scalar(data, pos, tag)


def _skip_scalar(data: bytes, pos: int, tag: int) -> int:
    if tag == _ANY_STRING:
        text, pos = read_field(data, pos)
        text.decode()
        return pos
    if tag == _ANY_INTEGER:
        return _skip_signed(data, pos)
    if tag == _ANY_BYTES:
        return read_field(data, pos)[1]
    size = _ANY_FIXED_SIZES.get(tag)
    if size is None:
        raise InvalidUpdate("update.any", f"There is no value of kind {tag}.")
    return skip(data, pos, size)


def _skip_signed(data: bytes, pos: int) -> int:
    last = pos + _MAX_ANY_INTEGER_BYTES - 1
    while data[pos] >= 0x80:
        if pos == last:
            raise InvalidUpdate("update.integer", "An integer has more than 53 bits.")
        pos += 1
    return pos + 1


READERS: dict[int, ContentReader] = {
    int(ref): reader
    for ref, reader in (
        (Ref.DELETED, read_deleted),
        (Ref.BINARY, read_binary),
        (Ref.STRING, read_string),
        (Ref.EMBED, read_embed),
        (Ref.FORMAT, read_format),
        (Ref.TYPE, read_type),
        (Ref.ANY, read_anys),
        (Ref.DOC, read_doc),
    )
}
