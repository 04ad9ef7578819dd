"""Reads the structs of an update: the first half of its encoding (Yjs: utils/encoding.js, `readClientsStructRefs`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from crdt_docs.errors import InvalidUpdate
from crdt_docs.structs import HAS_KEY, HAS_ORIGIN, HAS_RIGHT_ORIGIN, REF_BITS, Id, Ref
from crdt_docs.validation.contention import FEW_STRUCTS, Contention
from crdt_docs.validation.contents import READERS
from crdt_docs.validation.index import NO_FACTS, ClockSet, DocumentIndex, Run
from crdt_docs.validation.pairs import PairWatch
from crdt_docs.validation.primitives import read_field, read_key, read_uint
from crdt_docs.validation.rules import MAX_CLOCK, Rules

# Plain integers: comparing with an enum takes 60 ns.
_GC, _STRING, _SKIP, _TYPE = int(Ref.GC), int(Ref.STRING), int(Ref.SKIP), int(Ref.TYPE)
_MAY_BE_PARENTS = frozenset({_TYPE, int(Ref.DELETED), _GC})  # what came deleted may have been a shared type
_FILLERS = frozenset({_GC, _SKIP})
_HAS_NEIGHBOUR = HAS_ORIGIN | HAS_RIGHT_ORIGIN

NO_TYPE = -1

Item = tuple[int, int, int, int, bool, Id | None]
"""Where an item lies, as far as its own bytes tell; kept for documents with nested types only.

