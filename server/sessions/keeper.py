"""What goes on while nobody asks: who is silent, whose token has ended, which nodes are gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta

from sqlmodel import Session

from server.kit.clock import Clock
from server.kit.database import Database
from server.leases import LeaseService
from server.sessions import store
from server.sessions.attendance import Present
from server.sessions.service import SessionService
from server.sessions.session import EndReason, LiveSession
from server.sessions.sweeper import SweeperSeat

logger = logging.getLogger(__name__)

TICK_S = 1.0
NODE_BEAT_S = 5.0
RECONCILE_S = 30.0
NODES_KEPT = timedelta(days=1)

EndedTokens = Callable[[Collection[str]], Awaitable[set[str]]]


class SessionKeeper:
    """Calls `tick` every second for as long as it runs. Of several nodes, the one with the lease sweeps for all.

    `ended_tokens` says which tokens count no more: expired, or revoked by another process.
    """

    def __init__(
        self,
        sessions: SessionService,
        database: Database,
        clock: Clock,
        leases: LeaseService,
        *,
        ended_tokens: EndedTokens,
    ) -> None:
        self._sessions, self._database, self._clock = sessions, database, clock
        self._ended_tokens = ended_tokens
        self._seat = SweeperSeat(leases, sessions.node)
        self._next_node_beat = self._next_reconcile = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to run."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops running; another node may sweep."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._seat.leave()

    async def tick(self) -> None:
        """Does what is due now."""
        await self._look_at_silent()
        now = self._clock.monotonic()
        if now >= self._next_node_beat:
            self._next_node_beat = now + NODE_BEAT_S
            await self._end_without_token()
            await self._beat_node()
            if await self._seat.is_mine():
                await self._sweep()
        if now >= self._next_reconcile:
            self._next_reconcile = now + RECONCILE_S
            await self._sessions.roles.reconcile_all()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self.tick()
            except Exception:  # a supervised loop: silent sessions must go on being noticed
                logger.exception("sessions.tick_failed")

    async def _look_at_silent(self) -> None:
        times, now = self._sessions.times, self._clock.monotonic()
        for present in self._sessions.attendance:
            if self._sessions.is_over(present):
                await self._sessions.finish_all([present], EndReason.EXPIRED)
            elif now - present.heard_at >= times.silent_s:
                await self._sessions.fall_silent(present)

    async def _end_without_token(self) -> None:
        held = {present.session.token_id for present in self._sessions.attendance} - {None}
        if held:
            await self._sessions.end_tokens(await self._ended_tokens({id for id in held if id is not None}))

    async def _beat_node(self) -> None:
        """Says that this node lives, and learns which of its sessions have ended or went elsewhere."""
        here = list(self._sessions.attendance)
        if here:
            now, node = self._clock.now(), self._sessions.node

            def work(db: Session) -> set[str]:
                store.touch_node(db, node, now)
                return store.living_at(db, node)

            living = await self._database.write(work)
            await self._sessions.finish_all(_without(here, living), EndReason.MOVED)

    async def _sweep(self) -> None:
        """Looks after the sessions of nodes that are gone."""
        now, times = self._clock.now(), self._sessions.times
        silent, over = now - timedelta(seconds=times.silent_s), now - timedelta(seconds=times.window_s)

        def work(db: Session) -> tuple[list[LiveSession], list[LiveSession]]:
            store.forget_nodes(db, now - NODES_KEPT)
            return store.silence_lost(db, silent), store.lost(db, over)

        silenced, lost = await self._database.write(work)
        self._sessions.tell_silenced(silenced)
        await self._sessions.finish_lost(lost)


def _without(here: list[Present], living: Collection[str]) -> list[Present]:
    return [present for present in here if present.session.id not in living]
