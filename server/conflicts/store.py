"""Conflicts in SQL: functions of a session of the database (`db`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, select

from server.conflicts.conflict import Conflict, ConflictState, ConflictType, Strategy
from server.conflicts.tables import ConflictRow

SEPARATOR = " "


def put(db: Session, conflicts: Iterable[Conflict]) -> None:
    """Stores conflicts as they are now."""
    for conflict in conflicts:
        db.merge(_row(conflict))


def by_id(db: Session, project_id: str, id: str) -> Conflict | None:
    row = db.get(ConflictRow, id)
    return _conflict(row) if row and row.project_id == project_id else None


def page(
    db: Session, project_id: str, *, only_open: bool = False, after: str = "", limit: int | None = None
) -> list[Conflict]:
    """A project's conflicts by id, those after `after`."""
    query = select(ConflictRow).where(ConflictRow.project_id == project_id, ConflictRow.id > after)
    if only_open:
        query = query.where(col(ConflictRow.closed_at).is_(None))
    return [_conflict(row) for row in db.exec(query.order_by(ConflictRow.id).limit(limit))]


def all_open(db: Session) -> list[Conflict]:
    """Every conflict that is not over."""
    return [_conflict(row) for row in db.exec(select(ConflictRow).where(col(ConflictRow.closed_at).is_(None)))]


def _row(conflict: Conflict) -> ConflictRow:
    return ConflictRow(
        id=conflict.id,
        project_id=conflict.project_id,
        type=conflict.type,
        state=conflict.state,
        lock_type=conflict.lock_type,
        resource_id=conflict.resource_id,
        mode=conflict.mode,
        session_id=conflict.session_id,
        user=conflict.user,
        others=SEPARATOR.join(conflict.others),
        reason=conflict.reason,
        times=conflict.times,
        strategy=conflict.strategy,
        resolution=conflict.resolution,
        created_at=conflict.created_at,
        changed_at=conflict.changed_at,
        closed_at=None if conflict.is_open else conflict.changed_at,
    )


def _conflict(row: ConflictRow) -> Conflict:
    return Conflict(
        id=row.id,
        project_id=row.project_id,
        type=ConflictType(row.type),
        state=ConflictState(row.state),
        lock_type=row.lock_type,
        resource_id=row.resource_id,
        mode=row.mode,
        session_id=row.session_id,
        user=row.user,
        others=tuple(row.others.split()),
        reason=row.reason,
        times=row.times,
        created_at=row.created_at,
        changed_at=row.changed_at,
        strategy=Strategy(row.strategy) if row.strategy else None,
        resolution=row.resolution,
    )
