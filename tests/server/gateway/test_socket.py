"""The WebSocket protocol under everything: sizes, fragments, text, handshakes, and peers that do not end."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.support.atrium import ADMIN_TOKEN
from tests.support.clients import hocuspocus, open_socket, y_websocket
from tests.support.gateway import ADMINISTRATOR, Serving, close_code, raw_socket, reading_pauses, serving
from tests.support.network import CLOSE_FRAME, client_frame, connect, frames, handshake, read_head
from tests.support.waiting import until

DOCUMENT = "acme/docs/a"
PATH = f"/sync/{DOCUMENT}?token={ADMIN_TOKEN}"
STEP1 = b"\x00\x00\x01\x00"
UNSUPPORTED, TOO_BIG, INTERNAL = 1003, 1009, 1011
CONTINUATION, BINARY, PING, PONG = 0, 2, 9, 10
FINAL = 0x80


def fragment(body: bytes, opcode: int, *, final: bool = False) -> bytes:
    whole = client_frame(body, opcode)
    return bytes((whole[0] if final else whole[0] & ~FINAL,)) + whole[1:]


async def test_no_compression(server: Serving) -> None:
    """A client that offers to compress is not taken up on it: frames are shared by all clients."""
    url = f"{server.sync_url}/{DOCUMENT}"
    async with open_socket(url, additional_headers=ADMINISTRATOR, compression="deflate") as connection:
        assert connection.protocol.extensions == []


@pytest.mark.parametrize("before", [(), (STEP1,)])
async def test_text(before: tuple[bytes, ...], server: Serving) -> None:
    """Text is unsupported data, first thing or later."""
    async with open_socket(f"{server.sync_url}/{DOCUMENT}", additional_headers=ADMINISTRATOR) as connection:
        for frame in before:
            await connection.send(frame)
        await connection.send("hello")
        await connection.wait_closed()
        assert connection.close_code == UNSUPPORTED


async def test_an_oversized_message(tmp_path: Path) -> None:
    """A message above the limit is 1009, whether in one frame or in pieces."""
    async with serving(tmp_path / "data", {"frame_bytes": 10_000, "update_bytes": 2048}) as server:
        await server.project()
        async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
            await client.synced()
            await client.send(bytes(10_001))
            assert await client.closed() == TOO_BIG
        async with raw_socket(server.port, PATH) as sock:
            sock.sendall(fragment(bytes(6_000), BINARY) + fragment(bytes(6_000), CONTINUATION))
            assert await close_code(sock) == TOO_BIG


async def test_fragments_are_put_together(server: Serving) -> None:
    """A message in pieces, with a ping between them, is one message."""
    async with raw_socket(server.port, PATH) as sock:
        sock.sendall(fragment(STEP1[:1], BINARY) + client_frame(b"?", PING) + fragment(STEP1[1:3], CONTINUATION))
        sock.sendall(fragment(STEP1[3:], CONTINUATION, final=True))
        received = b""
        while len(list(frames(received))) < 3:
            received += await asyncio.to_thread(sock.recv, 4096)
        assert [opcode for opcode, _ in frames(received)] == [PONG, BINARY, BINARY]


async def test_endless_fragments(tmp_path: Path) -> None:
    """Empty fragments cost memory and never reach a limit of bytes: their number is limited too."""
    async with serving(tmp_path / "data", {"frames_burst": 100_000}) as server:
        await server.project()
        async with raw_socket(server.port, PATH) as sock:
            sock.sendall(fragment(b"", BINARY) + fragment(b"", CONTINUATION) * 17_000)
            assert await close_code(sock) == TOO_BIG


async def test_a_flood_of_pings_is_paid_for(tmp_path: Path) -> None:
    """Pings count as frames: whoever floods is not read on."""
    async with serving(tmp_path / "data", {"frames_per_s": 0.1, "frames_burst": 50}) as server:
        await server.project()
        async with raw_socket(server.port, PATH) as sock:
            before = reading_pauses()
            sock.sendall(client_frame(b"", PING) * 5_000)
            await until(lambda: reading_pauses() > before, what="the pause")
            pongs = len(await asyncio.to_thread(sock.recv, 65536)) // 2
            assert pongs < 50 + 10


@pytest.fixture
def quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings follow each other in a second, and pongs have as long."""
    monkeypatch.setattr("server.gateway.server.PING_S", 1)


async def test_a_client_that_is_read_slowly_is_not_dead(quick_pings: None, tmp_path: Path) -> None:
    """While we do not read what a client sends, its missing pong is our own doing."""
    async with serving(tmp_path / "data", {"frames_per_s": 60, "frames_burst": 5}) as server:
        await server.project()
        async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
            await client.synced()
            for _ in range(200):
                await client.type("x")
            await client.all_saved()


async def test_a_peer_that_answers_no_ping(quick_pings: None, tmp_path: Path) -> None:
    """A silent peer is closed after the time for a pong."""
    async with serving(tmp_path / "data") as server:
        await server.project()
        async with raw_socket(server.port, PATH) as sock:
            assert await close_code(sock) == INTERNAL


async def test_a_peer_that_closes_and_does_not_read(server: Serving) -> None:
    """Who says goodbye without having read what was sent to it is let go of, with the memory it held."""
    async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as writer:
        await writer.synced()
        for _ in range(4):
            await writer.type("x" * 3_500_000)
        await writer.all_saved()
        async with raw_socket(server.port, PATH, receive_buffer=4096) as sock:
            sock.sendall(client_frame(STEP1))
            await asyncio.to_thread(sock.recv, 100)  # the state is on its way
            sock.sendall(client_frame(b"\x03\xe8", CLOSE_FRAME))
            await until(lambda: ended(sock), what="the end of the connection")


def ended(sock: socket.socket) -> bool:
    """Whether the server has ended the connection, which one sees without reading by what it says to further bytes."""
    try:
        sock.sendall(b"?")
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


@pytest.mark.parametrize("headers", [("X-Large: " + "x" * 20_000,), tuple(f"X-{n}: x" for n in range(300))])
async def test_an_oversized_handshake(headers: tuple[str, ...], server: Serving) -> None:
    """A handshake with too much in its headers is answered with 431 and the connection ends."""
    with connect(server.port) as sock:
        sock.sendall(handshake(f"/sync/{DOCUMENT}", headers))
        assert b" 431 " in await asyncio.to_thread(read_head, sock)
        while await asyncio.to_thread(sock.recv, 4096):
            pass


async def test_other_addresses(server: Serving) -> None:
    """There is no socket at any other address."""
    with connect(server.port) as sock:
        sock.sendall(handshake("/elsewhere"))
        assert b" 403 " in await asyncio.to_thread(read_head, sock)
