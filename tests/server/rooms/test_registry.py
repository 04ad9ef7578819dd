"""The registry: one room per document, however it is asked for, and none that is not needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from server.documents import DocumentRecord
from server.rooms import DocumentGone, Peer, RegistryLimits, Room, RoomBroken, RoomLimits, RoomRegistry
from tests.support import hostile
from tests.support.documents import Node, entry, running_node
from tests.support.rooms import RecordingLink, Writer
from tests.support.waiting import until


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A node on SQLite: the registry does not care which database it is."""
    async with running_node(f"sqlite:///{tmp_path / 'atrium.db'}", tmp_path) as node:
        yield node


def registry_of(node: Node, *, idle_s: float = 60, idle_bytes: int = 1 << 30) -> RoomRegistry:
    limits = RegistryLimits(idle_s, idle_bytes, RoomLimits(update_bytes=4 << 20, document_bytes=64 << 20))
    return RoomRegistry(node.documents, node.journal, limits)


@pytest.fixture
async def rooms(node: Node) -> AsyncIterator[RoomRegistry]:
    registry = registry_of(node)
    yield registry
    await registry.close()


def insert(text: str) -> Any:
    return lambda doc: doc.get("content", type=pycrdt.Text).insert(0, text)


async def file(node: Node, text: str = "hello") -> DocumentRecord:
    writer = Writer(1)
    return await node.create("files/f1", writer.type(text))


async def test_all_who_ask_at_once_get_the_same_room(node: Node, rooms: RoomRegistry) -> None:
    """A document is loaded once, however many open it together."""
    record = await file(node)
    opened = await asyncio.gather(*(rooms.pin(record.id) for _ in range(50)))
    assert len(set(map(id, opened))) == 1
    assert opened[0].pins == 50


async def test_one_who_gives_up_does_not_stop_the_others(node: Node, rooms: RoomRegistry) -> None:
    """A client that leaves while the document is loaded takes nothing from those that wait with it."""
    record = await file(node)
    first = asyncio.ensure_future(rooms.pin(record.id))
    second = asyncio.ensure_future(rooms.pin(record.id))
    await asyncio.sleep(0)
    first.cancel()
    room = await second
    assert room.pins == 1
    assert room.document().text() == "hello"


async def test_an_edit_outlives_its_room(node: Node) -> None:
    """What `edit` returned for is there when the document is opened again from the log."""
    record = await file(node)
    first = registry_of(node)
    async with first.hold(record.id) as room:
        await room.edit("user:1", insert("more "))
    await first.close()
    second = registry_of(node)
    async with second.hold(record.id) as room:
        assert room.document().text() == "more hello"
    await second.close()


async def test_idle_rooms_go_and_used_ones_stay(node: Node) -> None:
    """Unloading takes rooms that nobody needs, and never one that is held."""
    kept, idle = await file(node), await node.create("docs/idle")
    rooms = registry_of(node, idle_s=0)
    rooms.start()
    async with rooms.hold(kept.id), rooms.hold(idle.id):
        assert len(rooms) == 2
        pinned = await rooms.pin(kept.id)
    await until(lambda: len(rooms) == 1, what="the idle room to be unloaded")
    assert await rooms.pin(kept.id) is pinned
    await rooms.close()


async def test_idle_rooms_go_when_they_hold_too_many_bytes(node: Node) -> None:
    """Above the byte budget the room that has been idle longest goes first, however young."""
    older = await file(node, "x" * 10_000)
    newer = await node.create("docs/new", Writer(2).type("y" * 10_000))
    rooms = registry_of(node, idle_bytes=15_000)
    async with rooms.hold(older.id):
        pass
    async with rooms.hold(newer.id) as survivor:
        pass
    rooms.start()
    await until(lambda: len(rooms) == 1, what="one room to be unloaded")
    assert await rooms.pin(newer.id) is survivor
    await rooms.close()


async def test_the_log_is_compacted_and_opens_the_same(node: Node) -> None:
    """After enough editing the rows are one snapshot, and the document is what it was."""
    record = await node.create("files/f1")
    first = registry_of(node)
    async with first.hold(record.id) as room:
        for _ in range(4):
            await room.edit("user:1", insert("x" * 100_000))
        await until(lambda: room.idle or room.pins == 1, what="the compaction to be asked for")
    await until(lambda: room.idle, what="the compaction to end")
    loaded = await node.documents.load(record.id)
    assert loaded.snapshot is not None
    assert len(loaded.entries) < 4
    second = registry_of(node)
    async with second.hold(record.id) as again:
        assert len(again.document().text()) == 400_000
    await second.close()
    await first.close()


async def test_a_poisoned_document_is_rebuilt_without_what_broke_it(node: Node, rooms: RoomRegistry) -> None:
    """Bytes that break the engine, once in the log, go to quarantine, and the rest of the document opens."""
    record = await file(node)
    await node.append(record.id, [entry(hostile.child_of_text())])
    async with rooms.hold(record.id) as room:
        assert "hello" in room.document().text()
    [row] = await node.documents.quarantined()
    assert row.document_id == record.id


async def test_deleting_a_document_ends_its_room(node: Node, rooms: RoomRegistry) -> None:
    """Peers of a deleted document are closed with 4404, and it does not open again."""
    record = await file(node)
    room = await rooms.pin(record.id)
    link = RecordingLink()
    room.join(Peer(link, author="user:1", user={}, writable=True))
    await node.documents.delete(record.id, author="user:1")
    rooms.drop(record.id)
    assert link.closed is not None
    assert link.closed[0] == 4404
    with pytest.raises(Exception, match="deleted"):
        await rooms.pin(record.id)


async def test_a_broken_room_is_replaced(node: Node, rooms: RoomRegistry) -> None:
    """Whoever opens a document after its room broke gets a new room with everything that was durable."""
    record = await file(node)
    broken: Room = await rooms.pin(record.id)
    broken.retire(RoomBroken())
    again = await rooms.pin(record.id)
    assert again is not broken
    assert again.document().text() == "hello"


async def test_a_room_unloaded_before_it_was_pinned_is_opened_again(node: Node) -> None:
    """However the sweep falls between a load and its first user, a document has one live room."""
    record = await file(node)
    rooms = registry_of(node, idle_s=0)
    rooms.start()
    for _ in range(20):
        first, second = await asyncio.gather(rooms.pin(record.id), rooms.pin(record.id))
        assert first is second is await rooms.pin(record.id)
        rooms._unload_idle()
        for _ in range(3):
            first.unpin()
        rooms._unload_idle()
        assert len(rooms) == 0
        opening = asyncio.ensure_future(rooms.pin(record.id))
        await until(lambda: len(rooms) == 1, what="the load to end")
        rooms._unload_idle()
        opened = await opening
        assert await rooms.pin(record.id) is opened
        opened.unpin()
        opened.unpin()
    await rooms.close()


async def test_a_document_deleted_while_it_loads_does_not_open(
    node: Node, rooms: RoomRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion that arrives during the load is not overtaken by it."""
    record = await file(node)
    load, loaded, go_on = node.documents.load, asyncio.Event(), asyncio.Event()

    async def held(document_id: int) -> Any:
        result = await load(document_id)
        loaded.set()
        await go_on.wait()
        return result

    monkeypatch.setattr(node.documents, "load", held)
    opening = asyncio.ensure_future(rooms.pin(record.id))
    await loaded.wait()
    await node.documents.delete(record.id, author="user:1")
    rooms.drop(record.id)
    go_on.set()
    with pytest.raises(DocumentGone):
        await opening
