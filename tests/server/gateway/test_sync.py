"""One socket: which dialect is spoken, which documents are open."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crdt_docs.lib0 import var_string
from tests.support.atrium import ADMIN_TOKEN
from tests.support.clients import HocuspocusClient, hocuspocus, open_socket, y_websocket
from tests.support.gateway import ADMINISTRATOR, Serving, serving
from tests.support.waiting import PATIENCE_S, until

DOCUMENT = "acme/docs/a"
POLICY, BAD_REQUEST, TIMEOUT = 1008, 4400, 4408


async def test_both_dialects_meet(server: Serving) -> None:
    """A y-websocket and a Hocuspocus client of one document see each other's edits."""
    async with (
        y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as one,
        hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as two,
    ):
        await one.synced()
        await two.synced()
        await one.type("hello")
        await two.shows("hello")
        await two.type(" world")
        await one.shows("hello world")


async def test_hocuspocus_at_a_documents_address(server: Serving) -> None:
    """The first byte tells the dialect, so Hocuspocus is understood where y-websocket clients connect."""
    async with hocuspocus(f"{server.sync_url}/acme/docs/other", DOCUMENT, ADMIN_TOKEN) as client:
        await client.synced()


async def test_y_websocket_without_a_document(server: Serving) -> None:
    """A y-websocket client that names no document is told where the name goes."""
    async with open_socket(server.sync_url, additional_headers=ADMINISTRATOR) as socket:
        await socket.send(b"\x00\x00\x01\x00")
        await socket.wait_closed()
        assert socket.close_code == BAD_REQUEST
        assert "/sync/{project}" in (socket.close_reason or "")


@pytest.mark.parametrize(
    "frame",
    [b"", b"\x00", b"\x00\x07\x00", b"\x00\x00\xff", b"\x05acme", b"\x01a\x63", b"\x01\xff\x02\x00\x00", b"\xff" * 20],
)
async def test_malformed_frames(frame: bytes, server: Serving) -> None:
    """What is no message closes its socket with 4400 and a reason."""
    async with open_socket(f"{server.sync_url}/{DOCUMENT}", additional_headers=ADMINISTRATOR) as socket:
        await socket.send(frame)
        await socket.wait_closed()
        assert socket.close_code == BAD_REQUEST
        assert socket.close_reason


async def test_many_documents_on_one_socket(server: Serving) -> None:
    """64 documents share a socket, each answered under its own address, and closing one leaves the others."""
    async with open_socket(server.sync_url, additional_headers=ADMINISTRATOR) as socket:
        clients = {name: HocuspocusClient(socket, name) for name in (f"acme/docs/{n}" for n in range(64))}

        async def read() -> None:
            async for frame in socket:
                assert isinstance(frame, bytes)
                length = frame[0]  # names are shorter than 128 bytes
                client = clients[frame[1 : 1 + length].decode()]
                await client.hear(frame[1 + length :])

        reading = asyncio.create_task(read())
        for name, client in clients.items():
            await client.authenticate("")
            await client.step1()
            await client.type(name)
        first, *others = clients.values()
        for client in clients.values():
            await client.all_saved()
        await first.send(b"\x07")
        await others[-1].type("!")
        await others[-1].all_saved()
        assert len(server.services.rooms) == 64
        reading.cancel()
    await until(lambda: len(server.services.rooms) == 0, what="every room is let go")


async def test_documents_per_socket_are_limited(tmp_path: Path) -> None:
    """One document more than allowed closes the socket; opening one again is not one more."""
    async with serving(tmp_path / "data", {"documents_per_connection": 2}) as server:
        await server.project()
        async with open_socket(server.sync_url, additional_headers=ADMINISTRATOR) as socket:
            for name in ("a", "b", "a"):
                await socket.send(var_string(f"acme/docs/{name}") + b"\x02\x00\x00")
                await socket.recv()
            await socket.send(var_string("acme/docs/c") + b"\x02\x00\x00")
            await socket.wait_closed()
            assert socket.close_code == POLICY


async def test_nobody_signs_in(tmp_path: Path) -> None:
    """A socket on which nobody signs in is closed after the time for it, whatever else it says."""
    async with serving(tmp_path / "data", {"authentication_s": 2}) as server:
        await server.project()
        async with (
            open_socket(server.sync_url) as silent,
            hocuspocus(server.sync_url, DOCUMENT, "wrong") as denied,
            hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as signed_in,
            open_socket(server.sync_url, additional_headers=ADMINISTRATOR),
        ):
            await asyncio.wait_for(silent.wait_closed(), PATIENCE_S)
            assert silent.close_code == TIMEOUT
            assert await denied.closed() == TIMEOUT
            await signed_in.synced()


async def test_the_answer_to_a_ping(server: Serving) -> None:
    """A bare pong of a Hocuspocus client is taken and means nothing."""
    async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.socket.send(b"\x0a")
        await client.synced()
