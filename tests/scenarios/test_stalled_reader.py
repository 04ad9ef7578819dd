"""A client that stops reading costs no memory, disturbs nobody, and is closed in the end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pycrdt import Map

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import HocuspocusClient, hocuspocus
from tests.support.network import CLOSE_FRAME, client_frame, connect, frames, handshake, read_head, read_to_end
from tests.support.waiting import until

MEBIBYTE = 1 << 20
VALUE = "v" * (256 * 1024)
WRITES = 80
TRY_AGAIN_LATER = 1013


async def flood(writer: HocuspocusClient) -> None:
    """Overwrites one value of a map again and again: much traffic, a small document."""
    values = writer.doc.get("map", type=Map)
    for number in range(WRITES):
        before = writer.doc.get_state()
        values["key"] = f"{number} {VALUE}"
        await writer.update(writer.doc.get_update(before))
        await writer.all_saved()


@contextmanager
def stalled_reader(atrium: Atrium, document: str) -> Iterator[socket.socket]:
    """A client that has asked for the document's state and reads nothing."""
    with connect(atrium.port, receive_buffer=4096) as sock:
        sock.sendall(handshake(f"/sync/{document}?token={ADMIN_TOKEN}"))
        read_head(sock)
        sock.sendall(client_frame(b"\x00\x00\x01\x00"))
        yield sock


def read_close_code(sock: socket.socket) -> int:
    """Reads whatever is there, to the end; returns the code of the close frame in it."""
    *_, (opcode, body) = frames(read_to_end(sock))
    assert opcode == CLOSE_FRAME
    return int.from_bytes(body[:2])


def slow_consumers(atrium: Atrium) -> float:
    """How many sockets have been closed because their client did not read."""
    lines = atrium.request("GET", "/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("atrium_slow_consumers_total"))


@pytest.mark.timeout(300)
async def test_others_go_on_beside_a_stalled_reader(tmp_path: Path) -> None:
    """20 MB flow past a client that reads nothing: under 16 MB of memory, and everybody else is served meanwhile."""
    with Atrium(tmp_path / "data", ATRIUM_LIMIT_LAGGING_S="3600") as atrium:  # it is not closed before the test ends
        document = f"{atrium.create_project()}/docs/stalled"
        async with (
            hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as writer,
            hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as honest,
        ):
            await writer.synced()
            await honest.synced()
            await flood(writer)
            before = atrium.resident_bytes()
            with stalled_reader(atrium, document):
                flooding, grown = asyncio.create_task(flood(writer)), 0
                while not flooding.done():
                    await honest.round_trip()
                    grown = max(grown, atrium.resident_bytes() - before)
                await flooding
                assert slow_consumers(atrium) == 0
            assert grown <= 16 * MEBIBYTE


@pytest.mark.timeout(300)
async def test_a_stalled_reader_is_closed(tmp_path: Path) -> None:
    """Who reads nothing for as long as is allowed is closed with 1013, and may come again."""
    with Atrium(tmp_path / "data", ATRIUM_LIMIT_LAGGING_S="1") as atrium:
        document = f"{atrium.create_project()}/docs/stalled"
        async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as writer:
            await writer.synced()
            with stalled_reader(atrium, document) as sock:
                await flood(writer)
                await until(lambda: slow_consumers(atrium) == 1, what="the end of the stalled reader")
                assert await asyncio.to_thread(read_close_code, sock) == TRY_AGAIN_LATER
