"""Users and tokens in SQL: functions of a session, so that a service can join several in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, Delete, Update
from sqlmodel import Session, col, delete, func, or_, select, update

from server.access.model import (
    BUILT_IN,
    Action,
    Kind,
    Token,
    TokenKind,
    User,
)
from server.access.tables import TokenRow, UserRow

# Users


def user_by_id(session: Session, id: str) -> User | None:
    """A user, built-in ones included."""
    return BUILT_IN.get(id) or _user(session.get(UserRow, id))


def user_by_name(session: Session, name: str) -> User | None:
    """A user with a row; names are unique."""
    return _user(session.exec(select(UserRow).where(UserRow.name == name)).one_or_none())


def add_user(session: Session, user: User, now: datetime) -> None:
    session.add(UserRow(id=user.id, name=user.name, server_role=user.server_role, kind=user.kind, created_at=now))


def set_server_role(session: Session, id: str, role: str | None) -> None:
    session.execute(update(UserRow).where(col(UserRow.id) == id).values(server_role=role))


def _user(row: UserRow | None) -> User | None:
    if row is None:
        return None
    return User(row.id, row.name, row.server_role, Kind(row.kind), row.created_at, row.disabled_at, row.last_seen_at)


# Tokens


def add_token(session: Session, token: Token, digest: bytes) -> None:
    scopes = None if token.scopes is None else " ".join(sorted(token.scopes))
    session.add(
        TokenRow(
            id=token.id,
            kind=token.kind,
            user_id=token.user_id,
            digest=digest,
            name=token.name,
            acts_as=token.acts_as,
            scopes=scopes,
            project_id=token.project_id,
            parent_id=token.parent_id,
            created_at=token.created_at,
            expires_at=token.expires_at,
            address=token.address,
            user_agent=token.user_agent,
            signed_in_at=token.signed_in_at,
        )
    )


def token_by_id(session: Session, id: str) -> Token | None:
    row = session.get(TokenRow, id)
    return _token(row) if row else None


def credential(session: Session, id: str) -> tuple[Token, bytes, User] | None:
    """A token, its digest and whom it stands for."""
    row = session.get(TokenRow, id)
    user = row and user_by_id(session, row.user_id)
    return (_token(row), row.digest, user) if row and user else None


def tokens_of(
    session: Session, user_id: str, kinds: Collection[TokenKind], now: datetime, after: str, limit: int
) -> list[Token]:
    """A user's live tokens by id, those after `after`."""
    page = (
        select(TokenRow)
        .where(TokenRow.user_id == user_id, col(TokenRow.kind).in_(kinds), _live(now), TokenRow.id > after)
        .order_by(TokenRow.id)
        .limit(limit)
    )
    return [_token(row) for row in session.exec(page)]


def live_tokens(session: Session, ids: Sequence[str], now: datetime) -> set[str]:
    """Those of `ids` that still count."""
    return set(session.exec(select(TokenRow.id).where(col(TokenRow.id).in_(ids), _live(now))))


def touch(session: Session, token: Token, now: datetime) -> None:
    """Remembers when a token was last used, and its user last seen."""
    session.execute(update(TokenRow).where(col(TokenRow.id) == token.id).values(last_used_at=now))
    session.execute(update(UserRow).where(col(UserRow.id) == token.user_id).values(last_seen_at=now))


def revoke(session: Session, id: str, now: datetime) -> list[str]:
    """Revokes a token and everything made with it; returns the ids, or none when it was not live any more."""
    revoked: list[str] = []
    family = [id]
    while family:
        gone = update(TokenRow).where(col(TokenRow.id).in_(family), _live(now)).values(revoked_at=now)
        if not _changed(session, gone):
            break
        revoked += family
        family = list(session.exec(select(TokenRow.id).where(col(TokenRow.parent_id).in_(family), _live(now))))
    return revoked


def revoke_all(
    session: Session, user_id: str, kinds: Collection[TokenKind], now: datetime, but: str | None
) -> list[str]:
    """Revokes a user's tokens of `kinds`, but for one, and everything made with them; returns the ids."""
    of_user = select(TokenRow.id).where(TokenRow.user_id == user_id, col(TokenRow.kind).in_(kinds), _live(now))
    ids = [id for id in session.exec(of_user) if id != but]
    return [revoked for id in ids for revoked in revoke(session, id, now)]


def forget_expired(session: Session, kinds: Collection[TokenKind], before: datetime) -> None:
    """Deletes the rows of tokens of `kinds` that expired before `before`."""
    session.execute(delete(TokenRow).where(col(TokenRow.kind).in_(kinds), col(TokenRow.expires_at) < before))


def delete_tokens(session: Session, kind: TokenKind) -> None:
    """Deletes all tokens of a kind."""
    session.execute(delete(TokenRow).where(col(TokenRow.kind) == kind))


def any_token_but(session: Session, kind: TokenKind) -> bool:
    """Whether there ever was a token that is not of `kind`."""
    return session.exec(select(func.count()).where(TokenRow.kind != kind)).one() > 0


def _changed(session: Session, change: Update | Delete) -> int:
    """Runs `change`; returns how many rows it concerned."""
    result = session.execute(change)
    assert isinstance(result, CursorResult)
    return result.rowcount


def _live(now: datetime) -> ColumnElement[bool]:
    return col(TokenRow.revoked_at).is_(None) & or_(col(TokenRow.expires_at).is_(None), col(TokenRow.expires_at) > now)


def _token(row: TokenRow) -> Token:
    scopes = None if row.scopes is None else frozenset(Action(scope) for scope in row.scopes.split())
    return Token(
        id=row.id,
        kind=TokenKind(row.kind),
        user_id=row.user_id,
        name=row.name,
        acts_as=Kind(row.acts_as),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        scopes=scopes,
        project_id=row.project_id,
        parent_id=row.parent_id,
        address=row.address or "",
        user_agent=row.user_agent or "",
        signed_in_at=row.signed_in_at,
    )
