"""Tests of `server.documents.service`: what it adds to the log's promises in `tests/contracts/test_update_log.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.documents import DocumentDamaged, DocumentUnreadable
from tests.support.documents import Node, entry, running_node
from tests.support.hostile import nested_any

EMPTY_UPDATE = b"\x00\x00"


async def updates(node: Node, document_id: int) -> list[bytes]:
    loaded = await node.documents.load(document_id)
    return [update for _, row in loaded.entries for update in row.updates]


async def test_what_killed_the_process_is_quarantined_at_the_next_load(database_url: str, tmp_path: Path) -> None:
    """A suspect of the journal is examined before it is loaded, once; an administrator sees the bytes."""
    async with running_node(database_url, tmp_path) as dying:
        record = await dying.create()
        await dying.append(record.id, [entry(EMPTY_UPDATE), entry(nested_any(), author="user:bad")])
        dying.journal.mark(record.id, 2)
    async with running_node(database_url, tmp_path) as node:
        assert await updates(node, record.id) == [EMPTY_UPDATE]
        assert node.published == [DocumentDamaged(record.id, (2,), "breaks the document")]
        [row] = await node.documents.quarantined()
        assert (row.seq, row.author) == (2, "user:bad")
        assert node.journal.suspects() == []


async def test_an_innocent_suspect_keeps_everything(database_url: str, tmp_path: Path) -> None:
    """A process that was killed for another reason costs the document nothing."""
    async with running_node(database_url, tmp_path) as dying:
        record = await dying.create(initial=EMPTY_UPDATE)
        dying.journal.mark(record.id, 1)
    async with running_node(database_url, tmp_path) as node:
        assert await updates(node, record.id) == [EMPTY_UPDATE]
        assert node.published == node.journal.suspects() == []


async def test_a_broken_document_is_mended_on_request(node: Node) -> None:
    """`examine` quarantines what breaks it and says which rows."""
    record = await node.create(initial=EMPTY_UPDATE)
    await node.append(record.id, [entry(nested_any()), entry(EMPTY_UPDATE)])
    assert await node.documents.examine(record.id) == [2]
    assert await updates(node, record.id) == [EMPTY_UPDATE, EMPTY_UPDATE]


async def test_a_snapshot_that_breaks_is_not_quarantined(node: Node) -> None:
    """Without it nothing would be left of the document: reading fails, the bytes stay."""
    record = await node.create(initial=EMPTY_UPDATE)
    await node.documents.compact(record.id, nested_any(), 1)
    with pytest.raises(DocumentUnreadable, match="backup"):
        await node.documents.examine(record.id)
    assert (await node.documents.load(record.id)).snapshot == nested_any()
