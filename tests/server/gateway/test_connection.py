"""One socket's budgets, its liveness and its back-pressure."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from server.kit import metrics
from server.rooms import Room
from tests.support.atrium import ADMIN_TOKEN
from tests.support.clients import KEEPALIVE, SyncClient, hocuspocus, open_socket, y_websocket
from tests.support.gateway import ADMINISTRATOR, Serving, raw_socket, reading_pauses, serving
from tests.support.network import client_frame
from tests.support.waiting import PATIENCE_S, until

DOCUMENT = "acme/docs/a"
INTERNAL, TRY_AGAIN = 1011, 1013


async def test_too_many_frames(tmp_path: Path) -> None:
    """Over its budget of frames a client is read more slowly; it loses nothing and is not closed."""
    limits = {"frames_per_s": 200, "frames_burst": 20}
    async with serving(tmp_path / "data", limits) as server:
        await server.project()
        async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
            await client.synced()
            before = reading_pauses()
            for _ in range(300):
                await client.type("x")
            await client.all_saved()
            assert reading_pauses() > before


async def test_too_many_bytes(tmp_path: Path) -> None:
    """The same holds for bytes."""
    limits = {"inbound_bytes_per_s": 50_000, "inbound_bytes_burst": 10_000}
    async with serving(tmp_path / "data", limits) as server:
        await server.project()
        async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
            await client.synced()
            before = reading_pauses()
            for _ in range(10):
                await client.type("x" * 8_000)
            await client.all_saved()
            assert reading_pauses() > before


async def test_a_flood_of_tiny_frames(tmp_path: Path) -> None:
    """A read full of tiny frames passes the budget by no more than a slice of it; nobody else waits for the rest."""
    async with serving(tmp_path / "data", {"frames_per_s": 1, "frames_burst": 50}) as server:
        await server.project()
        async with (
            hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as bystander,
            raw_socket(server.port, f"/sync/{DOCUMENT}?token={ADMIN_TOKEN}") as sock,
        ):
            await bystander.synced()
            sock.sendall(client_frame(b"\x00\x00\x01\x00"))
            await asyncio.to_thread(sock.recv, 100)
            before, pauses = frames_read(), reading_pauses()
            flood = asyncio.create_task(asyncio.to_thread(send_all, sock, client_frame(b"\x03") * 60_000))
            await until(lambda: reading_pauses() > pauses, what="the pause")
            await bystander.round_trip()
            assert frames_read() - before < 50 + 200
            sock.shutdown(socket.SHUT_RDWR)  # wakes up the thread that sends
        await flood


def frames_read() -> float:
    """How many frames the server has read."""
    return metrics.REGISTRY.get_sample_value("atrium_frames_received_total") or 0


async def test_a_heartbeat(server: Serving) -> None:
    """A client that asks for it hears something again and again."""
    async with open_socket(f"{server.sync_url}/{DOCUMENT}?heartbeat=2", additional_headers=ADMINISTRATOR) as socket:
        await socket.send(b"\x00\x00\x01\x00")
        for _ in range(2):  # our Step1, and Step2
            await socket.recv()
        for _ in range(2):
            assert await asyncio.wait_for(socket.recv(), PATIENCE_S) == b"\x01\x01\x00"


def heartbeats(client: SyncClient) -> int:
    """How many signs of life the client has heard."""
    return sum((said.kind, said.value) == KEEPALIVE for said in client.said)


async def test_a_heartbeat_as_often_as_asked_for(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a sign of life every two seconds hears many until another, content with ten, hears its first."""
    monkeypatch.setattr("server.gateway.gateway.TICK_S", 0.05)  # the heartbeats are counted in ticks
    async with (
        hocuspocus(f"{server.sync_url}?heartbeat=2", DOCUMENT, ADMIN_TOKEN) as anxious,
        hocuspocus(f"{server.sync_url}?heartbeat=10", DOCUMENT, ADMIN_TOKEN) as calm,
    ):
        await anxious.synced()
        await calm.synced()
        await until(lambda: heartbeats(calm), what="a sign of life")
        assert heartbeats(anxious) >= 5


@pytest.mark.parametrize("value", ["", "soon", "-1", "9" * 5000, "²"])
async def test_a_heartbeat_that_makes_no_sense(value: str, server: Serving) -> None:
    """A value that is no number of seconds is as good as none."""
    url = f"{server.sync_url}/{DOCUMENT}?heartbeat={value}"
    async with open_socket(url, additional_headers=ADMINISTRATOR) as socket:
        await socket.send(b"\x00\x00\x01\x00")
        await socket.recv()


async def test_a_heartbeat_per_document(server: Serving) -> None:
    """In the Hocuspocus dialect the sign of life carries the address of an open document."""
    url = f"{server.sync_url}?heartbeat=2"
    async with hocuspocus(url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.synced()
        await until(lambda: heartbeats(client), what="a sign of life")


async def test_a_version_is_a_number(server: Serving) -> None:
    """What a y-sweet client wants echoed has the length of a number: nobody makes the server keep and send more."""
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.synced()
        await client.send(b"\x66\x11" + bytes(17))
        assert await client.closed() == 4400


def send_all(sock: socket.socket, data: bytes) -> None:
    """Sends as much as the server takes."""
    with suppress(OSError):
        sock.sendall(data)


async def test_a_fault_in_serving_one_client(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault closes the socket that met it with 1011; the ticks go on for all others."""

    def broken(*_arguments: object) -> None:
        raise RuntimeError("a fault")

    async with (
        y_websocket(f"{server.sync_url}", DOCUMENT, ADMIN_TOKEN) as one,
        y_websocket(f"{server.sync_url}", "acme/docs/b", ADMIN_TOKEN) as two,
    ):
        await one.synced()
        await two.synced()
        with monkeypatch.context() as patch:
            patch.setattr(Room, "receive_awareness", broken)
            await one.announce({"a": 1})
            assert await one.closed() == INTERNAL
        await two.type("x")
        await two.y_sweet_status(1)
        await two.hears("echo")


async def test_a_fault_in_a_tick(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket whose tick fails is closed; heartbeats of others go on."""
    url = f"{server.sync_url}/{DOCUMENT}?heartbeat=2"
    async with open_socket(url, additional_headers=ADMINISTRATOR) as one:
        await one.send(b"\x00\x00\x01\x00")
        await one.recv()
        with monkeypatch.context() as patch:
            patch.setattr("server.gateway.channel.Channel.keep_alive", lambda _self: 1 / 0)
            await asyncio.wait_for(one.wait_closed(), PATIENCE_S)
        assert one.close_code == INTERNAL
    async with open_socket(url, additional_headers=ADMINISTRATOR) as two:
        await two.send(b"\x00\x00\x01\x00")
        heard = [await asyncio.wait_for(two.recv(), PATIENCE_S) for _ in range(3)]
        assert heard[-1] == b"\x01\x01\x00"
