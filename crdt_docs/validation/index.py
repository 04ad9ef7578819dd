"""What a document's next updates are judged by, beside its state vector."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from crdt_docs.structs import Id

Run = tuple[int, int, int]
"""A client, its first clock and the one after the last."""


class ClockSet:
    """Ids of one document: per client the edges of the runs of its clocks, 8 bytes a run."""

    __slots__ = ("_edges",)

    def __init__(self) -> None:
        self._edges: dict[int, array[int]] = {}  # client → start, end, start, end, … ascending

    def __bool__(self) -> bool:
        return bool(self._edges)

    def __contains__(self, id: Id) -> bool:
        edges = self._edges.get(id[0])
        return edges is not None and bisect_right(edges, id[1]) % 2 == 1

    def add(self, client: int, start: int, end: int) -> None:
        """Adds the clocks from `start` to before `end`; they come after those that are there of the client."""
        edges = self._edges.setdefault(client, array("I"))
        if edges and edges[-1] == start:
            edges[-1] = end
        else:
            edges.extend((start, end))

    def update(self, later: ClockSet) -> None:
        """Adds all of another set, by the same order."""
        for client, edges in later._edges.items():
            for at in range(0, len(edges), 2):
                self.add(client, edges[at], edges[at + 1])


@dataclass(frozen=True, slots=True)
class DocumentIndex:
    """Facts about the structs of one document. Whoever keeps it adds those of each update that was accepted."""

    second_halves: ClockSet = field(default_factory=ClockSet)
    """The second clocks of surrogate pairs."""
    parents: ClockSet = field(default_factory=ClockSet)
    """Where an item may lie: shared types, and what came deleted, which may have been one. Not kept for files."""

    def __bool__(self) -> bool:
        return bool(self.second_halves or self.parents)

    def update(self, later: DocumentIndex) -> None:
        """Adds the facts of an update that was accepted."""
        self.second_halves.update(later.second_halves)
        self.parents.update(later.parents)


NO_FACTS = DocumentIndex()
"""What a new document has and most updates bring; not to be added to."""
