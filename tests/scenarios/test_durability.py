"""What was acknowledged, or seen by anybody else, survives SIGKILL at any moment."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import HocuspocusClient, hocuspocus
from tests.support.waiting import until

WRITERS = 10
UNACKNOWLEDGED = 8
"""As many edits a writer sends ahead of its receipts."""
RUNS_PER_DOCUMENT = 5
"""After that many kills the writers go on in new documents, so that reading them does not take ever longer."""


@dataclass(slots=True)
class Writer:
    """One client that types numbered words, and remembers them in the order of their receipts."""

    name: str
    client: HocuspocusClient
    typed: list[str] = field(default_factory=list)

    async def write(self) -> None:
        """Types until the connection breaks."""
        with suppress(ConnectionClosed):
            while True:
                await until(lambda: len(self.typed) - self._receipts() < UNACKNOWLEDGED, what="a receipt")
                word = f"{self.name}.{len(self.typed)} "
                self.typed.append(word)
                await self.client.edit(lambda text, word=word: text.insert(0, word))

    def _receipts(self) -> int:
        # The first receipt is for the Step2 that answered the server's Step1.
        return (
            max(0, len(self.client.heard("status")) - 1) if self.client.socket.close_code is None else len(self.typed)
        )

    def acknowledged(self) -> set[str]:
        return set(self.typed[: max(0, self.client.saved - 1)])

    def seen(self) -> set[str]:
        """The words of others that have reached this client."""
        return {f"{word} " for word in self.client.content.split() if not word.startswith(f"{self.name}.")}


async def write_until_killed(atrium: Atrium, documents: list[str], run: int) -> dict[str, set[str]]:
    """One run of ten writers that ends in SIGKILL; returns the words each document must have from now on."""
    async with AsyncExitStack() as stack:
        writers: dict[str, list[Writer]] = {document: [] for document in documents}
        for number in range(WRITERS):
            document = documents[number % len(documents)]
            client = await stack.enter_async_context(hocuspocus(atrium.sync_url, document, ADMIN_TOKEN))
            await client.synced()
            await client.hears("status")
            writers[document].append(Writer(f"r{run}w{number}", client))
        everybody = [writer for group in writers.values() for writer in group]
        writing = [asyncio.create_task(writer.write()) for writer in everybody]
        await until(lambda: all(writer.acknowledged() for writer in everybody), what="a receipt for everybody")
        await asyncio.sleep(random.uniform(0, 0.4))  # the moment of the fault
        await asyncio.to_thread(atrium.sigkill)
        await asyncio.gather(*writing)
        for writer in everybody:
            await writer.client.closed()
        return {
            document: set().union(*(writer.acknowledged() | writer.seen() for writer in group))
            for document, group in writers.items()
        }


async def words_of(atrium: Atrium, document: str) -> set[str]:
    """What a client that never was here before gets."""
    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as reader:
        await reader.synced()
        return {f"{word} " for word in reader.content.split()}


def check_integrity(database_url: str) -> None:
    """A SQLite file is whole; PostgreSQL has no such command and checks its own pages."""
    if database_url.startswith("sqlite:///"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.faults)])
async def test_nothing_seen_is_ever_lost(kills: int, database_url: str, tmp_path: Path) -> None:
    """Ten writers, SIGKILL at random moments: every acknowledged edit and every edit another client saw is there."""
    promised: dict[str, set[str]] = {}
    with Atrium(tmp_path / "data", ATRIUM_DATABASE_URL=database_url) as atrium:
        project = atrium.create_project()
        for run in range(kills):
            if run % RUNS_PER_DOCUMENT == 0:
                documents = [atrium.create_file(project, f"{run}.txt"), *(f"{project}/docs/{run}-{n}" for n in "ab")]
            for document, words in (await write_until_killed(atrium, documents, run)).items():
                promised.setdefault(document, set()).update(words)
            await asyncio.to_thread(check_integrity, database_url)
            await asyncio.to_thread(atrium.start)
            for document in documents if run < kills - 1 else promised:
                words = promised[document]
                lost = words - await words_of(atrium, document)
                assert not lost, f"run {run}: {len(lost)} of {len(words)} words lost: {sorted(lost)[:10]}"
    assert sum(map(len, promised.values())) > kills * WRITERS


async def test_a_receipt_follows_the_log(atrium: Atrium) -> None:
    """An edit is in the log when its receipt arrives: killed at that very moment, the server has it again."""
    document = atrium.create_file(atrium.create_project(), "a.txt")
    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as writer:
        await writer.synced()
        await writer.type("acknowledged")
        await writer.all_saved()
        atrium.restart()
    assert atrium.read_file(document) == "acknowledged"
