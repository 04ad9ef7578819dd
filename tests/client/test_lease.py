from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client import AtriumClient, AtriumClientError, Lease, LeaseLost, LeaseRefused
from tests.support.gateway import Serving, serving
from tests.support.waiting import eventually, until


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "data") as server:
        await server.project()
        yield server


@pytest.fixture
async def ada(server: Serving) -> AsyncIterator[AtriumClient]:
    token = await server.member(await server.project(), "owner", "ada")
    async with AtriumClient(server.url, token, project="acme") as client:
        yield client


async def test_a_block_with_a_lease(ada: AtriumClient) -> None:
    """Inside the block the lease is held, after it free; each has a greater fence."""
    async with ada.lease("git:main") as first:
        [held] = (await ada.leases("acme")).items
        assert (held.resource_id, held.fence, held.state) == ("main", first.fence, "held")
    assert (await ada.leases("acme")).items == []
    async with ada.lease("git:main") as second:
        assert second.fence > first.fence


async def test_waiting_for_one_s_turn(ada: AtriumClient) -> None:
    """The second gets it when the first leaves its block."""
    order: list[str] = []

    async def work(name: str, entered: asyncio.Event, leave: asyncio.Event) -> None:
        async with ada.lease("database:orders", wait_s=60):
            order.append(name)
            entered.set()
            await leave.wait()

    entered, leave = [asyncio.Event(), asyncio.Event()], [asyncio.Event(), asyncio.Event()]
    first = asyncio.create_task(work("first", entered[0], leave[0]))
    await entered[0].wait()
    second = asyncio.create_task(work("second", entered[1], leave[1]))
    await eventually(lambda: ada.leases("acme"), lambda found: found.waiting)
    assert order == ["first"]
    leave[0].set()
    await entered[1].wait()
    leave[1].set()
    await asyncio.gather(first, second)


async def test_not_obtained(ada: AtriumClient) -> None:
    """Refused at once without patience, and after the time to wait; either leaves nothing behind."""
    async with ada.lease("git:main"):
        for wait_s, code in ((0.0, "lease.held"), (0.1, "lease.timeout")):
            with pytest.raises(LeaseRefused) as refused:
                async with ada.lease("git:main", wait_s=wait_s):
                    pytest.fail("two have it")
            assert refused.value.code == code
    listed = await ada.leases("acme")
    assert (listed.items, listed.waiting) == ([], [])


async def test_shared(ada: AtriumClient) -> None:
    """Readers share what a writer has alone."""
    async with ada.lease("project", mode="s"), ada.lease("project", mode="s"):
        with pytest.raises(LeaseRefused):
            async with ada.lease("project", wait_s=0):
                pytest.fail("a writer among readers")


async def test_malformed(ada: AtriumClient) -> None:
    """What no lease can be about is an error."""
    with pytest.raises(AtriumClientError) as error:
        async with ada.lease("weather:sunny"):
            pytest.fail("no such thing")
    assert error.value.code == "lease.invalid_resource"


async def test_a_project_one_may_not_see(server: Serving) -> None:
    """The refusal of the socket is the error."""
    async with AtriumClient(server.url, "nonsense", project="acme") as client:
        with pytest.raises(AtriumClientError) as error:
            async with client.lease("git:main"):
                pytest.fail("let in")
    assert error.value.status == 4401


async def test_a_stolen_lease_ends_the_block(ada: AtriumClient) -> None:
    """It is cancelled where it waits, and the caller is told why; the caller itself goes on."""

    async def work() -> None:
        async with ada.lease("git:main"):
            await ada.steal_lease("acme", "git:main", "release day")
            await asyncio.Event().wait()

    with pytest.raises(LeaseLost, match="release day"):
        await work()
    async with ada.lease("git:main"):
        pass


async def test_an_error_of_the_block_passes(ada: AtriumClient) -> None:
    """And the lease is free all the same."""
    with pytest.raises(ZeroDivisionError):
        async with ada.lease("git:main"):
            raise ZeroDivisionError
    assert (await ada.leases("acme")).items == []


async def test_a_broken_connection_is_mended(server: Serving, ada: AtriumClient) -> None:
    """The session is resumed, the lease and its fence stay."""
    async with ada.lease("git:main") as lease:
        for socket in list(server.services.control._sockets):
            socket.connection._socket.transport.abort()
        await until(lambda: not is_connected(lease), what="the loss")
        await until(lambda: is_connected(lease), what="the return")
        [held] = (await ada.leases("acme")).items
        assert (held.fence, held.state) == (lease.fence, "held")


def is_connected(lease: Lease) -> bool:
    return lease._session._connected.is_set()


async def test_a_silent_server_ends_the_block(server: Serving, ada: AtriumClient) -> None:
    """Who cannot confirm the lease any more stops by itself, before somebody else may have it."""

    async def work() -> None:
        async with ada.lease("file:a.txt", ttl_s=1.0):
            server.services.gateway.draining = True
            for socket in list(server.services.control._sockets):
                socket.connection._socket.transport.abort()
            await asyncio.Event().wait()

    with pytest.raises(LeaseLost, match="could not be confirmed"):
        await work()
    server.services.gateway.draining = False
