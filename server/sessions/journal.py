"""What is written down of sessions: their rows, and acts for the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from server.access import SERVER, Principal, actor_of
from server.kit.audit import Act
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus
from server.sessions import store
from server.sessions.attendance import Present
from server.sessions.session import ENDS_AS, EndReason, LiveSession, SessionState
from server.sessions.writes import OrderedWrites


class Journal:
    """Reads and writes the table for one node. Publishes an `Act` after each change of state."""

    def __init__(self, database: Database, events: EventBus, clock: Clock, node: str) -> None:
        self._database, self._events, self._clock, self._node = database, events, clock, node
        self._writes = OrderedWrites(database)

    async def add(self, session: LiveSession, resume_hash: bytes, *, by: Principal) -> None:
        await self._writes.write(lambda db: store.add(db, session, self._node, resume_hash))
        self._tell("created", session, by, kind=session.kind.value)

    async def find_by(self, resume_hash: bytes) -> store.Stored | None:
        return await self._database.read(lambda db: store.by_resume_hash(db, resume_hash))

    async def find(self, id: str) -> store.Stored | None:
        return await self._database.read(lambda db: store.by_id(db, id))

    async def take_up(self, found: store.Stored, resume_hash: bytes, *, by: Principal) -> bool:
        """The session goes on here; False if it ended, or went elsewhere, meanwhile."""
        now = self._clock.now()
        if not await self._writes.write(lambda db: store.take_up(db, found, self._node, resume_hash, now)):
            return False
        if found.session.state is SessionState.PAUSED:
            self._tell("resumed", found.session, by)
        return True

    async def pause(self, session: LiveSession, *, by: Principal) -> bool:
        """Whether the session could be paused."""
        now = self._clock.now()
        paused = await self._writes.write(lambda db: store.pause(db, session.id, now))
        if paused:
            self._tell("paused", session, by)
        return paused

    async def end(self, session: LiveSession, reason: EndReason, by: Principal | None, node: str | None = None) -> bool:
        """Whether the session (of `node` only, unless None) had not ended before."""
        now = self._clock.now()
        ended = await self._writes.write(lambda db: store.end(db, session.id, reason, now, node))
        if ended:
            self._tell(ENDS_AS[reason], session, by or SERVER, reason=reason.value)
        return ended

    async def set_role(self, session: LiveSession) -> None:
        await self._writes.write(lambda db: store.set_role(db, session.id, session.role))

    async def set_silent(self, session: LiveSession, since: datetime | None) -> None:
        await self._writes.write(lambda db: store.set_silent(db, session.id, self._node, since))

    async def silence(self, attendance: Iterable[Present]) -> None:
        """This node stops: its sessions are not heard of from now on."""
        ids, now = [present.session.id for present in attendance if present.active], self._clock.now()

        def work(db: Session) -> None:
            for id in ids:
                store.set_silent(db, id, self._node, now)

        if ids:
            await self._writes.write(work)

    async def page(self, project_id: str | None, after: str, limit: int | None) -> list[LiveSession]:
        return await self._database.read(lambda db: store.page(db, project_id, after, limit))

    async def projects(self) -> list[str]:
        return await self._database.read(store.projects)

    def _tell(self, action: str, session: LiveSession, by: Principal, **detail: str) -> None:
        self._events.publish(
            Act(f"session.{action}", actor_of(by), session.project_id, f"session/{session.id}", detail=detail)
        )
