"""The door: who is admitted, who is closed when, and how the server empties itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from ipaddress import ip_network
from itertools import count
from pathlib import Path

import pytest
from starlette.websockets import WebSocket

from server.access import AccessChanged, Principal
from server.gateway.channel import Channel
from server.gateway.gateway import RECHECKED_AT_ONCE
from server.kit import metrics
from tests.support.atrium import ADMIN_TOKEN
from tests.support.clients import hocuspocus, open_socket, y_websocket
from tests.support.gateway import ADMINISTRATOR, Serving, serving
from tests.support.network import connect, handshake, reset
from tests.support.waiting import PATIENCE_S, until

DOCUMENT = "acme/docs/a"
GOING_AWAY, INTERNAL, TRY_AGAIN, UNAUTHENTICATED = 1001, 1011, 1013, 4401


async def refused(url: str, **headers: str) -> int | None:
    """The close code of a socket that is not admitted."""
    async with open_socket(url, additional_headers=ADMINISTRATOR | headers) as socket:
        await asyncio.wait_for(socket.wait_closed(), PATIENCE_S)
        return socket.close_code


async def test_sockets_per_address(tmp_path: Path) -> None:
    """One address has so many sockets and no more; those that end make room."""
    async with serving(tmp_path / "data", {"connections_per_address": 2}) as server:
        await server.project()
        async with open_socket(server.sync_url, additional_headers=ADMINISTRATOR):
            async with open_socket(server.sync_url, additional_headers=ADMINISTRATOR):
                assert await refused(server.sync_url) == TRY_AGAIN
            async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
                await client.synced()


async def test_sockets_per_address_behind_a_proxy(tmp_path: Path) -> None:
    """Clients behind a trusted proxy are counted each for themselves."""
    proxies = (ip_network("127.0.0.0/8"),)
    async with serving(tmp_path / "data", {"connections_per_address": 1}, trusted_proxies=proxies) as server:
        one = ADMINISTRATOR | {"X-Forwarded-For": "203.0.113.1"}
        two = ADMINISTRATOR | {"X-Forwarded-For": "203.0.113.2"}
        async with open_socket(server.sync_url, additional_headers=one):
            assert await refused(server.sync_url, **{"X-Forwarded-For": "203.0.113.1"}) == TRY_AGAIN
            async with open_socket(server.sync_url, additional_headers=two) as other:
                await other.ping()


async def test_sockets_in_all(tmp_path: Path) -> None:
    """The server carries so many sockets and no more."""
    async with (
        serving(tmp_path / "data", {"connections": 1}) as server,
        open_socket(server.sync_url, additional_headers=ADMINISTRATOR),
    ):
        assert await refused(server.sync_url) == TRY_AGAIN


async def test_sockets_per_user(tmp_path: Path) -> None:
    """One user has so many sockets, however each signs in; others have theirs, and who comes again later gets in."""
    async with serving(tmp_path / "data", {"connections_per_user": 1}) as server:
        token = await server.member(await server.project(), "editor")
        async with hocuspocus(server.sync_url, DOCUMENT, token) as first:
            await first.synced()
            for dialect in (y_websocket, hocuspocus):
                async with dialect(server.sync_url, DOCUMENT, token) as second:
                    assert await second.closed() == TRY_AGAIN
                    assert second.kinds() == []
            async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as other:
                await other.synced()
        await until(lambda: server.services.gateway._hall.sockets == 0, what="everybody is gone")
        async with y_websocket(server.sync_url, DOCUMENT, token) as again:
            await again.synced()


async def test_sockets_per_project(tmp_path: Path) -> None:
    """One project has so many sockets, whoever they are of; a socket that closes its document makes room."""
    async with serving(tmp_path / "data", {"connections_per_project": 1}) as server:
        for slug in ("acme", "other"):
            await server.project(slug)
        async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as first:
            await first.synced()
            async with y_websocket(server.sync_url, "acme/docs/b", ADMIN_TOKEN) as second:
                await second.step1()
                assert await second.closed() == TRY_AGAIN
            async with y_websocket(server.sync_url, "other/docs/a", ADMIN_TOKEN) as elsewhere:
                await elsewhere.synced()
            await first.send(b"\x07")
            async with hocuspocus(server.sync_url, "acme/docs/b", ADMIN_TOKEN) as third:
                await third.synced()


async def test_sockets_count_from_their_handshake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handshakes that wait for their token to be checked are counted, and forgotten when their client goes."""
    checking = asyncio.Event()

    async def slow(_websocket: WebSocket) -> Principal:
        await checking.wait()
        raise OSError("the disk is gone")

    async with serving(tmp_path / "data", {"connections_per_address": 2}) as server:
        with monkeypatch.context() as patch:
            patch.setattr(server.services.authenticator, "connection", slow)
            waiting = [connect(server.port) for _ in range(2)]
            for sock in waiting:
                sock.sendall(handshake("/sync"))
            await until(lambda: server.services.gateway._hall.sockets == 2, what="both are counted")
            assert await refused(server.sync_url) == TRY_AGAIN
            for sock in waiting:
                reset(sock)
            checking.set()
        await until(lambda: server.services.gateway._hall.sockets == 0, what="nobody is counted")
        async with open_socket(server.sync_url, additional_headers=ADMINISTRATOR) as socket:
            await socket.ping()


async def test_a_token_is_revoked(server: Serving) -> None:
    """Every socket that the token opened is closed with 4401, those of other tokens are not."""
    token = await server.member(await server.project(), "editor")
    async with (
        y_websocket(server.sync_url, DOCUMENT, token) as one,
        hocuspocus(server.sync_url, DOCUMENT, token) as two,
        hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as other,
    ):
        for client in (one, two, other):
            await client.synced()
        await server.services.tokens.revoke(token.split("_")[2])
        assert await one.closed() == UNAUTHENTICATED
        assert await two.closed() == UNAUTHENTICATED
        await other.type("still here")
        await other.all_saved()


