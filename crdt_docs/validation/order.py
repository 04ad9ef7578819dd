"""The order in which an update's structs can be integrated (Yjs: utils/encoding.js, `integrateStructs`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from crdt_docs.errors import InvalidUpdate, MissingDependency
from crdt_docs.validation.index import Run
from crdt_docs.validation.reader import Need


def integration_order(spans: Mapping[int, Run], needs: Sequence[Need], known: Mapping[int, int]) -> list[Run]:
    """The runs of structs, each client's in `spans` in one or more, each after what it builds on.

    Raises `MissingDependency` when something builds on an id that is neither known nor in the update, and
    `InvalidUpdate` when structs build on each other in a circle: the engine would hold both back for ever.
    """
    for need in needs:
        if need.clock >= max(known.get(need.on, 0), spans.get(need.on, (0, 0, 0))[2]):
            raise MissingDependency("update.missing", f"The update builds on clock {need.clock} of client {need.on}.")
    return _Integration(spans, needs).run()


class _Integration:
    def __init__(self, spans: Mapping[int, Run], needs: Sequence[Need]) -> None:
        self.spans = spans
        self.done = {client: first for client, first, _ in spans.values()}
        self.open: dict[int, list[Need]] = defaultdict(list)  # what each client still needs, the next one last
        for need in reversed(needs):
            self.open[need.client].append(need)
        self.waiting: dict[int, list[int]] = defaultdict(list)  # client → who waits for it
        self.runs: list[Run] = []

    def run(self) -> list[Run]:
        ready = list(self.spans)
        while ready:
            client = ready.pop()
            if self._advance(client):
                ready += self.waiting.pop(client, ())
        if any(self.open.values()):
            raise InvalidUpdate("update.circle", "Structs of the update build on each other in a circle.")
        return self.runs

    def _advance(self, client: int) -> bool:
        """Integrates what `client` has until it must wait for another; returns whether it moved."""
        needs = self.open[client]
        while needs and self.done[needs[-1].on] > needs[-1].clock:
            needs.pop()
        start = self.done[client]
        end = self.spans[client][2]
        if needs:
            end = needs[-1].at
            self.waiting[needs[-1].on].append(client)
        self.done[client] = end
        if end > start:
            self.runs.append((client, start, end))
        return end > start
