from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, insert, select, update
from sqlmodel import Session

from server.kit.database import Database
from server.leases import Fenced, guarded_update

METADATA = MetaData()
BRANCH = Table(
    "branch",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("head", Integer),
    Column("last_fence", BigInteger),
)
LATE, LATER = (1 << 32) + 1, (2 << 32) + 1


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """With one row that a lease protects, on both databases."""
    database = Database(database_url)
    METADATA.create_all(database.engine)
    database.write_sync(lambda session: session.execute(insert(BRANCH).values(id=1, head=0, last_fence=0)))
    yield database
    database.close()


def move(session: Session, head: int, fence: int, id: int = 1) -> None:
    guarded_update(session, update(BRANCH).where(BRANCH.c.id == id).values(head=head), BRANCH.c.last_fence, fence)


def test_a_later_fence_shuts_out_earlier_ones(database: Database) -> None:
    """A holder writes as often as it likes, until somebody with a greater fence has written."""
    for head, fence in ((1, LATE), (2, LATE), (3, LATER)):
        database.write_sync(lambda session, head=head, fence=fence: move(session, head, fence))
    with pytest.raises(Fenced):
        database.write_sync(lambda session: move(session, 4, LATE))
    row = database.read_sync(lambda session: session.execute(select(BRANCH)).one())
    assert (row.head, row.last_fence) == (3, LATER)


def test_what_is_not_there_is_not_written(database: Database) -> None:
    """No row to change is no success."""
    with pytest.raises(Fenced):
        database.write_sync(lambda session: move(session, 1, LATE, id=2))
