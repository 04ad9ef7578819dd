"""SQL of the audit log, on SQLite and PostgreSQL; each function is one transaction's work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, insert, or_, select, tuple_, update
from sqlmodel import Session

from server.activity.chain import START, link
from server.activity.model import CHECKPOINT, PRUNED, Entry, Filter, Head, Note, area, canonical
from server.activity.tables import AuditRow

audit: Any = AuditRow.__table__  # type: ignore[attr-defined] # SQLModel adds it at run time
NOTE = [field.name for field in fields(Note)]
SEARCHED = (audit.c.actor_name, audit.c.address, audit.c.action, audit.c.resource, audit.c.detail)
ORDER = (audit.c.at.desc(), audit.c.chain.desc(), audit.c.seq.desc())
NAMELESS = frozenset({"anonymous", "server"})
STREAM_ROWS = 1000
BEYOND = "\U0010ffff"

Key = tuple[datetime, str, int]
"""The place of an entry in the list: at, chain, seq."""


def append(session: Session, notes: Iterable[Note]) -> None:
    """Appends each note to its chain, in the order given.

    Raises `IntegrityError` when another process has appended meanwhile: do it again. The chains are taken in one order
    by everybody, so that two processes never wait for each other in a circle.
    """
    chains = groupby(sorted(notes, key=lambda note: note.chain), key=lambda note: note.chain)
    rows = [_row(entry) for chain, group in chains for entry in link(group, head(session, chain))]
    if rows:
        session.execute(insert(audit), rows)


def head(session: Session, chain: str) -> Head:
    """The end of a chain."""
    newest = select(audit.c.seq, audit.c.hash).where(audit.c.chain == chain).order_by(audit.c.seq.desc()).limit(1)
    found = session.execute(newest).first()
    return Head(found.seq, found.hash) if found else START


def key(entry: Entry) -> Key:
    """Where an entry is in the list."""
    return entry.note.at, entry.note.chain, entry.seq


def page(session: Session, wanted: Filter, after: Key | None, limit: int) -> list[Entry]:
    """At most `limit` entries, newest first, those that come after `after`."""
    return [_entry(row) for row in session.execute(page_query(wanted, after, limit))]


def page_query(wanted: Filter, after: Key | None, limit: int) -> Select[Any]:
    """The query of `page`; every filter but `text` leads into an index that is in the order of the list."""
    query = select(audit).where(*_conditions(wanted)).order_by(*ORDER).limit(limit)
    if after is not None:
        query = query.where(tuple_(audit.c.at, audit.c.chain, audit.c.seq) < after)
    return query


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.chain is not None:
        yield audit.c.chain == wanted.chain
    if wanted.actor is not None:
        is_id = ":" in wanted.actor or wanted.actor in NAMELESS  # no name is like that
        yield (audit.c.actor_id if is_id else audit.c.actor_name) == wanted.actor
    if wanted.action is not None:
        yield audit.c.area == area(wanted.action)
        yield audit.c.action.between(wanted.action, wanted.action + BEYOND)
    if wanted.outcome is not None:
        yield audit.c.outcome == str(wanted.outcome)
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until
    if wanted.text is not None:
        yield or_(*(column.icontains(wanted.text, autoescape=True) for column in SEARCHED))


def entries(session: Session, chain: str | None = None) -> Iterator[Entry]:
    """All entries (of one chain) in order of chain and seq, a few at a time, as they are at one moment."""
    query = select(audit).order_by(audit.c.chain, audit.c.seq)
    if chain is not None:
        query = query.where(audit.c.chain == chain)
    for row in session.execute(query, execution_options={"yield_per": STREAM_ROWS}):
        yield _entry(row)


# Pruning


def prunable(session: Session, before: datetime) -> list[tuple[str, Head]]:
    """Chains that begin with acts from before `before`, and the last of these."""
    chains = session.execute(select(audit.c.chain).distinct()).scalars().all()
    return [(chain, last) for chain in chains if (last := _last_prunable(session, chain, before))]


def _last_prunable(session: Session, chain: str, before: datetime) -> Head | None:
    in_chain = audit.c.chain == chain
    kept = select(audit.c.seq).where(in_chain, audit.c.at >= before).order_by(audit.c.at, audit.c.seq).limit(1)
    # What pruning itself has left is not worth another pruning.
    old = select(audit.c.seq, audit.c.hash).where(in_chain, audit.c.action.not_in((CHECKPOINT, PRUNED)))
    first_kept = session.execute(kept).scalar()
    if first_kept is not None:
        old = old.where(audit.c.seq < first_kept)
    last = session.execute(old.order_by(audit.c.seq.desc()).limit(1)).first()
    return Head(last.seq, last.hash) if last else None


def prune(session: Session, chain: str, through: int, limit: int) -> bool:
    """Replaces the oldest `limit` rows (2 at least) of a chain, up to `through`, by a checkpoint.

    False when there is nothing but the checkpoint.
    """
    in_chain = audit.c.chain == chain
    oldest = select(audit.c.seq, audit.c.action).where(in_chain, audit.c.seq <= through).order_by(audit.c.seq)
    rows = session.execute(oldest.limit(limit)).all()
    if [row.action for row in rows] in ([], [CHECKPOINT]):
        return False
    last = rows[-1].seq
    session.execute(delete(audit).where(in_chain, audit.c.seq < last))
    session.execute(update(audit).where(in_chain, audit.c.seq == last).values(_checkpoint(last)))
    return True


def _checkpoint(rows: int) -> dict[str, object]:
    """What a row becomes that stands for itself and everything before it; its place and its hash stay."""
    gone: dict[str, object] = dict.fromkeys(
        ("actor_id", "actor_name", "actor_kind", "token_id", "address", "resource", "prev_hash"), ""
    )
    kept = {"area": area(CHECKPOINT), "action": CHECKPOINT, "outcome": "done", "detail": canonical({"rows": rows})}
    return gone | kept


def _row(entry: Entry) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(entry.note, name) for name in NOTE}
    return values | {"seq": entry.seq, "prev_hash": entry.prev_hash, "hash": entry.hash}


def _entry(row: Row[Any]) -> Entry:
    note = Note(**{name: getattr(row, name) for name in NOTE})
    return Entry(note, row.seq, row.prev_hash, row.hash)
