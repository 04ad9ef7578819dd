"""The update log under SIGKILL: a process that appends and compacts dies at random moments, again and again."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from server.documents import DocumentRecord
from tests.support.documents import Node, running_node
from tests.support.killed_log import DOCUMENTS, key, numbers_in
from tests.support.repository import ROOT

KILLS = 25


async def live_and_die(url: str, folder: Path, alive_s: float) -> dict[int, int]:
    """One life; returns the last acknowledged number of each document."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.killed_log", url, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    assert process.stdout is not None
    output = await process.stdout.readline()  # it has come up and acknowledged something
    assert output, "the process did not come up"
    await asyncio.sleep(alive_s)  # the random moment
    process.kill()
    output += await process.stdout.read()
    await process.wait()
    whole = [line.split() for line in output.splitlines(keepends=True) if line.endswith(b"\n")]
    return {int(document): int(number) for document, number in whole}


def check_database(node: Node) -> None:
    """SQLite can check itself; PostgreSQL has survived, only its client was killed."""
    if node.database.is_sqlite:
        check = text("PRAGMA integrity_check")
        assert node.database.read_sync(lambda session: session.execute(check).scalar_one()) == "ok"


async def check(node: Node, record: DocumentRecord, acknowledged: int) -> None:
    """All numbers from 1 on, each once, in order, at least up to the last acknowledged one."""
    loaded = await node.documents.load(record.id)
    numbers = numbers_in(loaded)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= acknowledged
    assert [seq for seq, _ in loaded.entries] == list(range(loaded.snapshot_seq + 1, loaded.record.head + 1))
    assert (await node.documents.get(record.id)).head >= loaded.record.head


@pytest.mark.faults
@pytest.mark.timeout(1200)
async def test_nothing_acknowledged_is_lost(database_url: str, tmp_path: Path) -> None:
    """After each kill the database is sound, and every acknowledged row is there or covered by a snapshot."""
    chance = random.Random(os.environ.get("ATRIUM_TEST_SEED"))
    acknowledged: dict[int, int] = {}
    async with running_node(database_url, tmp_path) as node:
        records = [await node.create(key(number)) for number in range(DOCUMENTS)]
    compactions = 0
    for _ in range(KILLS):
        acknowledged |= await live_and_die(database_url, tmp_path, chance.uniform(0, 0.3))
        async with running_node(database_url, tmp_path) as node:
            check_database(node)
            for number, record in enumerate(records):
                await check(node, record, acknowledged.get(number, 0))
            compactions += sum([(await node.documents.load(record.id)).snapshot is not None for record in records])
            assert await node.documents.quarantined() == []
    assert compactions > 0
