from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from server.kit.database import Database
from server.sessions.writes import OrderedWrites


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    database.write_sync(lambda db: db.execute(text("CREATE TABLE word (word TEXT UNIQUE)")))
    yield database
    database.close()


def put(word: str) -> Any:
    def work(db: Session) -> str:
        db.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})
        return word

    return work


async def test_what_waits_is_one_transaction(database: Database) -> None:
    """Each gets its own answer, in order, and a thousand cost a few commits."""
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    writes = OrderedWrites(database)
    answers = await asyncio.gather(*(writes.write(put(f"w{number}")) for number in range(1000)))
    assert answers == [f"w{number}" for number in range(1000)]
    assert len(commits) <= 3
    found = await database.read(lambda db: db.execute(text("SELECT word FROM word ORDER BY rowid")).scalars().all())
    assert list(found) == answers


async def test_a_failure_is_its_author_s_alone(database: Database) -> None:
    """Whoever waits in the same transaction is written all the same."""
    writes = OrderedWrites(database)
    one, two, three = await asyncio.gather(
        writes.write(put("a")), writes.write(put("a")), writes.write(put("b")), return_exceptions=True
    )
    assert (one, three) == ("a", "b")
    assert "UNIQUE" in str(two)
