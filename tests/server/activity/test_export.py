"""The log as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator

import pytest

from server.activity.export import COLUMNS, as_csv, as_json
from server.activity.model import Entry, Filter
from server.kit.audit import Actor
from tests.support.activity import AuditLog, act


async def whole(pieces: AsyncIterator[bytes]) -> str:
    return b"".join([piece async for piece in pieces]).decode()


async def pages(*several: list[Entry]) -> AsyncIterator[list[Entry]]:
    for page in several:
        yield page


async def test_json(log: AuditLog) -> None:
    """One array with everything that the hash covers, in the order of the list."""
    await log.record(act("file.written"), act("file.moved", detail={"to": "ä\ud800"}))
    rows = json.loads(await whole(as_json(log.activity.pages(Filter()))))
    assert [row["action"] for row in rows] == ["file.moved", "file.written"]
    assert list(rows[0]) == list(COLUMNS)
    assert (rows[0]["detail"], rows[0]["prev_hash"]) == ({"to": "ä\ud800"}, rows[1]["hash"])
    assert rows[1]["at"] == "2026-01-01T00:00:00.000000Z"


async def test_json_of_nothing_and_of_many_pages(log: AuditLog) -> None:
    """It is an array, whatever the number of pages."""
    assert json.loads(await whole(as_json(pages()))) == []
    await log.record(act(), act())
    one, two = await log.entries()
    assert len(json.loads(await whole(as_json(pages([one], [two], [one, two]))))) == 4


async def test_csv(log: AuditLog) -> None:
    """A header, and a line for each act, whatever is in it."""
    await log.record(act(resource='file/"a",\nb', detail={"n": 1}))
    header, row = csv.reader(io.StringIO(await whole(as_csv(log.activity.pages(Filter()))), newline=""))
    assert header == list(COLUMNS)
    assert row[:4] == ["", "1", "2026-01-01T00:00:00.000000Z", "user:1"]
    assert (row[9], row[11]) == ('file/"a",\nb', '{"n":1}')


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
async def test_no_cell_is_a_formula(log: AuditLog, name: str) -> None:
    """What a spreadsheet would run is text there."""
    await log.record(act(actor=Actor("user:1", name, "person")))
    _header, row = csv.reader(io.StringIO(await whole(as_csv(log.activity.pages(Filter()))), newline=""))
    assert row[4] == f"'{name}"
