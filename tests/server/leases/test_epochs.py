from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from server.kit.database import Database
from server.leases import OwnerChanged, epochs
from server.leases.epochs import FIRST_EPOCH, Owner
from server.migrations import upgrade


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """On both databases."""
    database = Database(database_url)
    upgrade(database.engine)
    yield database
    database.close()


async def test_no_epoch_is_given_twice(database: Database) -> None:
    """Whoever asks at the same time gets different ones; projects count for themselves."""
    asked = [database.write(lambda session: epochs.next_epoch(session, "p")) for _ in range(20)]
    assert sorted(await asyncio.gather(*asked)) == list(range(FIRST_EPOCH, FIRST_EPOCH + 20))
    assert await database.write(lambda session: epochs.next_epoch(session, "q")) == FIRST_EPOCH


async def test_an_epoch_is_above_what_the_store_has_seen(database: Database) -> None:
    """A database restored from a backup does not begin an epoch that was there before."""
    assert await database.write(lambda session: epochs.next_epoch(session, "p", 7)) == 8
    assert await database.write(lambda session: epochs.next_epoch(session, "p", 20)) == 21
    assert await database.write(lambda session: epochs.next_epoch(session, "p", 3)) == 22


async def test_exactly_one_takes_over(database: Database) -> None:
    """Of many nodes that try at once one becomes the owner; the others are told."""
    seen = await database.read(epochs.owner)
    assert seen == Owner("", 0)

    async def take(node: str) -> Owner | None:
        try:
            return await database.write(lambda session: epochs.change_owner(session, node, seen))
        except OwnerChanged:
            return None

    winners = [owner for owner in await asyncio.gather(*(take(f"node-{n}") for n in range(10))) if owner]
    assert winners == [await database.read(epochs.owner)]
    assert winners[0].term == 1


async def test_a_change_of_owner_fences_every_project(database: Database) -> None:
    """The next epoch of each project leaves one out: nobody who has missed the change can have it."""
    await database.write(lambda session: epochs.next_epoch(session, "p"))
    await database.write(lambda session: epochs.change_owner(session, "node", Owner("", 0)))
    assert await database.write(lambda session: epochs.next_epoch(session, "p")) == FIRST_EPOCH + 2
