"""Tests of `server.documents.writer`: databases that fail; the rest is in `tests/contracts/test_update_log.py`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import event

from server.documents import LogUnavailable
from tests.support.documents import Node, entry, running_node
from tests.support.postgres import PostgresServer, postgres_server


async def append(node: Node, document_id: int, update: bytes = b"x") -> int | Exception:
    try:
        return await node.append(document_id, [entry(update)])
    except LogUnavailable as error:
        return error


async def test_a_full_disk_fails_appends_and_the_thread_lives_on(tmp_path: Path) -> None:
    """Every document is told that it may try again; with room on the disk appends go on, without a gap."""
    async with running_node(f"sqlite:///{tmp_path / 'atrium.db'}", tmp_path) as node:
        records = await node.documents.create_many("p", [("docs/a", None), ("docs/b", None)], author="user:1")
        full = True

        @event.listens_for(node.database.engine, "checkout")
        def on_checkout(connection, _record, _proxy) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages if full else 1 << 30}")

        refused = await asyncio.gather(*(append(node, record.id, bytes(100_000)) for record in records))
        assert all(isinstance(error, LogUnavailable) and error.retryable for error in refused)
        full = False
        assert await asyncio.gather(*(append(node, record.id, bytes(100_000)) for record in records)) == [1, 1]


@pytest.fixture
def mortal_postgres() -> PostgresServer:
    with postgres_server() as server:
        yield server


async def test_a_database_that_goes_away_and_comes_back(mortal_postgres: PostgresServer, tmp_path: Path) -> None:
    """While it is away appends fail soon and may be tried again; what was acknowledged before is there after."""
    async with running_node(mortal_postgres.create_database(), tmp_path) as node:
        items = [(f"docs/{number}", None) for number in range(20)]
        records = await node.documents.create_many("p", items, author="user:1")
        assert await asyncio.gather(*(append(node, record.id) for record in records)) == [1] * 20
        mortal_postgres.crash()
        refused = await asyncio.gather(*(append(node, record.id) for record in records))
        assert all(isinstance(error, LogUnavailable) for error in refused)
        mortal_postgres.start()
        assert await asyncio.gather(*(append(node, record.id) for record in records)) == [2] * 20