async def test_a_token_is_revoked_elsewhere(server: Serving) -> None:
    """A revocation that no event tells of, because another process did it, is found by the sweep."""
    token = await server.member(await server.project(), "editor")
    async with y_websocket(server.sync_url, DOCUMENT, token) as client:
        await client.synced()
        server.services.events._handlers.clear()
        await server.services.tokens.revoke(token.split("_")[2])
        assert await client.closed() == UNAUTHENTICATED


async def test_a_token_is_revoked_while_the_document_opens(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that was good when it was checked opens nothing that stays open."""
    token = await server.member(await server.project(), "editor")
    authenticator = server.services.authenticator
    check, checked, go_on = authenticator.token, asyncio.Event(), asyncio.Event()

    async def slow(text: str, *, address: str) -> Principal:
        principal = await check(text, address=address)
        checked.set()
        await go_on.wait()
        return principal

    monkeypatch.setattr(authenticator, "token", slow)
    async with hocuspocus(server.sync_url, DOCUMENT, token) as client:
        await checked.wait()
        await server.services.tokens.revoke(token.split("_")[2])
        go_on.set()
        assert await client.closed() == UNAUTHENTICATED


async def test_rights_are_asked_again_in_pieces(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the rights of many may have changed, edits get their turn between the questions."""
    loop, asked, turns, recheck = asyncio.get_running_loop(), Counter[int](), count(), Channel.recheck
    now = next(turns)

    def turn() -> None:
        nonlocal now
        now = next(turns)
        loop.call_soon(turn)

    async def counted(channel: Channel) -> None:
        asked[now] += 1
        await recheck(channel)

    monkeypatch.setattr(Channel, "recheck", counted)
    project = await server.project()
    many = 3 * RECHECKED_AT_ONCE
    async with AsyncExitStack() as stack:
        for _ in range(many):
            client = y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN)
            await (await stack.enter_async_context(client)).synced()
        asked.clear()
        turn()
        server.services.events.publish(AccessChanged(project.id, None))
        await until(lambda: asked.total() >= many, what="everybody's rights being asked again")
    assert max(asked.values()) <= RECHECKED_AT_ONCE


async def test_a_database_that_is_away(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """While tokens cannot be looked up, sockets stay and heartbeats go on; afterwards revocation works again."""
    authenticator, away = server.services.authenticator, asyncio.Event()
    sweep = authenticator.sweep

    async def hanging(token_ids: set[str]) -> set[str]:
        if not away.is_set():
            away.set()
            raise OSError("the disk is gone")
        return await sweep(token_ids)

    monkeypatch.setattr(authenticator, "sweep", hanging)
    async with open_socket(f"{server.sync_url}/{DOCUMENT}?heartbeat=2", additional_headers=ADMINISTRATOR) as socket:
        await socket.send(b"\x00\x00\x01\x00")
        await away.wait()
        for _ in range(4):
            last = await asyncio.wait_for(socket.recv(), PATIENCE_S)
        assert last == b"\x01\x01\x00"


async def test_drain(server: Serving) -> None:
    """Draining closes every socket with 1001, also those that are just being opened, and admits none."""
    gateway = server.services.gateway
    async with (
        y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as one,
        hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as two,
        server.client() as rest,
    ):
        await one.synced()
        await gateway.drain()
        assert await one.closed() == GOING_AWAY
        assert await two.closed() == GOING_AWAY
        assert await refused(server.sync_url) == GOING_AWAY
        answer = await rest.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "draining"})
    await until(lambda: len(server.services.rooms) == 0, what="every room is let go")


async def test_drain_during_a_handshake(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket whose token is being checked when the drain begins is not let in afterwards."""
    authenticator, reached, go_on = server.services.authenticator, asyncio.Event(), asyncio.Event()
    check = authenticator.connection

    async def slow(websocket: WebSocket) -> Principal:
        reached.set()
        await go_on.wait()
        return await check(websocket)

    monkeypatch.setattr(authenticator, "connection", slow)
    closing = asyncio.create_task(refused(server.sync_url))
    await reached.wait()
    await server.services.gateway.drain()
    go_on.set()
    assert await closing == GOING_AWAY


async def test_drain_while_a_document_opens(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client whose document is being loaded when the drain begins is closed like the others, and holds nothing."""
    load, reached, go_on = server.services.documents.load, asyncio.Event(), asyncio.Event()

    async def slow(document_id: int) -> object:
        reached.set()
        await go_on.wait()
        return await load(document_id)

    monkeypatch.setattr(server.services.documents, "load", slow)
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.step1()
        await reached.wait()
        await server.services.gateway.drain()
        assert await client.closed() == GOING_AWAY
    go_on.set()
    await until(lambda: len(server.services.rooms) == 0, what="the room is let go")


async def test_drain_is_spread(tmp_path: Path) -> None:
    """Many sockets are closed one after the other: the first is gone before the drain is over."""
    async with serving(tmp_path / "data", drain_s=0.5) as server:
        clients = [asyncio.create_task(refused(server.sync_url)) for _ in range(30)]
        await until(lambda: metrics.REGISTRY.get_sample_value("atrium_connections") == 30)
        draining = asyncio.create_task(server.services.gateway.drain())
        await asyncio.wait(clients, return_when=asyncio.FIRST_COMPLETED)
        assert not draining.done()
        await draining
        assert await asyncio.gather(*clients) == [GOING_AWAY] * 30
