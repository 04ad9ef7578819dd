"""How the items of one update lie in each other, where documents may have nested types.

The engine deletes recursively, so depth is a crash; text outside of a text type makes it loop when it is read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from crdt_docs.errors import InvalidUpdate
from crdt_docs.structs import Id, Ref
from crdt_docs.validation.reader import NO_TYPE, Item, not_a_type
from crdt_docs.validation.rules import MAX_DEPTH, TypeRef

_TEXT_TYPES = (TypeRef.TEXT, TypeRef.XML_TEXT)
_TEXT_CONTENTS = (Ref.STRING, Ref.EMBED, Ref.FORMAT)
_DEAD = (Ref.GC, Ref.DELETED)


class Place(NamedTuple):
    """A shared type: how deep it lies, and its kind if this update brings it."""

    depth: int
    type_ref: int | None


_OUTSIDE = Place(0, None)


def check_nesting(items: Mapping[int, Sequence[Item]], runs: Iterable[tuple[int, int, int]]) -> None:
    """Checks items in integration order; raises `InvalidUpdate`."""
    nesting = _Nesting()
    for client, start, end in runs:
        sequence = items[client]
        index = bisect_right(sequence, start, key=lambda item: item.clock) - 1
        for item in sequence[index:]:
            if item.clock >= end:
                break
            nesting.add(client, item)


class _Nesting:
    def __init__(self) -> None:
        self.clocks: dict[int, list[int]] = {}
        self.items: dict[int, list[tuple[Item, Place]]] = {}

    def add(self, client: int, item: Item) -> None:
        place = self._place_in(item.near) if item.child and item.near else self._place_beside(item.near)
        if place.type_ref is not None and place.type_ref not in _TEXT_TYPES and item.ref in _TEXT_CONTENTS:
            raise InvalidUpdate("update.text_outside_text", "Text content lies in a type that is not a text.")
        if place.depth > MAX_DEPTH:
            raise InvalidUpdate("update.too_deep", f"Shared types are nested deeper than {MAX_DEPTH}.")
        self.clocks.setdefault(client, []).append(item.clock)
        self.items.setdefault(client, []).append((item, place))

    def _find(self, id: Id) -> tuple[Item, Place] | None:
        client, clock = id
        index = bisect_right(self.clocks.get(client, ()), clock) - 1
        if index < 0:
            return None
        item, place = self.items[client][index]
        return (item, place) if clock < item.clock + item.length else None

    def _place_beside(self, near: Id | None) -> Place:
        found = self._find(near) if near else None
        return found[1] if found else _OUTSIDE

    def _place_in(self, parent: Id) -> Place:
        found = self._find(parent)
        if not found or found[0].ref in _DEAD:
            return _OUTSIDE
        item, place = found
        if item.type_ref == NO_TYPE:
            raise not_a_type(parent)
        return Place(place.depth + 1, item.type_ref)
