"""The log as CSV and JSON, piece by piece."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable

from server.activity.chain import timestamp
from server.activity.model import Entry

COLUMNS = (
    "project_id",
    "seq",
    "at",
    "actor_id",
    "actor_name",
    "actor_kind",
    "token_id",
    "address",
    "action",
    "resource",
    "outcome",
    "detail",
    "prev_hash",
    "hash",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def as_csv(pages: AsyncIterator[list[Entry]]) -> AsyncIterator[bytes]:
    """RFC 4180 with a header; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    yield _csv([COLUMNS])
    async for page in pages:
        yield _csv([_inert(cell) for cell in cells(entry)] for entry in page)


async def as_json(pages: AsyncIterator[list[Entry]]) -> AsyncIterator[bytes]:
    """One array of objects, a line for each."""
    before = "[\n"
    async for page in pages:
        yield (before + ",\n".join(json.dumps(_object(entry)) for entry in page)).encode()
        before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def cells(entry: Entry) -> tuple[str | int, ...]:
    """One value for each of `COLUMNS`."""
    note = entry.note
    who = (note.actor_id, note.actor_name, note.actor_kind, note.token_id, note.address)
    what = (note.action, note.resource, note.outcome, note.detail)
    return (note.chain, entry.seq, timestamp(note.at), *who, *what, entry.prev_hash, entry.hash)


def _object(entry: Entry) -> dict[str, object]:
    return dict(zip(COLUMNS, cells(entry), strict=True)) | {"detail": json.loads(entry.note.detail)}


def _inert(cell: str | int) -> str | int:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _csv(rows: Iterable[Iterable[str | int]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
