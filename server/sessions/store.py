"""Sessions in SQL: functions of a session of the database (`db`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult
from sqlmodel import Session, col, select, update

from server.access import Kind
from server.sessions.session import (
    ENDS_AS,
    EndReason,
    Liveness,
    LiveSession,
    SessionRole,
    SessionState,
    sources,
)
from server.sessions.tables import NodeRow, SessionRow


@dataclass(frozen=True, slots=True)
class Stored:
    """A session as it is stored; `silent_since` is from when on it was not heard of, None if it is connected."""

    session: LiveSession
    node: str
    silent_since: datetime | None


def add(db: Session, session: LiveSession, node: str, resume_hash: bytes) -> None:
    """Stores a new session, which is there already."""
    row = SessionRow(
        id=session.id,
        project_id=session.project_id,
        user_id=session.user_id,
        user_name=session.user_name,
        hue=session.hue,
        kind=session.kind,
        name=session.name,
        role=session.role,
        state=SessionState.CREATED,
        line=session.line,
        token_id=session.token_id,
        node=node,
        resume_hash=resume_hash,
        created_at=session.since,
    )
    db.add(row)
    db.flush()
    move(db, session.id, SessionState.ACTIVE)
    touch_node(db, node, session.since)


def move(db: Session, id: str, state: SessionState) -> bool:
    """Changes the state, if the table of transitions lets it; whether it did."""
    allowed = col(SessionRow.state).in_(sources(state))
    return _changed(db, update(SessionRow).where(col(SessionRow.id) == id, allowed).values(state=state))


def end(db: Session, id: str, reason: EndReason, now: datetime, node: str | None = None) -> bool:
    """Ends a session (of `node` only, unless None); False if it was over."""
    state = ENDS_AS[reason]
    query = update(SessionRow).where(col(SessionRow.id) == id, col(SessionRow.state).in_(sources(state)))
    if node is not None:
        query = query.where(col(SessionRow.node) == node)
    return _changed(db, query.values(state=state, ended_at=now, end_reason=reason))


def set_role(db: Session, id: str, role: SessionRole) -> None:
    db.execute(update(SessionRow).where(col(SessionRow.id) == id).values(role=role))


def set_silent(db: Session, id: str, node: str, since: datetime | None) -> None:
    """From when on a session of `node` is not heard of; None: it is."""
    query = update(SessionRow).where(col(SessionRow.id) == id, col(SessionRow.node) == node)
    db.execute(query.values(disconnected_at=since))


def pause(db: Session, id: str, now: datetime) -> bool:
    """Whether the session was active, and is paused now."""
    return move(db, id, SessionState.PAUSED) and _changed(
        db, update(SessionRow).where(col(SessionRow.id) == id).values(disconnected_at=now)
    )


def take_up(db: Session, found: Stored, node: str, resume_hash: bytes, now: datetime) -> bool:
    """The session goes on at `node`; False if it ended, or went elsewhere, since it was found."""
    row = db.get(SessionRow, found.session.id)
    if row is None or row.ended_at is not None or row.node != found.node:
        return False
    if row.state == SessionState.PAUSED:
        move(db, row.id, SessionState.RESUMED)
        move(db, row.id, SessionState.ACTIVE)
        db.refresh(row)
    row.node, row.resume_hash, row.disconnected_at = node, resume_hash, None
    touch_node(db, node, now)
    return True


def by_resume_hash(db: Session, resume_hash: bytes) -> Stored | None:
    """The session that has not ended whose resume token this is the digest of."""
    return _first(db, SessionRow.resume_hash == resume_hash)


def by_id(db: Session, id: str) -> Stored | None:
    """A session that has not ended."""
    return _first(db, SessionRow.id == id)


def page(db: Session, project_id: str | None, after: str, limit: int | None) -> list[LiveSession]:
    """The sessions of a project (None: of all) that have not ended, by id, those after `after`."""
    query = select(SessionRow).where(col(SessionRow.ended_at).is_(None), SessionRow.id > after)
    if project_id is not None:
        query = query.where(SessionRow.project_id == project_id)
    return [_session(row) for row in db.exec(query.order_by(SessionRow.id).limit(limit))]


def projects(db: Session) -> list[str]:
    """The ids of the projects that have sessions."""
    return list(db.exec(select(SessionRow.project_id).where(col(SessionRow.ended_at).is_(None)).distinct()))


def living_at(db: Session, node: str) -> set[str]:
    """The ids of the sessions of a node."""
    return set(db.exec(select(SessionRow.id).where(SessionRow.node == node, col(SessionRow.ended_at).is_(None))))


# Nodes


def touch_node(db: Session, node: str, now: datetime) -> None:
    """The node lives."""
    db.merge(NodeRow(id=node, seen_at=now))


def silence_lost(db: Session, seen_before: datetime) -> list[LiveSession]:
    """Sessions of nodes that were last seen before then: they are disconnected since, and are returned."""
    rows = _of_lost_nodes(db, seen_before, col(SessionRow.disconnected_at).is_(None))
    for row, seen_at in rows:
        row.disconnected_at = seen_at
    return [_session(row) for row, _ in rows]


def lost(db: Session, silent_before: datetime) -> list[LiveSession]:
    """Sessions of nodes that are gone, which have not been heard of since before then."""
    rows = _of_lost_nodes(db, silent_before, col(SessionRow.disconnected_at) < silent_before)
    return [_session(row) for row, _ in rows]


def forget_nodes(db: Session, seen_before: datetime) -> None:
    """Removes nodes that are gone and have no sessions left."""
    used = select(SessionRow.node).where(col(SessionRow.ended_at).is_(None))
    for row in db.exec(select(NodeRow).where(NodeRow.seen_at < seen_before, col(NodeRow.id).not_in(used))):
        db.delete(row)


def _of_lost_nodes(db: Session, seen_before: datetime, which: Any) -> Sequence[tuple[SessionRow, datetime]]:
    query = (
        select(SessionRow, NodeRow.seen_at)
        .join(NodeRow, col(SessionRow.node) == col(NodeRow.id))
        .where(NodeRow.seen_at < seen_before, col(SessionRow.ended_at).is_(None), which)
    )
    return db.exec(query).all()


# Rows


def _first(db: Session, which: Any) -> Stored | None:
    query = select(SessionRow, NodeRow.seen_at).join(NodeRow, col(SessionRow.node) == col(NodeRow.id))
    found = db.exec(query.where(which, col(SessionRow.ended_at).is_(None))).first()
    return Stored(_session(found[0]), found[0].node, found[0].disconnected_at or found[1]) if found else None


def _session(row: SessionRow) -> LiveSession:
    gone = row.disconnected_at is not None
    return LiveSession(
        id=row.id,
        project_id=row.project_id,
        user_id=row.user_id,
        user_name=row.user_name,
        hue=row.hue,
        kind=Kind(row.kind),
        name=row.name,
        role=SessionRole(row.role),
        state=SessionState(row.state),
        liveness=Liveness.DISCONNECTED if gone else Liveness.ACTIVE,
        since=row.created_at,
        line=row.line,
        token_id=row.token_id,
    )


def _changed(db: Session, query: Any) -> bool:
    result: CursorResult[Any] = db.connection().execute(query)
    return result.rowcount > 0
