"""Many clients meet in rooms that nobody has opened before."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import SyncClient, hocuspocus, y_websocket

ROOMS = 100
CLIENTS = 5


async def join(stack: AsyncExitStack, atrium: Atrium, document: str, number: int) -> SyncClient:
    dialect = y_websocket if number % 2 else hocuspocus
    client = await stack.enter_async_context(dialect(atrium.sync_url, document, ADMIN_TOKEN))
    await client.step1()
    await client.hears("step2", timeout_s=120)
    return client


@pytest.mark.timeout(300)
async def test_nobody_is_stuck(shared_atrium: Atrium) -> None:
    """A hundred new rooms, five clients each, all at once: everybody is synced, and hears the others."""
    project = shared_atrium.create_project()
    names = [f"{project}/docs/room-{room}" for room in range(ROOMS)]
    async with AsyncExitStack() as stack:
        joining = [join(stack, shared_atrium, name, number) for name in names for number in range(CLIENTS)]
        clients = await asyncio.gather(*joining)
        rooms = [clients[start : start + CLIENTS] for start in range(0, len(clients), CLIENTS)]
        await asyncio.gather(*(members[0].type(name) for members, name in zip(rooms, names, strict=True)))
        for members, name in zip(rooms, names, strict=True):
            for client in members:
                await client.shows(name)
