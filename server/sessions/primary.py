"""Which session of a project is primary: whoever has the lease of that role; the others stand in its queue.

A session waits for the role under a lease session of its own. It would otherwise wait for the primary session as long
as it lives, and the primary session for anything that it holds: every such wait would look like a deadlock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from server.leases import (
    AlreadyWaiting,
    Lease,
    LeaseAcquired,
    LeaseEvent,
    LeaseExpired,
    LeaseLost,
    LeaseOffered,
    LeaseRefused,
    LeaseReleased,
    LeaseService,
    LeaseStolen,
    LeaseUnavailable,
    LockType,
    NoSession,
    Resource,
    State,
)
from server.sessions.attendance import Attendance, Present
from server.sessions.session import SessionRole, SessionTimes

logger = logging.getLogger(__name__)

PRIMARY = Resource.role("primary")
SUFFIX = ".role"
FOR_GOOD_S = 10 * 365 * 86_400.0
TTL_S = 300.0
EPOCH_BITS = 32
STORE_GONE = ("unconfirmed", "taken_over")
"""The role stays where it is while nobody can say who has it."""


def role_session(session_id: str) -> str:
    """The lease session under which a session has the role, or waits for it."""
    return session_id + SUFFIX


def session_of(role_session_id: str) -> str:
    """The inverse of `role_session`."""
    return role_session_id.removesuffix(SUFFIX)


class PrimaryRole:
    """Gives the role of this node's sessions, and notices who has it.

    `changed` is called with a session whose role is another now; `spawn` runs work in the background.
    """

    def __init__(
        self,
        leases: LeaseService,
        attendance: Attendance,
        times: SessionTimes,
        *,
        changed: Callable[[Present], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._leases, self._attendance, self._times = leases, attendance, times
        self._changed, self._spawn = changed, spawn
        self._epochs: dict[str, int] = {}
        self._reconciling: dict[str, asyncio.Lock] = {}

    async def seek(self, present: Present) -> None:
        """Takes the role if it is free, else a place in its queue."""
        session, id = present.session, role_session(present.session.id)
        for _ in range(2):
            if self._attendance.get(session.id) is not present:  # it has ended meanwhile
                return
            try:
                found = await self._leases.acquire(session.project_id, id, PRIMARY, ttl_s=TTL_S, wait_s=FOR_GOOD_S)
            except NoSession:
                await self._open(present)
            except (AlreadyWaiting, LeaseUnavailable):
                return
            else:
                if isinstance(found, Lease):
                    await self._take(present, found)
                return

    async def open(self, present: Present) -> None:
        """Makes the lease session, or goes on with it, and asks for the role."""
        await self._open(present)
        await self.seek(present)

    async def _open(self, present: Present) -> None:
        session = present.session
        await self._leases.open(
            session.project_id,
            role_session(session.id),
            session.user_name,
            window_s=self._times.window_s,
            grace_s=self._times.silent_s,
        )

    async def _take(self, present: Present, lease: Lease) -> None:
        if lease.state is State.OFFERED:
            await self._leases.accept(present.session.project_id, lease.session_id, PRIMARY, lease.fence)
        self._give(present, SessionRole.PRIMARY)

    def _give(self, present: Present, role: SessionRole) -> None:
        if present.session.role is not role:
            present.change(role=role)
            self._changed(present)

    async def reconcile(self, project_id: str) -> None:
        """Asks the store who has the role and who waits, and puts right what differs here."""
        lock = self._reconciling.setdefault(project_id, asyncio.Lock())
        if lock.locked():
            return
        async with lock:
            with suppress(LeaseUnavailable):
                await self._reconcile(project_id)

    async def _reconcile(self, project_id: str) -> None:
        leases, places = await self._leases.list(project_id, PRIMARY)
        for lease in leases:
            if lease.state is State.HELD:
                self._has_it(project_id, lease.session_id)
        known = {lease.session_id for lease in leases} | {place.session_id for place in places}
        for present in self._attendance.of_project(project_id):
            if present.active and role_session(present.session.id) not in known:
                await self.seek(present)

    def _has_it(self, project_id: str, role_session_id: str) -> None:
        """Whoever was primary is so until somebody else is."""
        holder = session_of(role_session_id)
        for present in self._attendance.of_project(project_id):
            role = SessionRole.PRIMARY if present.session.id == holder else SessionRole.SECONDARY
            self._give(present, role)

    def on_lease(self, event: LeaseEvent) -> None:
        """Something happened to a lease, here or on another node."""
        if event.lock_type != LockType.ROLE or event.resource_id != PRIMARY.id:
            return
        if isinstance(event, LeaseAcquired):
            self._has_it(event.project_id, event.session_id)
            self._note_epoch(event.project_id, event.fence >> EPOCH_BITS)
            return
        present = self._attendance.get(session_of(event.session_id))
        if present is None or not present.active:
            return
        if isinstance(event, LeaseOffered):
            self._spawn(self._accept(present, event))
        elif isinstance(event, LeaseReleased | LeaseStolen | LeaseRefused):
            self._spawn(self.seek(present))
        elif isinstance(event, LeaseExpired) and event.reason == "forgotten":
            self._spawn(self.reconcile(event.project_id))
        elif isinstance(event, LeaseExpired) and event.reason not in STORE_GONE:
            self._spawn(self.seek(present))

    async def _accept(self, present: Present, event: LeaseOffered) -> None:
        try:
            await self._leases.accept(event.project_id, event.session_id, PRIMARY, event.fence)
        except LeaseLost:
            await self.seek(present)
        else:
            self._give(present, SessionRole.PRIMARY)

    def _note_epoch(self, project_id: str, epoch: int) -> None:
        """In a new epoch nobody who waited is in the queue any more."""
        if self._epochs.get(project_id, epoch) != epoch:
            self._spawn(self.reconcile(project_id))
        self._epochs[project_id] = epoch

    async def reconcile_all(self) -> None:
        """`reconcile` in all projects with sessions here."""
        for project_id in {present.session.project_id for present in self._attendance}:
            await self.reconcile(project_id)

    def forget(self, project_id: str) -> None:
        """No session of the project is here any more."""
        self._epochs.pop(project_id, None)
        self._reconciling.pop(project_id, None)
