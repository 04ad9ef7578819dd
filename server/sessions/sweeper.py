"""The lease that says which node sweeps."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from server.leases import (
    AlreadyWaiting,
    Fenced,
    LeaseHeld,
    LeaseLost,
    LeaseService,
    LeaseUnavailable,
    NoSession,
    NotOwner,
    Resource,
)

logger = logging.getLogger(__name__)

DOMAIN = "server"
"""In the place of a project: leases of the server's own."""
SWEEPER = Resource.role("sweeper")
WAIT_S = 600.0


class SweeperSeat:
    """One node's claim to it: it stands in the queue until the seat is its own."""

    def __init__(self, leases: LeaseService, node: str) -> None:
        self._leases = leases
        self._session = f"node.{node}"
        self._fence: int | None = None
        self._waiting: asyncio.Task[None] | None = None

    async def is_mine(self) -> bool:
        """Whether this node sweeps now; call it every few seconds. False while the lease store is unavailable."""
        self._leases.beat(DOMAIN, self._session)
        if self._fence is not None:
            try:
                await self._leases.check(DOMAIN, SWEEPER, self._fence)
            except (LeaseLost, Fenced):
                self._fence = None
            except LeaseUnavailable:
                return False
            else:
                return True
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._wait())
        return False

    async def _wait(self) -> None:
        try:
            await self._take()
        except Exception:  # a supervised edge: the seat is claimed again in a few seconds
            logger.exception("sessions.seat_failed")

    async def _take(self) -> None:
        with suppress(LeaseHeld, LeaseLost, LeaseUnavailable, NoSession, AlreadyWaiting, NotOwner, Fenced):
            await self._leases.open(DOMAIN, self._session, self._session)
            lease = await self._leases.obtain(DOMAIN, self._session, SWEEPER, wait_s=WAIT_S)
            self._fence = lease.fence

    async def leave(self) -> None:
        """Lets another node have it."""
        if self._waiting is not None:
            self._waiting.cancel()
            with suppress(asyncio.CancelledError):
                await self._waiting
        with suppress(LeaseUnavailable, NoSession):
            await self._leases.end(DOMAIN, self._session)
        self._leases.leave(DOMAIN, self._session)
