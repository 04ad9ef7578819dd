"""Keeps `{project}/live` equal to what the features know.

An event says only that something of a project has changed. A moment later everything of it is read and compared with
the document, and what differs is written in one edit: a burst of events costs one, a lease that comes and goes
between two looks none, and a missed event is made good by the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import pycrdt

from crdt_docs.shapes.live import LiveConflict, LiveLease, LiveRecord, LiveSession, put_live, read_live, remove_live
from server.access import SERVER
from server.conflicts import ConflictService
from server.documents import DocumentDeleted, DocumentService
from server.files import ensure_document
from server.kit.errors import NotFound
from server.leases import Lease, LeaseService, LeaseUnavailable, LockType, State
from server.projects import ProjectService
from server.rooms import Room, RoomRegistry
from server.sessions import LiveSession as Session
from server.sessions import SessionService

logger = logging.getLogger(__name__)

LIVE_KEY = "live"
TICK_S = 0.2
Key = tuple[type[LiveRecord], str]
Records = dict[Key, LiveRecord]


class LiveWriter:
    """The only one who writes live documents. Calls `tick` for as long as it runs."""

    def __init__(
        self,
        documents: DocumentService,
        rooms: RoomRegistry,
        projects: ProjectService,
        *,
        sessions: SessionService,
        leases: LeaseService,
        conflicts: ConflictService,
    ) -> None:
        self._documents, self._rooms, self._projects = documents, rooms, projects
        self._sessions, self._leases, self._conflicts = sessions, leases, conflicts
        self._changed: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to run; what a former run left behind is put right first."""
        self._changed.update(await self._sessions.projects())
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Writes what has changed, and stops running."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.tick()

    def changed(self, project_id: str) -> None:
        """Something of the project has changed; the next tick looks."""
        self._changed.add(project_id)

    async def tick(self) -> None:
        """Brings the documents of all projects that have changed up to date."""
        for project_id in list(self._changed):
            self._changed.discard(project_id)
            try:
                await self.write(project_id)
            except asyncio.CancelledError:
                self._changed.add(project_id)
                raise
            except Exception:  # a supervised loop: one broken document must not end the others' writing
                logger.exception("live.write_failed", extra={"project": project_id})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await self.tick()

    async def write(self, project_id: str) -> None:
        """Writes what differs, if anything does; nothing for a project that is deleted."""
        with suppress(NotFound, DocumentDeleted):
            await self._projects.get(project_id)
            record = await ensure_document(self._documents, project_id, LIVE_KEY, SERVER.id)
            async with self._rooms.hold(record.id) as room:
                present = _present(room)
                wanted = await self._wanted(project_id, present)
                puts = {key: value for key, value in wanted.items() if present.get(key) != value}
                gone = present.keys() - wanted.keys()
                if puts or gone:
                    await room.edit(SERVER.id, lambda doc: _apply(doc, puts, gone))

    async def _wanted(self, project_id: str, present: Records) -> Records:
        """What the document should hold; while nobody can say what is held, that stays as it is."""
        sessions = await self._sessions.list(project_id, limit=None)
        wanted: Records = {(LiveSession, session.id): _session(session) for session in sessions}
        try:
            leases, _ = await self._leases.list(project_id)
        except LeaseUnavailable:
            wanted |= {key: value for key, value in present.items() if key[0] is LiveLease}
        else:
            wanted |= _leases(leases, present)
        for conflict in self._conflicts.open_in(project_id):
            record = LiveConflict(conflict.type.value, conflict.resource, conflict.state.value)
            wanted[LiveConflict, conflict.id] = record
        return wanted


def _session(session: Session) -> LiveSession:
    since = _time(session.since)
    return LiveSession(session.user_name, session.kind.value, session.role.value, session.shown_state, since)


def _leases(leases: Iterable[Lease], present: Records) -> Records:
    """One record for each resource; of several who share it, the one who had it first."""
    records: Records = {}
    for lease in sorted(leases, key=lambda lease: lease.fence):
        key = (LiveLease, str(lease.resource))
        if lease.state is State.HELD and lease.resource.type is not LockType.ROLE and key not in records:
            record = LiveLease(lease.session_id, lease.user, lease.mode.value, lease.fence, _time(lease.since))
            before = present.get(key)
            # The store counts from its own start: the same moment comes out a little different each time.
            same = isinstance(before, LiveLease) and replace(before, since=record.since) == record
            records[key] = before if same and before else record
    return records


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _present(room: Room) -> Records:
    doc = room.document().raw
    records: Records = {(LiveSession, id): record for id, record in read_live(doc, LiveSession).items()}
    records |= {(LiveLease, id): record for id, record in read_live(doc, LiveLease).items()}
    return records | {(LiveConflict, id): record for id, record in read_live(doc, LiveConflict).items()}


def _apply(doc: pycrdt.Doc[Any], puts: Records, gone: Iterable[Key]) -> None:
    for kind, id in gone:
        remove_live(doc, id, kind)
    for (_, id), record in puts.items():
        put_live(doc, id, record)
