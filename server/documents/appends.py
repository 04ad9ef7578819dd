"""What one commit of the update log does, in SQL text on the driver's cursor: SQLAlchemy would cost more than it.

A document's head moves by compare-and-set in the same transaction as its rows are inserted. So another process that
appended first, or deleted the document, is noticed by every database, and sequences never skip or repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor

from server.documents import payload
from server.documents.errors import DocumentDeleted, DocumentNotFound, LogUnavailable
from server.documents.model import LogEntry
from server.kit.columns import UtcDateTime
from server.kit.database import Database

READ_HEAD = "SELECT head, deleted_at FROM document WHERE id = ?"
MOVE_HEADS = (
    "UPDATE document SET updated_at = ?, head = moved.column3 FROM (VALUES {rows}) AS moved"
    " WHERE document.id = moved.column1 AND document.head = moved.column2 AND document.deleted_at IS NULL"
)
INSERT_ROWS = "INSERT INTO document_update (document_id, seq, author, client, updates, payload, checksum) VALUES {rows}"
CLAIM = "INSERT INTO document_client (document_id, client, principal) VALUES {rows} ON CONFLICT DO NOTHING"
MAX_ROWS = 100
"""Of one statement. The driver gives up Python's lock in every statement, and to win it back from a busy event loop
costs more than the statement: so one for many rows, not one for each."""
MAX_REMEMBERED_HEADS = 100_000


class HeadMoved(LogUnavailable):
    """A document was deleted, or another process appended to it, since its head was read."""


class Appends:
    """Appends to many documents at once; remembers heads to spare a query. For one thread."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        dialect = database.engine.dialect
        self._placeholder = "?" if dialect.paramstyle == "qmark" else "%s"
        self._lock = "" if database.is_sqlite else " FOR NO KEY UPDATE"
        self._as_stored = _time_processor(dialect)
        self._heads: dict[int, int] = {}

    def commit(self, batches: Mapping[int, Sequence[LogEntry]]) -> dict[int, int]:
        """Appends all entries in one transaction; returns the head of each document before it.

        Raises `DocumentNotFound`, `DocumentDeleted`, `HeadMoved` or the driver's error: then nothing was stored and
        the next commit reads the heads of these documents afresh.
        """
        remembered = {id: self._heads.pop(id) for id in batches if id in self._heads}
        with self._database.writing() as cursor:
            heads = {id: self._head(cursor, id) if id not in remembered else remembered[id] for id in batches}
            self._write(cursor, batches, heads)
        if len(self._heads) > MAX_REMEMBERED_HEADS:
            self._heads.clear()
        self._heads.update({id: head + len(batches[id]) for id, head in heads.items()})
        return heads

    def _head(self, cursor: DBAPICursor, document_id: int) -> int:
        cursor.execute(READ_HEAD.replace("?", self._placeholder) + self._lock, (document_id,))
        row = cursor.fetchone()
        if row is None:
            raise DocumentNotFound
        head, deleted_at = row
        if deleted_at is not None:
            raise DocumentDeleted
        return int(head)

    def _write(self, cursor: DBAPICursor, batches: Mapping[int, Sequence[LogEntry]], heads: Mapping[int, int]) -> None:
        now = self._as_stored(self._now())
        moves = [(id, heads[id], heads[id] + len(entries)) for id, entries in batches.items()]
        rows = [_row(id, seq, entry) for id in batches for seq, entry in enumerate(batches[id], heads[id] + 1)]
        claims = [(id, client, entry.author) for id in batches for entry in batches[id] for client in entry.claims]
        if self._many(cursor, MOVE_HEADS, moves, now) != len(moves):
            raise HeadMoved
        self._many(cursor, INSERT_ROWS, rows)
        if claims:
            self._many(cursor, CLAIM, claims)

    def _many(self, cursor: DBAPICursor, sql: str, rows: Sequence[tuple[Any, ...]], *before: Any) -> int:
        """Runs `sql` for `rows`, which stand after its other parameters; returns how many rows it concerned."""
        concerned = 0
        for start in range(0, len(rows), MAX_ROWS):
            part = rows[start : start + MAX_ROWS]
            cursor.execute(_statement(sql, len(part), len(part[0]), self._placeholder), (*before, *chain(*part)))
            concerned += cursor.rowcount
        return concerned


@cache
def _statement(sql: str, rows: int, columns: int, placeholder: str) -> str:
    row = f"({', '.join('?' * columns)})"
    return sql.format(rows=", ".join([row] * rows)).replace("?", placeholder)


def _time_processor(dialect: Dialect) -> Callable[[datetime], Any]:
    processor = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    assert processor is not None  # it converts to UTC on every database
    return processor


def _row(document_id: int, seq: int, entry: LogEntry) -> tuple[Any, ...]:
    packed = payload.encode(entry.updates)
    return (document_id, seq, entry.author, entry.client, len(entry.updates), packed, payload.checksum(packed))
