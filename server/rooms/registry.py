"""Which documents are live: opens each once, keeps it while somebody needs it, unloads it by age and bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from server.documents import DocumentRecord, DocumentService, LoadedDocument
from server.kit import metrics
from server.kit.errors import AtriumError
from server.kit.heap import give_memory_back
from server.rooms.admission import RoomLimits
from server.rooms.errors import DocumentGone, RoomBroken
from server.rooms.room import Room
from server.rooms.runtime import Journal, LoopRuntime

logger = logging.getLogger(__name__)

SWEEP_S = 1.0
GIVE_BACK_EVERY = 5  # sweeps
"""No more often is freed memory given back: that stops everybody for some milliseconds."""


@dataclass(frozen=True, slots=True)
class RegistryLimits:
    """How long an idle room stays (seconds) and how many bytes of state all idle rooms may hold."""

    idle_s: float
    idle_bytes: int
    room: RoomLimits


class RoomRegistry:
    """All live rooms of this process."""

    def __init__(self, documents: DocumentService, journal: Journal, limits: RegistryLimits) -> None:
        self._documents = documents
        self._journal = journal
        self._limits = limits
        self._rooms: dict[int, Room] = {}
        self._records: dict[tuple[str, str], DocumentRecord] = {}  # of these rooms, by project and key
        self._opening: dict[int, asyncio.Task[Room]] = {}
        self._dropped: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._runtime: LoopRuntime | None = None
        self._freed_memory = False

    def __len__(self) -> int:
        return len(self._rooms)

    def start(self) -> None:
        """Starts unloading idle rooms; call it on the event loop."""
        self._spawn(self._sweep_forever())

    async def pin(self, document_id: int) -> Room:
        """The live room, opened once however many ask at the same time; `Room.unpin` lets it go.

        Raises `RoomBroken` when the log cannot be applied, and what `DocumentService.load` raises.
        """
        while True:
            room = self._rooms.get(document_id) or await self._open(document_id)
            # Between the end of the load and here it may have broken, or been unloaded again.
            if room.broken is None and self._rooms.get(document_id) is room:
                room.pins += 1
                return room

    @asynccontextmanager
    async def hold(self, document_id: int) -> AsyncIterator[Room]:
        """Keeps the room live inside the block."""
        room = await self.pin(document_id)
        try:
            yield room
        finally:
            room.unpin()

    def live(self, project_id: str, key: str) -> DocumentRecord | None:
        """The record of a document that is open here, as it was when it was opened; None of one that is not."""
        return self._records.get((project_id, key))

    def drop(self, document_id: int) -> None:
        """The document is deleted: its peers are told so and the room goes, also one that is just being opened."""
        if document_id in self._opening:
            self._dropped.add(document_id)
        room = self._rooms.get(document_id)
        if room is not None:
            self._forget(room)
            room.retire(DocumentGone())

    def drop_project(self, project_id: str) -> None:
        """The project is deleted, and every document of it."""
        for room in [room for room in self._rooms.values() if room.record.project_id == project_id]:
            self.drop(room.record.id)

    async def close(self) -> None:
        """Everything admitted becomes durable; nothing is admitted after this."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(room.flushed() for room in self._rooms.values()), return_exceptions=True)
        for room in list(self._rooms.values()):
            self._forget(room)

    async def _open(self, document_id: int) -> Room:
        task = self._opening.get(document_id)
        if task is None:
            task = self._start_opening(document_id, self._load(document_id))
        return await asyncio.shield(task)  # one impatient client must not end the others' load

    def _start_opening(self, document_id: int, work: Coroutine[None, None, Room]) -> asyncio.Task[Room]:
        def opened(finished: asyncio.Task[Room]) -> None:
            if self._opening.get(document_id) is finished:
                del self._opening[document_id]
                self._dropped.discard(document_id)

        task = self._opening[document_id] = asyncio.create_task(work)
        task.add_done_callback(opened)
        return task

    async def _load(self, document_id: int) -> Room:
        for attempt in range(2):
            loaded = await self._documents.load(document_id)
            if loaded.record.deleted_at is not None or document_id in self._dropped:
                raise DocumentGone
            try:
                room = self._build(loaded)
            except RoomBroken:
                if attempt:
                    raise
                await self._documents.examine(document_id)
            else:
                self._keep(room)
                return room
        raise AssertionError("unreachable")

    def _build(self, loaded: LoadedDocument) -> Room:
        runtime = self._runtime = self._runtime or LoopRuntime(asyncio.get_running_loop())
        return Room(
            loaded,
            log=self._documents,
            journal=self._journal,
            runtime=runtime,
            limits=self._limits.room,
            on_broken=self._on_broken,
            on_compact=self._on_compact,
        )

    def _on_broken(self, room: Room, error: Exception) -> None:
        """The next to open it gets a room rebuilt from the log, without what broke this one."""
        logger.error("room.broken", exc_info=error, extra={"document": room.record.id})
        metrics.ROOMS_BROKEN.inc()
        if self._rooms.get(room.record.id) is room:
            self._forget(room)
            if not isinstance(error, AtriumError):
                self._start_opening(room.record.id, self._examine_and_load(room.record.id))

    async def _examine_and_load(self, document_id: int) -> Room:
        await self._documents.examine(document_id)
        return await self._load(document_id)

    def _on_compact(self, room: Room, state: bytes, covers_seq: int) -> None:
        self._freed_memory = True

        async def compact() -> None:
            try:
                await self._documents.compact(room.record.id, state, covers_seq)
            except AtriumError:
                logger.exception("room.compaction_failed", extra={"document": room.record.id})
            finally:
                room.compacted()

        self._spawn(compact())

    async def _sweep_forever(self) -> None:
        for sweep in count(1):
            await asyncio.sleep(SWEEP_S)
            self._unload_idle()
            metrics.ROOMS.set(len(self._rooms))
            if self._freed_memory and sweep % GIVE_BACK_EVERY == 0:
                self._freed_memory = False
                give_memory_back()

    def _unload_idle(self) -> None:
        if self._runtime is None:  # no room has been open yet
            return
        now = self._runtime.now()
        idle = sorted((room for room in self._rooms.values() if room.idle), key=lambda room: room.idle_since)
        spare = sum(room.size for room in idle) - self._limits.idle_bytes
        for room in idle:
            if now - room.idle_since >= self._limits.idle_s or spare > 0:
                spare -= room.size
                self._forget(room)

    def _keep(self, room: Room) -> None:
        self._rooms[room.record.id] = room
        self._records[room.record.project_id, room.record.key] = room.record

    def _forget(self, room: Room) -> None:
        self._freed_memory = True
        del self._rooms[room.record.id]
        del self._records[room.record.project_id, room.record.key]

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
