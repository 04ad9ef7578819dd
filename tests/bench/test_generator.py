"""The load generator is believed because of these: what a server loses, or a generator cannot send, is never unseen."""

from __future__ import annotations

import asyncio
import json
import shutil
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bench.programs import compiled
from tests.support.programs import missing
from tests.support.rooms import Writer

UPDATES = 40
CLIENTS = 3
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
EMPTY_STEP2 = bytes((0, 1, 2, 0, 0))
STEP1, UPDATE = b"\x00\x00", b"\x00\x02"


@pytest.fixture(scope="module")
def generator() -> Path:
    if not shutil.which("cc"):
        missing("A C compiler", "install gcc or clang")
    return compiled("generator")


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    """The keystrokes of one writer, in the generator's format."""
    writer, file = Writer(1000), tmp_path / "typed.bin"
    updates = [writer.type("x") for _ in range(UPDATES)]
    rows = b"".join(struct.pack("<II", clock, len(update)) + update for clock, update in enumerate(updates, 1))
    file.write_bytes(struct.pack("<III", 1, UPDATES, UPDATES) + rows)
    return file


class Relay:
    """A y-websocket server that passes on what `keeps` agrees to; the number is of updates so far, from 0."""

    def __init__(self, keeps: Callable[[int], bool]) -> None:
        self._keeps = keeps
        self._peers: list[asyncio.StreamWriter] = []
        self._updates = 0
        self.closes_author_after = UPDATES

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its handshake to its end."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING)
        self._peers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._take(await read_masked(reader), writer)
        writer.close()

    def _take(self, body: bytes, author: asyncio.StreamWriter) -> None:
        if body.startswith(STEP1):
            author.write(framed(EMPTY_STEP2))
        if not body.startswith(UPDATE):
            return
        number, self._updates = self._updates, self._updates + 1
        for peer in self._peers:
            if peer is not author and self._keeps(number):
                peer.write(framed(body))
        if self._updates >= self.closes_author_after:
            author.close()


async def read_masked(reader: asyncio.StreamReader) -> bytes:
    """The body of one client frame of less than 126 bytes (RFC 6455, section 5.2)."""
    _first, second = await reader.readexactly(2)
    mask = await reader.readexactly(4)
    body = await reader.readexactly(second & 0x7F)
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))


def framed(body: bytes) -> bytes:
    return bytes((0x82, len(body))) + body


@asynccontextmanager
async def serving(relay: Relay) -> AsyncIterator[int]:
    """The port on which `relay` serves."""
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def figures(generator: Path, port: int, stream: Path, **options: str) -> dict[str, Any]:
    """What the generator says of one writer among three clients."""
    given = {"port": str(port), "clients": str(CLIENTS), "writers": "1", "stream": str(stream), "rate": "1000"}
    given |= {"seconds": str(UPDATES / 1000), "patience": "0.2"} | options
    arguments = [part for name, value in given.items() for part in (f"--{name}", value)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(generator, *arguments, stdin=pipe, stdout=pipe)
    assert process.stdin
    assert process.stdout
    joined = json.loads(await process.stdout.readline())
    assert joined["synced"] == CLIENTS
    process.stdin.write(b"go\n")
    said: dict[str, Any] = json.loads(await process.stdout.readline())
    process.stdin.close()
    await process.wait()
    return said


async def test_every_delivery_is_counted(generator: Path, typed: Path) -> None:
    """Of a server that loses nothing, every update is seen by everybody but its author."""
    async with serving(Relay(lambda _number: True)) as port:
        found = await figures(generator, port, typed)
    assert found["received"] == found["expected"] == UPDATES * (CLIENTS - 1)


async def test_a_lost_update_shows(generator: Path, typed: Path) -> None:
    """After a gap nothing counts as delivered: a client could not show it either."""
    async with serving(Relay(lambda number: number != 5)) as port:
        found = await figures(generator, port, typed)
    assert found["expected"] == UPDATES * (CLIENTS - 1)
    assert found["received"] == 5 * (CLIENTS - 1)
    assert found["gaps"] > 0


async def test_a_lost_author_shows(generator: Path, typed: Path) -> None:
    """What an author whose connection is gone cannot send is missed by everybody."""
    relay = Relay(lambda _number: True)
    relay.closes_author_after = 3
    async with serving(relay) as port:
        found = await figures(generator, port, typed)
    assert found["expected"] == UPDATES * (CLIENTS - 1)
    assert found["received"] < found["expected"]
    assert found["gone"] == 1


async def test_an_unfinished_document_shows(generator: Path, typed: Path) -> None:
    """Of a document that is built as fast as others see it, what never got to leave is missed too."""
    async with serving(Relay(lambda number: number < 4)) as port:
        found = await figures(generator, port, typed, window="4")
    assert found["expected"] == UPDATES * (CLIENTS - 1)
    assert found["received"] == 4 * (CLIENTS - 1)
