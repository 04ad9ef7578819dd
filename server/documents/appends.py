"""What one commit of the update log does, in SQL text on the driver's cursor: SQLAlchemy would cost more than it.

A document's head moves by compare-and-set in the same transaction as its rows are inserted. So another process that
appended first, or deleted the document, is noticed by every database, and sequences never skip or repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor

from server.documents import payload
from server.documents.errors import DocumentDeleted, DocumentNotFound, LogUnavailable
from server.documents.model import LogEntry
from server.kit.columns import UtcDateTime
from server.kit.database import Database

READ_HEAD = "SELECT head, deleted_at FROM document WHERE id = ?"
MOVE_HEAD = "UPDATE document SET head = ?, updated_at = ? WHERE id = ? AND head = ? AND deleted_at IS NULL"
INSERT_ROW = (
    "INSERT INTO document_update (document_id, seq, author, client, updates, payload, checksum)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
CLAIM = "INSERT INTO document_client (document_id, client, principal) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
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
        cursor.execute(self._sql(READ_HEAD) + self._lock, (document_id,))
        row = cursor.fetchone()
        if row is None:
            raise DocumentNotFound
        head, deleted_at = row
        if deleted_at is not None:
            raise DocumentDeleted
        return int(head)

    def _write(self, cursor: DBAPICursor, batches: Mapping[int, Sequence[LogEntry]], heads: Mapping[int, int]) -> None:
        now = self._as_stored(self._now())
        moves = [(heads[id] + len(entries), now, id, heads[id]) for id, entries in batches.items()]
        rows = [_row(id, seq, entry) for id in batches for seq, entry in enumerate(batches[id], heads[id] + 1)]
        claims = [(id, client, entry.author) for id in batches for entry in batches[id] for client in entry.claims]
        if self._many(cursor, MOVE_HEAD, moves) != len(moves):
            raise HeadMoved
        self._many(cursor, INSERT_ROW, rows)
        if claims:
            self._many(cursor, CLAIM, claims)

    def _many(self, cursor: DBAPICursor, sql: str, rows: list[tuple[Any, ...]]) -> int:
        cursor.executemany(self._sql(sql), rows)
        return cursor.rowcount

    def _sql(self, sql: str) -> str:
        return sql.replace("?", self._placeholder)


def _time_processor(dialect: Dialect) -> Callable[[datetime], Any]:
    processor = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    assert processor is not None  # it converts to UTC on every database
    return processor


def _row(document_id: int, seq: int, entry: LogEntry) -> tuple[Any, ...]:
    packed = payload.encode(entry.updates)
    return (document_id, seq, entry.author, entry.client, len(entry.updates), packed, payload.checksum(packed))
