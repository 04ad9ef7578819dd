"""What is looked up and refused before anything is changed."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from server.access import store
from server.access.errors import InvalidPermission, UserNotFound
from server.access.model import ANONYMOUS_ID, SERVER_ID, ServerRole, User
from server.access.roles import RoleBook


def find_user(session: Session, reference: str) -> User:
    """The user with this id or name, but for those that nobody can be; raises `UserNotFound`."""
    if not reference.isprintable():
        raise UserNotFound
    user = store.user_by_id(session, reference) or store.user_by_name(session, reference)
    if user is None or user.id in (ANONYMOUS_ID, SERVER_ID):
        raise UserNotFound
    return user


def somebody(session: Session, id: str) -> User:
    """The user with this id; an id that nobody has stands for itself."""
    return store.user_by_id(session, id) or User(id, id)


def refuse_unknown_role(book: RoleBook, role: str) -> None:
    """Raises `InvalidPermission` for a role that there is not, or not in projects."""
    if book.get(role) is None or role == ServerRole.ADMIN:
        raise InvalidPermission(f"There is no role {role!r} in projects.")


def refuse_over(until: datetime | None, now: datetime, not_before: datetime | None = None) -> None:
    """Raises `InvalidPermission` for what would be over already, or before it begins."""
    if until is not None and until <= max(now, not_before or now):
        raise InvalidPermission("The end lies in the past, or before the beginning.")
