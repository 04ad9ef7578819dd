"""Sends commands to the authority, and spreads what they have set in motion."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import suppress

from server.kit.clock import Clock
from server.kit.metrics import LEASES_HELD
from server.leases.announcer import Announcer
from server.leases.authority import LeaseAuthority
from server.leases.errors import LeaseLost, LeaseTimeout, LeaseUnavailable
from server.leases.holders import Holders
from server.leases.model import Command, Happening, Reply, StoreEvent, Sweep

SWEEP_LIMIT = 64
REMEMBERED = 256
OVER = (Happening.RELEASED, Happening.EXPIRED, Happening.STOLEN)


class Dispatcher:
    """Every command of this node goes through here.

    `due` says when to sweep which project; `troubled` that an answer was lost, so that what this node believes may not
    be what the store knows.
    """

    def __init__(self, authority: LeaseAuthority, announcer: Announcer, holders: Holders, clock: Clock) -> None:
        self.due: dict[str, float] = {}
        self.troubled = False
        self._authority = authority
        self._announcer = announcer
        self._holders = holders
        self._clock = clock
        self._seen: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._waiting: defaultdict[tuple[str, str, str], set[asyncio.Future[int]]] = defaultdict(set)

    async def call(self, project_id: str, command: Command) -> Reply:
        """The answer to `command`; raises `LeaseUnavailable`, `TakenOver`."""
        reply = await self._call(project_id, command)
        more = reply.more
        with suppress(LeaseUnavailable):  # the command itself is done; the keeper goes on with the rest
            while more:
                more = (await self._call(project_id, Sweep(SWEEP_LIMIT))).more
        return reply

    async def _call(self, project_id: str, command: Command) -> Reply:
        try:
            reply = await self._authority.call(project_id, command)
        except LeaseUnavailable:
            self.troubled = True
            self.due.setdefault(project_id, self._clock.monotonic())
            raise
        if reply.due is None:
            self.due.pop(project_id, None)
        else:
            self.due[project_id] = self._clock.monotonic() + reply.due / 1000
        for event in reply.events:
            self._announcer.count(event)
        self.spread(project_id, reply.events)
        return reply

    def spread(self, project_id: str, events: Iterable[StoreEvent]) -> None:
        """Tells everybody in this process what has happened, here or on another node; each event once."""
        seen = self._seen[project_id]
        for event in events:
            if event.id not in seen:
                seen.append(event.id)
                self._note(project_id, event)
                self._announcer.announce(project_id, event)
        LEASES_HELD.set(len(self._holders))

    async def catch_up(self) -> None:
        """Spreads what other nodes have done while this one could not hear of it; raises `LeaseUnavailable`."""
        for project_id in {project_id for project_id, _ in self._holders.sessions}:
            seen = self._seen[project_id]
            if seen:
                self.spread(project_id, await self._authority.events_after(project_id, min(seen)))

    def _note(self, project_id: str, event: StoreEvent) -> None:
        if event.kind is Happening.SESSION_EXPIRED:
            self._holders.forget(project_id, event.session)
        elif event.kind in OVER:
            self._holders.drop(project_id, event.session, event.path)
        elif event.kind is Happening.ACQUIRED:
            self._holders.raise_fence(project_id, event.session, event.path, event.fence)
        for turn in self._turns(project_id, event.session, event.path):
            if event.kind in (Happening.OFFERED, Happening.ACQUIRED):
                turn.set_result(event.fence)
            elif event.kind in (Happening.REFUSED, Happening.EXPIRED):
                turn.set_exception(LeaseTimeout() if event.reason == "timeout" else LeaseLost())

    def _turns(self, project_id: str, session: str, path: str) -> list[asyncio.Future[int]]:
        return [turn for turn in self._waiting.get((project_id, session, path), ()) if not turn.done()]

    def turn(self, project_id: str, session: str, path: str) -> asyncio.Future[int]:
        """The fence that will be offered to a waiter; raises `LeaseTimeout`, or `LeaseLost` if it was cancelled."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting[project_id, session, path].add(turn)
        return turn

    def forget(self, project_id: str, session: str, path: str, turn: asyncio.Future[int]) -> None:
        """Nobody waits for it any more, however it came out."""
        if not turn.cancel() and not turn.cancelled():
            turn.exception()
        turns = self._waiting[project_id, session, path]
        turns.discard(turn)
        if not turns:
            del self._waiting[project_id, session, path]

    def end_turns(self, project_id: str, session: str, *, but: str = "") -> None:
        """The store has forgotten what the session waited for; it is about to ask for the path `but` again."""
        for project, waiting, path in list(self._waiting):
            if (project, waiting) == (project_id, session) and path != but:
                for turn in self._turns(project, waiting, path):
                    turn.set_exception(LeaseLost())
