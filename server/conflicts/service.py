"""Conflicts: recorded when a lease is refused or left behind, and resolved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from server.access import Principal, actor_of
from server.conflicts import store
from server.conflicts.book import ConflictBook
from server.conflicts.conflict import TRANSITIONS, Conflict, ConflictState, ConflictType, Strategy
from server.conflicts.errors import ConflictNotFound, NoSuchSession, NotOpen
from server.conflicts.events import ConflictDetected, ConflictUpdated
from server.kit.audit import Act
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.errors import AtriumError
from server.kit.events import EventBus
from server.kit.ids import uuid7
from server.leases import LeaseAcquired, LeaseHeld, LeaseRefused, LeaseService, LockType, Mode, Resource
from server.sessions import SessionEnded, SessionLeft, SessionNotFound, SessionReturned, SessionService

RECORDED = ("held", "deadlock", "timeout")
SWITCHED = "switched"
RETRY_AFTER_S = (0.1, 0.5, 2.0)
PER_SESSION = 100


class ConflictService:
    """The conflicts of all projects. Publishes `ConflictDetected` and `ConflictUpdated`."""

    def __init__(
        self,
        database: Database,
        events: EventBus,
        clock: Clock,
        *,
        leases: LeaseService,
        sessions: SessionService,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        self._database, self._events, self._clock = database, events, clock
        self._leases, self._sessions = leases, sessions
        self._retry_after_s = retry_after_s
        self._book = ConflictBook(database)
        self._retries: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Reads what is open."""
        await self._book.load()

    async def close(self) -> None:
        """Asks for nothing again; what was recorded is stored."""
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        await self._book.saved()

    # Looking

    def open_in(self, project_id: str) -> list[Conflict]:
        """A project's conflicts that are not over, as this node knows them."""
        return self._book.of_project(project_id)

    async def list(
        self, project_id: str, *, only_open: bool = False, after: str = "", limit: int = 50
    ) -> list[Conflict]:
        """A project's conflicts by id, those after `after`."""
        await self._book.saved()
        return await self._database.read(
            lambda db: store.page(db, project_id, only_open=only_open, after=after, limit=limit)
        )

    async def get(self, project_id: str, id: str) -> Conflict:
        """Raises `ConflictNotFound`."""
        await self._book.saved()
        found = await self._database.read(lambda db: store.by_id(db, project_id, id))
        if found is None:
            raise ConflictNotFound
        return found

    # Detecting

    def on_lease_refused(self, event: LeaseRefused) -> None:
        """A request came to nothing: a `resource_lock` conflict, or once more the same."""
        if event.lock_type == LockType.ROLE or event.reason not in RECORDED:
            return
        # All nodes hear of what the store refused: they store the same conflict.
        id = str(uuid5(NAMESPACE_URL, f"{event.project_id}/{event.event_id}")) if event.event_id else uuid7()
        self._record(
            ConflictType.RESOURCE_LOCK,
            id=id,
            project_id=event.project_id,
            lock_type=event.lock_type,
            resource_id=event.resource_id,
            mode=event.mode,
            session_id=event.session_id,
            user=event.user,
            others=event.waits_for,
            reason=event.reason,
        )

    def on_session_left(self, event: SessionLeft) -> None:
        """What others wait for may be lost: `context_switch` conflicts."""
        for endangered in event.wanted:
            self._record_switch(event, endangered.lock_type, endangered.resource_id, endangered.sessions)

    def on_session_returned(self, event: SessionReturned) -> None:
        """What is lost is a conflict still, or a new one; the others are over."""
        lost = {f"{gone.lock_type}:{gone.resource_id}" for gone in event.lost}
        for conflict in self._book.of_session(event.session.id):
            if conflict.type is ConflictType.CONTEXT_SWITCH and conflict.resource not in lost:
                self._close(conflict, "The session came back in time.")
        for gone in event.lost:
            self._record_switch(event, gone.lock_type, gone.resource_id, gone.sessions)

    def _record_switch(
        self, event: SessionLeft | SessionReturned, lock_type: str, resource_id: str, others: tuple[str, ...]
    ) -> None:
        self._record(
            ConflictType.CONTEXT_SWITCH,
            id=uuid7(),
            project_id=event.session.project_id,
            lock_type=lock_type,
            resource_id=resource_id,
            mode=Mode.EXCLUSIVE.value,
            session_id=event.session.id,
            user=event.session.user_name,
            others=others,
            reason=SWITCHED,
        )

    def _record(self, type: ConflictType, **fields: Any) -> None:
        now = self._clock.now()
        new = Conflict(type=type, state=ConflictState.DETECTED, times=1, created_at=now, changed_at=now, **fields)
        before = self._book.find(new.key)
        if before is not None:
            times = before.times + 1
            self._book.put(
                replace(
                    new,
                    id=before.id,
                    state=before.state,
                    times=times,
                    created_at=before.created_at,
                    strategy=before.strategy,
                )
            )
            return
        self._make_room(new.session_id)
        self._book.put(new)
        self._events.publish(ConflictDetected(new))
        self._move(new, ConflictState.NOTIFIED)

    def _make_room(self, session_id: str) -> None:
        """One session that is refused everything must not fill the memory."""
        present = self._book.of_session(session_id)
        for oldest in present[: max(0, len(present) - PER_SESSION + 1)]:
            self._fail(oldest, "The session has too many conflicts.")

    # Resolving

    async def resolve(
        self, project_id: str, id: str, strategy: Strategy, *, by: Principal, resolution: str = ""
    ) -> Conflict:
        """Begins to resolve a conflict; with `manual` it is resolved, as `resolution` says.

        Raises `ConflictNotFound`, `NotOpen`, and for `wait_and_retry` `NoSuchSession` unless `by` has the session.
        """
        conflict = self._book.by_id(id) or await self.get(project_id, id)
        if conflict.project_id != project_id:
            raise ConflictNotFound
        if conflict.state is not ConflictState.NOTIFIED:
            raise NotOpen
        if strategy is Strategy.WAIT_AND_RETRY:
            await self._require_own(conflict, by)
        detail = {"strategy": strategy.value, "resource": conflict.resource}
        self._events.publish(Act("conflict.resolved", actor_of(by), project_id, f"conflict/{id}", detail=detail))
        if strategy is Strategy.MANUAL:
            return self._close(conflict, resolution, strategy)
        resolving = self._move(conflict, ConflictState.RESOLVING, strategy=strategy)
        task = asyncio.create_task(self._retry(resolving))
        self._retries.add(task)
        task.add_done_callback(self._retries.discard)
        return resolving

    async def _require_own(self, conflict: Conflict, by: Principal) -> None:
        try:
            session = await self._sessions.get(conflict.session_id)
        except SessionNotFound:
            raise NoSuchSession from None
        if session.user_id != by.id:
            raise NoSuchSession("Only whoever has the session may have it ask again.")

    async def _retry(self, conflict: Conflict) -> None:
        """Asks again, a few times; that it has the lease, its own event tells."""
        resource, mode = Resource.of(conflict.lock_type, conflict.resource_id), Mode(conflict.mode)
        outcome = "It was not free when asked for again."
        for delay in self._retry_after_s:
            await asyncio.sleep(delay)
            try:
                await self._leases.acquire(conflict.project_id, conflict.session_id, resource, mode)
            except LeaseHeld:
                continue
            except AtriumError as error:
                outcome = error.detail
            break
        current = self._book.find(conflict.key)
        if current is not None and current.id == conflict.id:
            self._fail(current, outcome)

    def on_lease_acquired(self, event: LeaseAcquired) -> None:
        """Whoever could not have it has it now."""
        resource = f"{event.lock_type}:{event.resource_id}"
        for type in ConflictType:
            conflict = self._book.find((type, event.project_id, event.session_id, resource))
            if conflict is not None:
                self._close(conflict, "The session has the lease now.", conflict.strategy or Strategy.WAIT_AND_RETRY)

    def on_session_ended(self, event: SessionEnded) -> None:
        """Nobody wants it any more."""
        if event.reason != "moved":
            for conflict in self._book.of_session(event.session.id):
                self._fail(conflict, "The session has ended.")

    # Changing

    def _close(self, conflict: Conflict, resolution: str, strategy: Strategy | None = None) -> Conflict:
        """Resolved; one that nobody began to resolve passes through that state."""
        if conflict.state is ConflictState.NOTIFIED:
            conflict = self._move(conflict, ConflictState.RESOLVING, strategy=strategy)
        if not conflict.is_open:
            return conflict
        return self._move(conflict, ConflictState.RESOLVED, resolution=resolution or None)

    def _fail(self, conflict: Conflict, resolution: str) -> None:
        if conflict.is_open:
            self._move(conflict, ConflictState.FAILED, resolution=resolution)

    def _move(self, conflict: Conflict, state: ConflictState, **fields: Any) -> Conflict:
        if state not in TRANSITIONS[conflict.state]:
            raise NotOpen
        moved = replace(conflict, state=state, changed_at=self._clock.now(), **fields)
        self._book.put(moved)
        self._events.publish(ConflictUpdated(moved))
        return moved
