"""Clients that reset, vanish or half close at any byte cost nobody else anything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pycrdt import Doc, Text

from crdt_docs.lib0 import var_bytes
from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import HocuspocusClient, awareness_update, hocuspocus, y_websocket
from tests.support.network import client_frame, connect, handshake, read_head, read_to_end, reset
from tests.support.waiting import until


def small_update() -> bytes:
    return Doc({"content": Text("rude")}).get_update()


def session(client_id: int) -> list[bytes]:
    """The frames of a short, honest session: Step1, presence, an update."""
    presence = awareness_update([(client_id, 1, {"user": {"name": "rude"}})])
    bodies = [b"\x00\x00\x01\x00", b"\x01" + var_bytes(presence), b"\x00\x02" + var_bytes(small_update())]
    return [client_frame(body) for body in bodies]


def path_of(document: str) -> str:
    return f"/sync/{document}?token={ADMIN_TOKEN}"


@asynccontextmanager
async def bystander(atrium: Atrium, document: str) -> AsyncIterator[HocuspocusClient]:
    """An honest client in the same room."""
    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as client:
        await client.synced()
        await client.round_trip()
        yield client


def reset_at(port: int, request: bytes, frames: bytes, position: int) -> None:
    """Speaks up to a byte of the session, then resets the connection."""
    sock = connect(port)
    sock.sendall(request[:position])
    if position > len(request):
        read_head(sock)
        sock.sendall(frames[: position - len(request)])
    reset(sock)


@pytest.mark.timeout(300)
async def test_reset_at_every_byte(atrium: Atrium) -> None:
    """TCP resets at every byte of handshake and frames: a bystander is served between them, and no socket is left."""
    document = f"{atrium.create_project()}/docs/rude"
    request, frames = handshake(path_of(document)), b"".join(session(77))
    async with bystander(atrium, document) as honest:
        before = atrium.open_sockets()
        for position in range(1, len(request) + len(frames) + 1):
            await asyncio.to_thread(reset_at, atrium.port, request, frames, position)
            if position % 10 == 0:
                await honest.round_trip()
        await until(lambda: atrium.open_sockets() <= before, what=f"{before} open sockets")
        await until(lambda: 77 not in honest.presence, what="the end of the rude client's presence")


async def test_half_closed_sockets_end(atrium: Atrium) -> None:
    """A client that closes its sending half in the middle of a frame is let go of at once."""
    document = f"{atrium.create_project()}/docs/half"
    async with bystander(atrium, document) as honest:
        before = atrium.open_sockets()
        for cut in (0, 1, 5, 11):
            sock = connect(atrium.port)
            sock.sendall(handshake(path_of(document)))
            await asyncio.to_thread(read_head, sock)
            sock.sendall(b"".join(session(78))[:cut])
            sock.shutdown(socket.SHUT_WR)
            await until(lambda: atrium.open_sockets() <= before, what=f"{before} open sockets")
            sock.close()
        await honest.round_trip()


@pytest.mark.timeout(300)
async def test_leaving_while_a_large_document_loads(atrium: Atrium) -> None:
    """Clients that ask for a large state and reset in the middle of it do not spoil it for those who stay."""
    project = atrium.create_project()
    document, other = f"{project}/docs/large", f"{project}/docs/other"
    text = "0123456789abcdef" * (192 * 1024)
    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as writer:
        await writer.synced()
        await writer.type(text)
        await writer.all_saved()
    atrium.restart()
    async with bystander(atrium, other) as honest:
        for taken in range(0, 2_000_000, 100_000):
            sock = connect(atrium.port, receive_buffer=65536)
            sock.sendall(handshake(path_of(document)))
            await asyncio.to_thread(read_head, sock)
            sock.sendall(session(79)[0])
            await asyncio.to_thread(read_some, sock, taken)
            reset(sock)
        await honest.round_trip()
        async with y_websocket(atrium.sync_url, document, ADMIN_TOKEN) as reader:
            await reader.synced()
            await reader.shows(text)


def read_some(sock: socket.socket, size: int) -> None:
    """Reads at least `size` bytes, or to the end."""
    while size > 0 and (piece := sock.recv(65536)):
        size -= len(piece)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_silent_connections_end(atrium: Atrium) -> None:
    """Half a request, and a WebSocket that answers no ping, are closed after a while."""
    document = f"{atrium.create_project()}/docs/silent"
    socks = [connect(atrium.port) for _ in range(3)]
    socks[1].sendall(handshake(path_of(document))[:40])
    socks[2].sendall(handshake(path_of(document)))
    for sock in socks:
        sock.settimeout(120)
        await asyncio.to_thread(read_to_end, sock)
