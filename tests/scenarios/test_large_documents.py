"""Documents larger than a message: chunks keep a stock client alive."""

from __future__ import annotations

import pytest
from pycrdt import Doc, Text

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import hocuspocus, y_websocket
from tests.support.waiting import eventually
from tests.support.yjs import Driver

CHUNK_BYTES = 512 * 1024
PIECE = "0123456789 äöü 漢字 😀\n" * 100_000
PIECES = 17


async def write_large(atrium: Atrium, document: str, pieces: int) -> int:
    """Fills a document piece by piece; returns its length in UTF-16 units."""
    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as writer:
        await writer.synced()
        for _ in range(pieces):
            await writer.type(PIECE)
            await writer.all_saved()
    return pieces * len(PIECE.encode("utf-16-le")) // 2


async def test_a_large_state_comes_in_chunks(shared_atrium: Atrium) -> None:
    """A state above 1 MiB arrives as updates of at most 512 KiB before a small Step2, and is whole after that."""
    document = f"{shared_atrium.create_project()}/docs/chunks"
    length = await write_large(shared_atrium, document, 2)
    async with y_websocket(shared_atrium.sync_url, document, ADMIN_TOKEN) as reader:
        await reader.synced()
        sizes = [len(said.value) for said in reader.said if said.kind in ("update", "step2")]
        assert len(sizes) > 8
        assert max(sizes) <= CHUNK_BYTES
        assert len(reader.content.encode("utf-16-le")) // 2 == length


@pytest.mark.slow
@pytest.mark.interop
@pytest.mark.timeout(900)
async def test_a_stock_client_joins_fifty_megabytes(atrium: Atrium, yjs: Driver) -> None:
    """An unchanged y-websocket client, which gives up after 30 s of silence, joins 50 MB without being cut off."""
    document = f"{atrium.create_project()}/docs/fifty"
    length = await write_large(atrium, document, PIECES)
    assert len(atrium.document_update(document)) > 50_000_000
    atrium.restart()
    peer = await yjs.open("y-websocket-3", url=atrium.sync_url, document=document, token=ADMIN_TOKEN)

    async def progress() -> tuple[bool, int]:
        status = await yjs.call("brief", peer=peer.name)
        return status["synced"], status["length"]

    synced, got = await eventually(progress, lambda seen: seen[0], timeout_s=300)
    assert synced
    assert got == length
    assert (await yjs.call("brief", peer=peer.name))["events"] == []


def test_the_piece_fits_one_update() -> None:
    """The test's piece is below the limit of one update."""
    assert len(Doc({"content": Text(PIECE)}).get_update()) < 4 << 20
