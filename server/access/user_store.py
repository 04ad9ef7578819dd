"""Users in SQL: functions of a session."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from server.access import store
from server.access.errors import NameTaken
from server.access.model import User
from server.access.tables import UserRow


def add(session: Session, user: User, now: datetime) -> None:
    """Raises `NameTaken`."""
    store.add_user(session, user, now)
    _flush(session)


def page(session: Session, q: str, after: str, limit: int) -> list[User]:
    """Users whose name has `q` in it, by id, those after `after`."""
    rows = (
        select(UserRow.id)
        .where(UserRow.id > after, col(UserRow.name).icontains(q, autoescape=True))
        .order_by(UserRow.id)
        .limit(limit)
    )
    users = (store.user_by_id(session, id) for id in session.exec(rows))
    return [user for user in users if user]


def rename(session: Session, id: str, name: str) -> None:
    """Raises `NameTaken`."""
    row = session.get_one(UserRow, id)
    row.name = name
    _flush(session)


def set_disabled(session: Session, id: str, at: datetime | None) -> None:
    """Disables a user, or (None) enables them again."""
    session.execute(update(UserRow).where(col(UserRow.id) == id).values(disabled_at=at))


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise NameTaken from None
