"""Tests of `server.kit.database` and `server.kit.columns`, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import StatementError
from sqlmodel import Session

from server.kit.columns import UtcDateTime
from server.kit.database import Database

METADATA = MetaData()
THING = Table("thing", METADATA, Column("id", Integer, primary_key=True), Column("at", UtcDateTime))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    METADATA.create_all(database.engine)
    yield database
    database.close()


def add(session: Session, at: datetime | None = None) -> None:
    session.execute(insert(THING).values(at=at))


def count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(THING)).scalar_one()


async def test_a_write_that_returns_is_committed(database: Database) -> None:
    """What `write` did is there for the next `read`."""
    await database.write(add)
    assert await database.read(count) == 1


async def test_a_write_that_raises_leaves_nothing(database: Database) -> None:
    """A failing function's changes are rolled back, and its error passes through."""

    def fail(session: Session) -> None:
        add(session)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)
    assert await database.read(count) == 0


async def test_concurrent_writes_all_succeed(database: Database) -> None:
    """Writers that read before they write wait for each other; none fails because the database is locked."""

    def read_then_add(session: Session) -> None:
        count(session)
        add(session)

    await asyncio.gather(*(database.write(read_then_add) for _ in range(20)))
    assert await database.read(count) == 20


async def test_reading_goes_on_while_a_write_is_open(database: Database) -> None:
    """A reader sees the last committed state and does not wait for the writer."""
    with database.writing() as cursor:
        cursor.execute("INSERT INTO thing (at) VALUES (NULL)")
        assert await database.read(count) == 0
    assert await database.read(count) == 1


@pytest.mark.parametrize(("durability", "level"), [("power", 2), ("process", 1)])
def test_sqlite_durability_is_the_synchronous_pragma(tmp_path, durability, level) -> None:
    """`power` is FULL (2), `process` is NORMAL (1); both in WAL mode with foreign keys."""
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", durability=durability)
    pragmas = ("synchronous", "journal_mode", "foreign_keys")
    values = database.read_sync(lambda session: [session.execute(text(f"PRAGMA {p}")).scalar_one() for p in pragmas])
    database.close()
    assert values == [level, "wal", 1]


@pytest.mark.parametrize(("durability", "value"), [("power", "on"), ("process", "off")])
def test_postgresql_durability_is_synchronous_commit(postgres_url: str, durability, value: str) -> None:
    """`power` waits for the write-ahead log, `process` does not."""
    database = Database(postgres_url, durability=durability)
    actual = database.read_sync(lambda session: session.execute(text("SHOW synchronous_commit")).scalar_one())
    database.close()
    assert actual == value


async def test_times_come_back_in_utc(database: Database) -> None:
    """A time in any zone is the same moment afterwards, aware and in UTC."""
    at = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5)))
    await database.write(lambda session: add(session, at))
    stored = await database.read(lambda session: session.execute(select(THING.c.at)).scalar_one())
    assert stored == at
    assert stored.tzinfo == UTC


async def test_naive_times_are_refused(database: Database) -> None:
    """A time without a zone could mean any moment: storing it fails."""
    with pytest.raises(StatementError, match="has no time zone"):
        await database.write(lambda session: add(session, datetime(2026, 3, 1)))


def test_a_checkpoint_moves_the_log_into_the_database(tmp_path: Path) -> None:
    """What was committed is in the database file itself after a checkpoint, also while somebody still reads."""
    database = Database(f"sqlite:///{tmp_path / 'atrium.db'}")
    database.write_sync(lambda session: session.execute(text("CREATE TABLE word (text VARCHAR)")))
    with database.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM word"))
        database.write_sync(lambda session: session.execute(text("INSERT INTO word VALUES ('kept')")))
        database.checkpoint()
    database.checkpoint()
    assert b"kept" in (tmp_path / "atrium.db").read_bytes()
    database.close()
