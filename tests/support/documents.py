"""A running `DocumentService` on a database of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from server.documents import (
    AppendResult,
    ApplyJournal,
    DocumentDamaged,
    DocumentRecord,
    DocumentRemoved,
    DocumentService,
    LogEntry,
    LogUnavailable,
)
from server.kit.clock import ManualClock
from server.kit.database import Database
from server.kit.events import EventBus
from tests.support.migrated import open_migrated


@dataclass
class Node:
    """One server process as the update log sees it."""

    database: Database
    documents: DocumentService
    journal: ApplyJournal
    clock: ManualClock
    published: list[object] = field(default_factory=list)

    async def create(self, key: str = "docs/a", initial: bytes | None = None) -> DocumentRecord:
        """A document in project `p`."""
        return await self.documents.create("p", key, author="user:1", initial=initial)

    async def append(self, document_id: int, entries: Sequence[LogEntry]) -> int:
        """Appends rows and returns the sequence of the last one, when they are durable."""
        appended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def settle(result: AppendResult) -> None:
            if appended.done():  # cancelled
                return
            if result.seq is None:
                appended.set_exception(result.error or LogUnavailable())
            else:
                appended.set_result(result.seq)

        self.documents.append(document_id, entries, settle)
        return await appended


@asynccontextmanager
async def running_node(url: str, folder: Path) -> AsyncIterator[Node]:
    """A started service; its events are collected, its clock stands still."""
    database, clock, events = open_migrated(url), ManualClock(), EventBus()
    journal = ApplyJournal(folder / "applying")
    node = Node(database, DocumentService(database, clock=clock, events=events, journal=journal), journal, clock)
    for event in (DocumentDamaged, DocumentRemoved):
        events.subscribe(event, node.published.append)
    await node.documents.start()
    try:
        yield node
    finally:
        await node.documents.close()
        database.close()
        journal.close()


@pytest.fixture
async def node(database_url: str, tmp_path: Path) -> AsyncIterator[Node]:
    """A node on each database that Atrium supports."""
    async with running_node(database_url, tmp_path) as node:
        yield node


@pytest.fixture
async def other_node(node: Node, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """A second process on the database of `node`."""
    async with running_node(database_url, tmp_path_factory.mktemp("other")) as other:
        yield other


def entry(*updates: bytes, author: str = "user:1", client: int | None = 1, claims: Sequence[int] = ()) -> LogEntry:
    """A log entry; the log does not look into updates, so tests use any bytes."""
    return LogEntry(author, client, updates, tuple(claims))
