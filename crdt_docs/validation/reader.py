"""Reads the structs of an update: the first half of its encoding (Yjs: utils/encoding.js, `readClientsStructRefs`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from crdt_docs.errors import InvalidUpdate
from crdt_docs.structs import HAS_KEY, HAS_ORIGIN, HAS_RIGHT_ORIGIN, REF_BITS, Id, Ref
from crdt_docs.validation.contention import FEW_STRUCTS, Contention
from crdt_docs.validation.contents import READERS
from crdt_docs.validation.index import NO_FACTS, DocumentIndex, Run
from crdt_docs.validation.pairs import second_halves
from crdt_docs.validation.primitives import read_field, read_key, read_uint
from crdt_docs.validation.rules import MAX_CLOCK, Rules

# Plain integers: comparing with an enum takes 60 ns.
_GC, _STRING, _SKIP, _TYPE = int(Ref.GC), int(Ref.STRING), int(Ref.SKIP), int(Ref.TYPE)
_TYPE_OR_DELETED = frozenset({_TYPE, int(Ref.DELETED)})

NO_TYPE = -1


class Need(NamedTuple):
    """The struct at (`client`, `at`) builds on the id (`on`, `clock`), which comes with the same update or never."""

    client: int
    at: int
    on: int
    clock: int


class Item(NamedTuple):
    """Where an item lies, as far as its own bytes tell: kept for documents with nested types only."""

    clock: int
    length: int
    ref: int  # what it holds, a `Ref`
    type_ref: int  # the kind of its shared type, or `NO_TYPE`
    child: bool  # `near` is its parent rather than a neighbour
    near: Id | None  # None: in a root


def not_a_type(parent: Id) -> InvalidUpdate:
    """The engine would stop half way through the update."""
    return InvalidUpdate(
        "update.parent_not_type", f"An item lies in clock {parent[1]} of client {parent[0]}, which is no shared type."
    )


class StructReader:
    """One pass over the structs of one update; collects what `check_update` decides on."""

    __slots__ = (
        "contention",
        "cuts",
        "data",
        "gaps",
        "halves",
        "index",
        "items",
        "known",
        "needs",
        "nested",
        "parents",
        "rules",
        "spans",
        "structs",
        "watches_pairs",
    )

    def __init__(
        self,
        data: bytes,
        known: Mapping[int, int],
        rules: Rules,
        index: DocumentIndex = NO_FACTS,
        *,
        watches_pairs: bool = False,
    ) -> None:
        self.data = data
        self.index = index
        self.watches_pairs = watches_pairs
        self.known = known
        self.rules = rules
        self.nested = rules.nested
        self.structs = 0
        self.spans: dict[int, tuple[int, int]] = {}  # client → first clock, end
        self.gaps: list[Id] = []  # ids before which something is missing
        self.needs: list[Need] = []
        self.items: dict[int, list[Item]] = {}
        self.contention: Contention | None = None
        self.halves: list[Run] = []  # the second halves of the pairs that it brings
        self.parents: list[Run] = []  # the shared types that it brings, and what may have been one
        self.cuts: list[Id] = []  # the ids before which it cuts what is there

    def read(self, pos: int) -> int:
        """Reads all sections; returns the position of the delete set."""
        clients, pos = read_uint(self.data, pos)
        if clients > self.rules.max_clients:
            raise InvalidUpdate("update.too_many_clients", f"The update has structs of {clients} clients.")
        for _ in range(clients):
            pos = self._section(pos)
        return pos

    def facts(self) -> DocumentIndex:
        """What the update adds to the index of its document."""
        facts = DocumentIndex()
        for found, kept in ((self.halves, facts.second_halves), (self.parents, facts.parents)):
            for client, start, end in found:
                start = max(start, self.known.get(client, 0))
                if start < end:
                    kept.add(client, start, end)
        return facts

    def _section(self, pos: int) -> int:
        """Reads the structs of one client from `pos` on; returns the position after them."""
        data = self.data
        count, pos = read_uint(data, pos)
        self._count(count)
        id_at = pos
        client, pos = read_uint(data, pos)
        id_bytes = data[id_at:pos]
        first, pos = read_uint(data, pos)
        if client in self.spans or not count:
            raise InvalidUpdate("update.repeated_client", f"Client {client} has an empty or a second section.")
        have = self.known.get(client, 0)
        if first > have:
            self.gaps.append((client, first))
        if self.nested:
            self.items[client] = []
        clock = first
        for _ in range(count):
            if clock > MAX_CLOCK:
                break
            length, pos = self._struct(pos, client, id_bytes, clock)
            if not length:
                raise InvalidUpdate("update.empty_struct", f"The struct at clock {clock} of client {client} is empty.")
            clock += length
        if clock > MAX_CLOCK or clock - have > self.rules.max_clock_jump:
            raise InvalidUpdate("update.clock", f"The clock of client {client} would go from {have} to {clock}.")
        if first < have < clock:
            self.cuts.append((client, have))
        self.spans[client] = (first, clock)
        return pos

    def _count(self, structs: int) -> None:
        self.structs += structs
        most = self.rules.max_structs
        if self.structs > most:
            raise InvalidUpdate("update.too_many_structs", f"The update has more than {most} structs.")
        if self.structs > FEW_STRUCTS and not self.contention:
            self.contention = Contention()

    def _struct(self, pos: int, client: int, id_bytes: bytes, clock: int) -> tuple[int, int]:
        """The length of the struct at `pos` in clock units and the position after it."""
        data = self.data
        info = data[pos]
        pos += 1
        ref = info & REF_BITS
        if not self.rules.mask >> ref & 1:
            raise InvalidUpdate("update.content", f"This kind of document has no content of kind {ref}.")
        if ref in (_GC, _SKIP):
            return self._filler(pos, info, client, clock)
        if info & HAS_KEY and not self.rules.keys:
            raise InvalidUpdate("update.map_entry", "This kind of document has no map entries.")
        origin = right = parent = None
        if info & HAS_ORIGIN:
            origin, pos = self._id(pos, client, id_bytes, clock)
        if info & HAS_RIGHT_ORIGIN:
            right, pos = self._id(pos, client, id_bytes, clock)
        parent_at = pos
        if not origin and not right:
            parent, pos = self._parent(pos, info, client, id_bytes, clock)
        if self.contention:
            self._contend(origin, right, data[parent_at:pos], bool(info & HAS_KEY), (client, clock))
        if ref == _TYPE and data[pos] not in self.rules.types:
            raise InvalidUpdate("update.type", f"This kind of document has no shared types of kind {data[pos]}.")
        length, end = READERS[ref](data, pos)
        if self.watches_pairs:
            self._watch_pairs(data[pos:end] if ref == _STRING else b"", origin, right, (client, clock))
        if self.nested:
            if ref in _TYPE_OR_DELETED:
                self.parents.append((client, clock, clock + length))
            type_ref = data[pos] if ref == _TYPE else NO_TYPE
            self.items[client].append(Item(clock, length, ref, type_ref, parent is not None, origin or right or parent))
        return length, end

    def _contend(self, origin: Id | None, right: Id | None, parent: bytes, is_entry: bool, id: Id) -> None:
        assert self.contention
        if origin:
            self.contention.add(origin, right, id)
        elif not self.nested:
            self.contention.add(b"", right, id)
        elif not right:  # an item with a right neighbour does not say at the start of which list it lies
            self.contention.add(parent, id if is_entry else None, id)  # among values of a key no search ends early

    def _watch_pairs(self, content: bytes, origin: Id | None, right: Id | None, id: Id) -> None:
        """Notes where the struct cuts what is there, and, if `content` is of a string, the pairs in it."""
        if origin:
            self.cuts.append((origin[0], origin[1] + 1))
        if right:
            self.cuts.append(right)
        if not content.isascii():
            text, _ = read_field(content, 0)
            self.halves += [(id[0], half, half + 1) for half in second_halves(text.decode(), id[1])]

    def _filler(self, pos: int, info: int, client: int, clock: int) -> tuple[int, int]:
        """A garbage-collected or left-out range; the engine knows them by their whole first byte only."""
        if info & ~REF_BITS:
            raise InvalidUpdate("update.content", "A garbage-collected or left-out range has no flags.")
        length, pos = read_uint(self.data, pos)
        if info == _SKIP:
            if clock + length > self.known.get(client, 0):
                self.gaps.append((client, clock))
        elif self.nested:
            self.parents.append((client, clock, clock + length))
            self.items[client].append(Item(clock, length, info, NO_TYPE, child=False, near=None))
        return length, pos

    def _id(self, pos: int, client: int, id_bytes: bytes, at: int) -> tuple[Id, int]:
        """An id that the struct (`client`, `at`) builds on. It is mostly one of the same client's."""
        data = self.data
        if data.startswith(id_bytes, pos):
            on, pos = client, pos + len(id_bytes)
        else:
            on, pos = read_uint(data, pos)
        clock, pos = read_uint(data, pos)
        if on == client:
            if clock >= at:
                raise InvalidUpdate("update.self_reference", f"The struct {at} of client {client} builds on itself.")
        elif clock >= self.known.get(on, 0):
            self.needs.append(Need(client, at, on, clock))
        return (on, clock), pos

    def _parent(self, pos: int, info: int, client: int, id_bytes: bytes, at: int) -> tuple[Id | None, int]:
        """The id of the item whose type the struct lies in; None for a root. Then the key, if it is a map entry."""
        parent = None
        in_root = self.data[pos]
        pos += 1
        if in_root == 1:
            root, pos = read_key(self.data, pos)
            if self.rules.roots is not None and root not in self.rules.roots:
                raise InvalidUpdate("update.root", f"This kind of document has no root {root.decode()!r}.")
        elif in_root == 0 and self.nested:
            parent, pos = self._id(pos, client, id_bytes, at)
            if parent[1] < self.known.get(parent[0], 0) and parent not in self.index.parents:
                raise not_a_type(parent)
        else:
            raise InvalidUpdate("update.parent", "This kind of document has no shared types inside its root.")
        if info & HAS_KEY:
            _, pos = read_key(self.data, pos)
        return parent, pos