Its clock and length, what it holds (a `Ref`), the kind of its shared type (or `NO_TYPE`), whether the last field is its
parent rather than a neighbour, and that id (None: it lies in a root). A plain tuple, for there may be 50,000.
"""


class Need(NamedTuple):
    """The struct at (`client`, `at`) builds on the id (`on`, `clock`), which comes with the same update or never."""

    client: int
    at: int
    on: int
    clock: int


def not_a_type(parent: Id) -> InvalidUpdate:
    """The engine would stop half way through the update."""
    return InvalidUpdate(
        "update.parent_not_type", f"An item lies in clock {parent[1]} of client {parent[0]}, which is no shared type."
    )


class StructReader:
    """One pass over the structs of one update; collects what `check_update` decides on."""

    # Most updates are one keystroke, and have none of these.
    structs = 0
    brings_parents = False
    gap: Id | None = None  # the first id before which something is missing
    contention: Contention | None = None

    def __init__(
        self,
        data: bytes,
        known: Mapping[int, int],
        rules: Rules,
        index: DocumentIndex = NO_FACTS,
        pairs: PairWatch | None = None,
    ) -> None:
        """Surrogate pairs are watched by `pairs`, if at all."""
        self.data = data
        self.known = known
        self.rules = rules
        self.index = index
        self.pairs = pairs
        self.nested = rules.nested
        self.spans: dict[int, Run] = {}  # by client
        self.needs: list[Need] = []
        self.items: dict[int, list[Item]] = {}

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
        if self.pairs:
            self._keep_new(self.pairs.halves, facts.second_halves)
        if self.brings_parents:
            self._keep_new(self._parents(), facts.parents)
        return facts

    def suspect(self, known: Mapping[int, int]) -> None:
        """Takes everything for deleted, which may have been anything; `known` is the state vector."""
        self.items = {client: [(0, end, _GC, NO_TYPE, False, None)] for client, end in known.items()}
        self.brings_parents = True

    def _parents(self) -> Iterator[Run]:
        for client, items in self.items.items():
            for clock, length, ref, *_ in items:
                if ref in _MAY_BE_PARENTS:
                    yield client, clock, clock + length

    def _keep_new(self, runs: Iterable[Run], kept: ClockSet) -> None:
        for client, start, end in runs:
            start = max(start, self.known.get(client, 0))
            if start < end:
                kept.add(client, start, end)

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
            self._note_gap(client, first)
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
        if self.pairs and first < have < clock:
            self.pairs.cuts.append((client, have))
        self.spans[client] = (client, first, clock)
        return pos

    def _count(self, structs: int) -> None:
        self.structs += structs
        most = self.rules.max_structs
        if self.structs > most:
            raise InvalidUpdate("update.too_many_structs", f"The update has more than {most} structs.")
        if self.structs > FEW_STRUCTS and not self.contention:
            self.contention = Contention()

    def _note_gap(self, client: int, clock: int) -> None:
        if self.gap is None:
            self.gap = (client, clock)

    def _struct(self, pos: int, client: int, id_bytes: bytes, clock: int) -> tuple[int, int]:
        """The length of the struct at `pos` in clock units and the position after it."""
        data = self.data
        info = data[pos]
        pos += 1
        if info not in self.rules.infos:
            raise self._refused(info)
        ref = info & REF_BITS
        if ref in _FILLERS:
            return self._filler(pos, ref, client, clock)
        origin = right = parent = None
        if info & HAS_ORIGIN:
            origin, pos = self._id(pos, client, id_bytes, clock)
        if info & HAS_RIGHT_ORIGIN:
            right, pos = self._id(pos, client, id_bytes, clock)
        parent_at = pos
        if not info & _HAS_NEIGHBOUR:
            parent, pos = self._parent(pos, info, client, id_bytes, clock)
        if self.contention:
            self._contend(self.contention, origin, right, data[parent_at:pos], bool(info & HAS_KEY), (client, clock))
        if ref == _TYPE and data[pos] not in self.rules.types:
            raise InvalidUpdate("update.type", f"This kind of document has no shared types of kind {data[pos]}.")
        length, end = READERS[ref](data, pos)
        if self.pairs:
            text = read_field(data, pos)[0] if ref == _STRING else b""
            self.pairs.add_item(text, origin, right, (client, clock))
        if self.nested:
            type_ref = data[pos] if ref == _TYPE else NO_TYPE
            self.items[client].append((clock, length, ref, type_ref, parent is not None, origin or right or parent))
            if ref in _MAY_BE_PARENTS:
                self.brings_parents = True
        return length, end

    def _refused(self, info: int) -> InvalidUpdate:
        """Why no struct of this kind of document begins with `info`."""
        ref = info & REF_BITS
        if ref not in self.rules.contents:
            return InvalidUpdate("update.content", f"This kind of document has no content of kind {ref}.")
        if ref in _FILLERS:
            return InvalidUpdate("update.content", "A garbage-collected or left-out range has no flags.")
        return InvalidUpdate("update.map_entry", "This kind of document has no map entries.")

    def _contend(
        self, contention: Contention, origin: Id | None, right: Id | None, parent: bytes, is_entry: bool, id: Id
    ) -> None:
        if origin:
            contention.add(origin, right, id)
        elif not self.nested:
            contention.add(b"", right, id)
        elif not right:  # an item with a right neighbour does not say at the start of which list it lies
            contention.add(parent, id if is_entry else None, id)  # among values of a key no search ends early

    def _filler(self, pos: int, ref: int, client: int, clock: int) -> tuple[int, int]:
        """A garbage-collected or left-out range."""
        length, pos = read_uint(self.data, pos)
        if ref == _SKIP:
            if clock + length > self.known.get(client, 0):
                self._note_gap(client, clock)
        elif self.nested:
            self.brings_parents = True
            self.items[client].append((clock, length, ref, NO_TYPE, False, None))
        return length, pos

    def _id(self, pos: int, client: int, id_bytes: bytes, at: int) -> tuple[Id, int]:
        """An id that the struct (`client`, `at`) builds on. It is mostly one of the same client's."""
        data = self.data
        if data.startswith(id_bytes, pos):
            clock, pos = read_uint(data, pos + len(id_bytes))
            if clock >= at:
                raise InvalidUpdate("update.self_reference", f"The struct {at} of client {client} builds on itself.")
            return (client, clock), pos
        on, pos = read_uint(data, pos)
        clock, pos = read_uint(data, pos)
        if clock >= self.known.get(on, 0):
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
