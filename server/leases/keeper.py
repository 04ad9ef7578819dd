"""What goes on while nobody asks: heartbeats, sweeps, and what to do when the store is gone and when it is back.

Every node sweeps the projects that its sessions are in. Sweeping twice does no harm, so nobody is elected for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from server.kit.clock import Clock
from server.leases.announcer import Announcer
from server.leases.dispatcher import SWEEP_LIMIT, Dispatcher
from server.leases.errors import LeaseUnavailable, TakenOver
from server.leases.events import LeaseExpired, LeasesAvailable, LeasesUnavailable
from server.leases.holders import Holders, Holding
from server.leases.lease import Moment
from server.leases.model import Acquire, Beat, Grant, Look, Open, Release, State, Sweep

logger = logging.getLogger(__name__)

TICK_S = 0.1
BEAT_S = 1.0
SESSIONS_PER_BEAT = 500


class LeaseKeeper:
    """Calls `tick` for as long as it runs."""

    def __init__(self, dispatcher: Dispatcher, announcer: Announcer, holders: Holders, clock: Clock) -> None:
        self.available = True
        self._dispatcher = dispatcher
        self._announcer = announcer
        self._holders = holders
        self._clock = clock
        self._heard: defaultdict[str, set[str]] = defaultdict(set)
        self._next_beat = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to run."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops running."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def hear(self, project_id: str, session: str) -> None:
        """The session lives; the store is told with the next round."""
        self._heard[project_id].add(session)

    def beat_now(self) -> None:
        """The next tick sends heartbeats, however long ago the last was."""
        self._next_beat = 0.0

    async def tick(self) -> None:
        """Does what is due now."""
        try:
            if self._dispatcher.troubled:
                await self._recover()
            if self._clock.monotonic() >= self._next_beat:
                self._next_beat = self._clock.monotonic() + BEAT_S
                await self._beat()
            await self._sweep()
        except TakenOver:
            self._stop(list(self._holders), "taken_over")
        except LeaseUnavailable:
            self._stop(self._holders.overdue(self._clock.monotonic()), "unconfirmed")

    def _stop(self, holdings: Sequence[Holding], reason: str) -> None:
        self._set_available(False)
        for holding in holdings:
            self._lose(holding, reason)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self.tick()
            except Exception:  # a supervised loop: leases must go on being swept
                logger.exception("leases.tick_failed")

    async def _beat(self) -> None:
        while self._heard:
            project_id, sessions = self._heard.popitem()
            try:
                await self._beat_project(project_id, sorted(sessions))
            except LeaseUnavailable:
                self._heard[project_id] |= sessions
                raise

    async def _beat_project(self, project_id: str, sessions: list[str]) -> None:
        for start in range(0, len(sessions), SESSIONS_PER_BEAT):
            part, asked_at = sessions[start : start + SESSIONS_PER_BEAT], self._clock.monotonic()
            reply = await self._dispatcher.call(project_id, Beat(tuple(part)))
            for session in set(part) - set(reply.gone):
                self._holders.heard(project_id, session, asked_at)
            for session in reply.gone:
                await self._open_again(project_id, session)

    async def _open_again(self, project_id: str, session: str) -> None:
        """A session that lives is unknown: the store has forgotten it, with all that it held."""
        opened = self._holders.sessions.get((project_id, session))
        self._dispatcher.end_turns(project_id, session)
        if opened is not None:
            await self.open(project_id, opened)

    async def open_forgotten(self, project_id: str, asked: Acquire) -> bool:
        """The same for a session that asks before its next heartbeat; False if it is none of this node's."""
        opened = self._holders.sessions.get((project_id, asked.session))
        if opened is None:
            return False
        self._dispatcher.end_turns(project_id, asked.session, but=asked.path)
        await self.open(project_id, opened)
        return True

    async def open(self, project_id: str, command: Open) -> None:
        """Opens a session of this node, and takes over what the store knows that it holds: all, less or nothing."""
        moment = Moment(self._clock)
        reply = await self._dispatcher.call(project_id, command)
        held = {grant.path: grant for grant in reply.grants}
        for holding in self._holders.of(project_id, command.session):
            if holding.path not in held:
                self._lose(holding, "forgotten")
        for path, grant in held.items():
            self._holders.hold(project_id, moment.lease(grant, reply.now), path, grant.ttl)

    async def _sweep(self) -> None:
        now = self._clock.monotonic()
        for project_id in [project_id for project_id, at in self._dispatcher.due.items() if at <= now]:
            await self._dispatcher.call(project_id, Sweep(SWEEP_LIMIT))

    # Outages

    async def _recover(self) -> None:
        """Answers were lost: makes what this node believes and what the store knows the same again."""
        self._dispatcher.troubled = False
        for project_id in {project_id for project_id, _ in self._holders.sessions}:
            await self._reconcile(project_id)
        await self._dispatcher.catch_up()
        self._set_available(True)

    async def _reconcile(self, project_id: str) -> None:
        look = await self._dispatcher.call(project_id, Look())
        stored = {(grant.session, grant.path): grant for grant in look.grants if grant.state is State.HELD}
        for holding in [holding for holding in self._holders if holding.project_id == project_id]:
            grant = stored.pop((holding.lease.session_id, holding.path), None)
            if grant is None or not grant.first <= holding.fence <= grant.fence:
                self._lose(holding, "forgotten")
        for grant in stored.values():
            if (project_id, grant.session) in self._holders.sessions:
                await self._give_back(project_id, grant)

    async def _give_back(self, project_id: str, grant: Grant) -> None:
        """Nobody was told of this lease, or its holder has been told to stop; unless somebody asks for it just now."""
        async with self._holders.asking(project_id, grant.session, grant.path):
            if not self._holders.has(project_id, grant.session, grant.path):
                for _ in range(grant.count):
                    await self._dispatcher.call(project_id, Release(grant.session, grant.path, grant.fence))

    def _lose(self, holding: Holding, reason: str) -> None:
        lease = holding.lease
        self._holders.drop(holding.project_id, lease.session_id, holding.path)
        self._announcer.publish(
            LeaseExpired(
                event_id=0,
                project_id=holding.project_id,
                session_id=lease.session_id,
                user=lease.user,
                lock_type=lease.resource.type.value,
                resource_id=lease.resource.id,
                mode=lease.mode.value,
                at=self._clock.now(),
                fence=holding.fence,
                reason=reason,
            )
        )

    def _set_available(self, available: bool) -> None:
        if available != self.available:
            self.available = available
            kind = LeasesAvailable if available else LeasesUnavailable
            self._announcer.publish(kind(self._clock.now()))
