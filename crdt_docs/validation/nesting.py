"""How the items of one update lie in each other, where documents may have nested types.

The engine deletes recursively, so depth is a crash; text outside of a text type makes it loop when it is read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from crdt_docs.errors import InvalidUpdate
from crdt_docs.structs import Id, Ref
from crdt_docs.validation.reader import NO_TYPE, Item, not_a_type
from crdt_docs.validation.rules import MAX_DEPTH, TypeRef

_TEXT_TYPES = (TypeRef.TEXT, TypeRef.XML_TEXT)
_TEXT_CONTENTS = (Ref.STRING, Ref.EMBED, Ref.FORMAT)
_DEAD = (Ref.GC, Ref.DELETED)


Place = tuple[int, int | None]
"""A shared type: how deep it lies, and its kind if this update brings it."""

_OUTSIDE: Place = (0, None)


def check_nesting(items: Mapping[int, Sequence[Item]], runs: Iterable[tuple[int, int, int]]) -> None:
    """Checks items in integration order; raises `InvalidUpdate`."""
    nesting = _Nesting()
    for client, start, end in runs:
        sequence = items[client]
        index = bisect_right(sequence, start, key=itemgetter(0)) - 1
        for item in sequence[index:]:
            if item[0] >= end:
                break
            nesting.add(client, item)


class _Nesting:
    def __init__(self) -> None:
        self.clocks: dict[int, list[int]] = defaultdict(list)
        self.items: dict[int, list[tuple[Item, Place]]] = defaultdict(list)

    def add(self, client: int, item: Item) -> None:
        clock, _, ref, _, is_child, near = item
        place = self._place_in(near) if is_child and near else self._place_beside(near)
        depth, type_ref = place
        if type_ref is not None and type_ref not in _TEXT_TYPES and ref in _TEXT_CONTENTS:
            raise InvalidUpdate("update.text_outside_text", "Text content lies in a type that is not a text.")
        if depth > MAX_DEPTH:
            raise InvalidUpdate("update.too_deep", f"Shared types are nested deeper than {MAX_DEPTH}.")
        self.clocks[client].append(clock)
        self.items[client].append((item, place))

    def _find(self, id: Id) -> tuple[Item, Place] | None:
        client, clock = id
        index = bisect_right(self.clocks.get(client, ()), clock) - 1
        if index < 0:
            return None
        found = self.items[client][index]
        start, length, *_ = found[0]
        return found if clock < start + length else None

    def _place_beside(self, near: Id | None) -> Place:
        found = self._find(near) if near else None
        return found[1] if found else _OUTSIDE

    def _place_in(self, parent: Id) -> Place:
        found = self._find(parent)
        if not found:
            return _OUTSIDE
        (_, _, ref, type_ref, _, _), (depth, _) = found
        if ref in _DEAD:
            return _OUTSIDE
        if type_ref == NO_TYPE:
            raise not_a_type(parent)
        return depth + 1, type_ref
