"""Leases in this process's memory: the default, for one node."""

from __future__ import annotations

from collections import defaultdict, deque

from server.kit.clock import Clock
from server.leases.engine import Engine
from server.leases.model import Command, Reply, Rules, StoreEvent

REMEMBERED_EVENTS = 1_000


class MemoryLeaseStore:
    """An engine for each project. Its time is the clock's monotonic one: a jump of the wall clock changes nothing."""

    def __init__(self, clock: Clock, rules: Rules) -> None:
        self._clock = clock
        self._term = 0
        self._engines: defaultdict[str, Engine] = defaultdict(lambda: Engine(rules))
        self._events: defaultdict[str, deque[StoreEvent]] = defaultdict(lambda: deque(maxlen=REMEMBERED_EVENTS))

    def enter(self, term: int) -> None:
        """Forgets everything if the term is another."""
        if term != self._term:
            self._term = term
            self._engines.clear()

    async def call(self, project_id: str, command: Command) -> Reply:
        """Carries out `command` at once."""
        reply = self._engines[project_id].apply(command, int(self._clock.monotonic() * 1000))
        self._events[project_id].extend(reply.events)
        return reply

    async def events_after(self, project_id: str, event_id: int) -> list[StoreEvent]:
        """The last events after `event_id`."""
        return [event for event in self._events[project_id] if event.id > event_id]

    async def close(self) -> None:
        """There is nothing to let go of."""
