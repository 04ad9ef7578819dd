"""SQL of documents, on SQLite and PostgreSQL; each function is one transaction's work (see `Database.read`, `write`).

The hot path, appending, is in `appends.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from server.documents import payload
from server.documents.errors import (
    DocumentDeleted,
    DocumentExists,
    DocumentNotFound,
    DocumentUnreadable,
    StaleSnapshot,
)
from server.documents.model import DocumentRecord, LoadedDocument, LogEntry, QuarantinedRow
from server.documents.tables import ClientRow, DocumentRow, QuarantineRow, SnapshotRow, UpdateRow


def _table(row: type[SQLModel]) -> Any:
    return row.__table__  # type: ignore[attr-defined] # SQLModel adds it at run time


document, log, snapshot = _table(DocumentRow), _table(UpdateRow), _table(SnapshotRow)
client, quarantined_row = _table(ClientRow), _table(QuarantineRow)

UPSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
RECORD = [column for column in document.c if column.name != "purged_at"]


def _record(row: Row[Any]) -> DocumentRecord:
    return DocumentRecord(**row._mapping)


def create_many(
    session: Session, project_id: str, items: Sequence[tuple[str, bytes | None]], *, author: str, now: datetime
) -> list[DocumentRecord]:
    """Inserts all documents with their first updates, or raises and inserts none."""
    if len({key for key, _ in items}) < len(items):
        raise DocumentExists("The same key is to be created twice.")
    if not items:
        return []
    rows = [
        {"project_id": project_id, "key": key, "epoch": 1, "head": int(initial is not None)}
        | {"created_at": now, "updated_at": now}
        for key, initial in items
    ]
    statement = UPSERT[session.get_bind().dialect.name](document).on_conflict_do_nothing().returning(*RECORD)
    records = {row.key: _record(row) for row in session.execute(statement, rows)}
    for key, _ in items:
        if key not in records:
            _refuse_taken(session, project_id, key)
    first = [_first_row(records[key].id, author, initial) for key, initial in items if initial is not None]
    if first:
        session.execute(insert(log), first)
    return [records[key] for key, _ in items]


def _first_row(document_id: int, author: str, initial: bytes) -> dict[str, object]:
    packed = payload.encode([initial])
    return {"document_id": document_id, "seq": 1, "author": author, "client": None, "updates": 1} | {
        "payload": packed,
        "checksum": payload.checksum(packed),
    }


def _refuse_taken(session: Session, project_id: str, key: str) -> NoReturn:
    taken = find(session, project_id, key)
    if taken is not None and taken.deleted_at is not None:
        raise DocumentDeleted(f"{key!r} has been deleted; restore it or use another name.")
    raise DocumentExists(f"{key!r} exists already.")


def find(session: Session, project_id: str, key: str) -> DocumentRecord | None:
    """The document under a key, deleted or not."""
    rows = session.execute(select(*RECORD).where(document.c.project_id == project_id, document.c.key == key))
    return next(map(_record, rows), None)


def get(session: Session, document_id: int) -> DocumentRecord:
    """The document, deleted or not; raises `DocumentNotFound`."""
    row = session.execute(select(*RECORD).where(document.c.id == document_id)).one_or_none()
    if row is None:
        raise DocumentNotFound
    return _record(row)


def list_page(session: Session, project_id: str, *, prefix: str, after: str | None, limit: int) -> list[DocumentRecord]:
    """Documents that are not deleted, ordered by key."""
    query = select(*RECORD).where(document.c.project_id == project_id, document.c.deleted_at.is_(None))
    if prefix:  # not LIKE: SQLite's ignores case
        query = query.where(func.substr(document.c.key, 1, len(prefix)) == prefix)
    if after is not None:
        query = query.where(document.c.key > after)
    return [_record(row) for row in session.execute(query.order_by(document.c.key).limit(limit))]


def load(session: Session, document_id: int) -> tuple[LoadedDocument, list[int]]:
    """The document and the sequences of damaged rows, which are left out of it.

    Raises `DocumentNotFound`, `DocumentDeleted` and `DocumentUnreadable`.
    """
    # Rows before the snapshot: a compaction between the two queries then leaves an overlap, never a hole.
    rows = session.execute(select(log).where(log.c.document_id == document_id).order_by(log.c.seq)).all()
    covered, state = _newest_snapshot(session, document_id)
    clients = select(client.c.client, client.c.principal).where(client.c.document_id == document_id)
    owners = {row.client: row.principal for row in session.execute(clients)}
    record = _undeleted(get(session, document_id))
    entries: list[tuple[int, LogEntry]] = []
    damaged: list[int] = []
    for row in rows:
        updates = payload.decode(row.payload, row.updates, row.checksum)
        if updates is None:
            damaged.append(row.seq)
        elif row.seq > covered:
            entries.append((row.seq, LogEntry(row.author, row.client, updates)))
    # Another process may have appended since: the head is that of what is here.
    record = replace(record, head=entries[-1][0] if entries else covered)
    log_bytes = sum(len(update) for _, entry in entries for update in entry.updates)
    return LoadedDocument(record, state, covered, entries, owners, log_bytes), damaged


def _undeleted(record: DocumentRecord) -> DocumentRecord:
    if record.deleted_at is not None:
        raise DocumentDeleted
    return record


def _newest_snapshot(session: Session, document_id: int) -> tuple[int, bytes | None]:
    query = select(snapshot).where(snapshot.c.document_id == document_id).order_by(snapshot.c.seq.desc()).limit(1)
    row = session.execute(query).one_or_none()
    if row is None:
        return 0, None
    if payload.checksum(row.state) != row.checksum:
        raise DocumentUnreadable(f"The snapshot of document {document_id} is damaged; restore it from a backup.")
    return row.seq, row.state


def compact(session: Session, document_id: int, state: bytes, covers_seq: int, now: datetime) -> None:
    """Replaces the rows up to `covers_seq` and older snapshots by `state`, which has to contain them.

    Raises `StaleSnapshot`, `DocumentDeleted`, `DocumentNotFound`.
    """
    record = _undeleted(_held(session, document_id))
    covered_rows = (log.c.document_id == document_id) & (log.c.seq <= covers_seq)
    # As in `load`: authors of rows first, so that no author is lost to a compaction between the two queries.
    authors = set(session.execute(select(log.c.author).where(covered_rows).distinct()).scalars())
    old = session.execute(
        select(snapshot.c.seq, snapshot.c.authors)
        .where(snapshot.c.document_id == document_id)
        .order_by(snapshot.c.seq.desc())
    ).first()
    if covers_seq > record.head or covers_seq <= (old.seq if old else 0):
        raise StaleSnapshot(f"The snapshot covers {covers_seq}; the log has {old.seq if old else 0} to {record.head}.")
    authors.update(json.loads(old.authors) if old else ())
    session.execute(
        insert(snapshot).values(
            document_id=document_id,
            seq=covers_seq,
            state=state,
            checksum=payload.checksum(state),
            authors=json.dumps(sorted(authors)),
            created_at=now,
        )
    )
    session.execute(delete(snapshot).where(snapshot.c.document_id == document_id, snapshot.c.seq < covers_seq))
    session.execute(delete(log).where(covered_rows))


def _held(session: Session, document_id: int) -> DocumentRecord:
    """The document, which nobody can purge before this transaction ends; appends go on meanwhile."""
    query = select(*RECORD).where(document.c.id == document_id).with_for_update(read=True, key_share=True)
    row = session.execute(query).one_or_none()
    if row is None:
        raise DocumentNotFound
    return _record(row)


def mark_deleted(session: Session, document_id: int, author: str, now: datetime) -> None:
    """Leaves a tombstone; does nothing when there is one."""
    get(session, document_id)
    alive = (document.c.id == document_id) & document.c.deleted_at.is_(None)
    session.execute(update(document).where(alive).values(deleted_at=now, deleted_by=author))


def restore(session: Session, document_id: int) -> DocumentRecord:
    """Takes the tombstone away; raises `DocumentDeleted` when the content has been purged."""
    intact = (document.c.id == document_id) & document.c.purged_at.is_(None)
    session.execute(update(document).where(intact).values(deleted_at=None, deleted_by=None))
    return _undeleted(get(session, document_id))


def purge(session: Session, document_id: int, now: datetime) -> None:
    """Removes the content for ever and leaves the tombstone."""
    locked = select(document.c.id).where(document.c.id == document_id).with_for_update()
    if session.execute(locked).one_or_none() is None:
        raise DocumentNotFound
    for table in (log, snapshot, client, quarantined_row):
        session.execute(delete(table).where(table.c.document_id == document_id))
    tombstone = {"deleted_at": func.coalesce(document.c.deleted_at, bindparam("now", now, document.c.deleted_at.type))}
    session.execute(update(document).where(document.c.id == document_id).values(purged_at=now, **tombstone))


def quarantine(session: Session, document_id: int, seqs: Sequence[int], reason: str, now: datetime) -> list[int]:
    """Moves rows out of the log; returns the sequences of those that were there."""
    chosen = (log.c.document_id == document_id) & log.c.seq.in_(seqs)
    columns = select(log.c.document_id, log.c.seq, log.c.author, log.c.payload)
    rows = session.execute(columns.where(chosen).order_by(log.c.seq)).mappings().all()
    if rows:
        session.execute(insert(quarantined_row), [{**row, "reason": reason, "at": now} for row in rows])
        session.execute(delete(log).where(chosen))
    return [row["seq"] for row in rows]


def quarantined(session: Session, project_id: str | None, *, after: int, limit: int) -> list[QuarantinedRow]:
    """Rows in quarantine, oldest first, of one project or of all."""
    q = quarantined_row.c
    query = (
        select(q.id, document.c.project_id, q.document_id, document.c.key, q.seq, q.author, q.reason, q.at)
        .add_columns(func.length(q.payload).label("size"))
        .join(document, document.c.id == q.document_id)
        .where(q.id > after)
    )
    if project_id is not None:
        query = query.where(document.c.project_id == project_id)
    return [QuarantinedRow(**row._mapping) for row in session.execute(query.order_by(q.id).limit(limit))]
