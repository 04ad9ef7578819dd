"""Passwords, identities and invitations in SQL: functions of a session."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CursorResult
from sqlmodel import Session, col, delete, func, select, update

from server.accounts.model import Invitation
from server.accounts.tables import IdentityRow, InvitationRow, PasswordRow

# Passwords


def password(session: Session, user_id: str) -> str | None:
    """The hash of a user's password."""
    row = session.get(PasswordRow, user_id)
    return row.hash if row else None


def set_password(session: Session, user_id: str, hash: str, now: datetime) -> None:
    session.merge(PasswordRow(user_id=user_id, hash=hash, changed_at=now))


def any_password(session: Session) -> bool:
    """Whether anybody has one."""
    return session.exec(select(func.count()).select_from(PasswordRow)).one() > 0


def with_password(session: Session, user_ids: Collection[str]) -> set[str]:
    """Those of `user_ids` who have one."""
    return set(session.exec(select(PasswordRow.user_id).where(col(PasswordRow.user_id).in_(user_ids))))


# Identities


def identified(session: Session, issuer: str, subject: str) -> str | None:
    """The id of the user that a provider's subject stands for."""
    row = session.get(IdentityRow, (issuer, subject))
    return row.user_id if row else None


def link(session: Session, issuer: str, subject: str, user_id: str, now: datetime) -> None:
    session.add(IdentityRow(issuer=issuer, subject=subject, user_id=user_id, linked_at=now))
    session.flush()


# Invitations


def add_invitation(session: Session, invitation: Invitation, digest: bytes) -> None:
    session.add(
        InvitationRow(
            id=invitation.id,
            project_id=invitation.project_id,
            digest=digest,
            role=invitation.role,
            note=invitation.note,
            uses_left=invitation.uses_left,
            created_by=invitation.created_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
    )


def invitation(session: Session, id: str) -> tuple[Invitation, bytes] | None:
    """An invitation and the digest of its token."""
    row = session.get(InvitationRow, id)
    return (_invitation(row), row.digest) if row else None


def open_invitations(session: Session, project_id: str, now: datetime, after: str, limit: int) -> list[Invitation]:
    """A project's invitations that can still be accepted by id, those after `after`."""
    page = (
        select(InvitationRow)
        .where(
            InvitationRow.project_id == project_id,
            InvitationRow.id > after,
            InvitationRow.uses_left > 0,
            InvitationRow.expires_at > now,
            col(InvitationRow.revoked_at).is_(None),
        )
        .order_by(InvitationRow.id)
        .limit(limit)
    )
    return [_invitation(row) for row in session.exec(page)]


def use_invitation(session: Session, id: str) -> bool:
    """Takes one use away; whether there was one left."""
    used = (
        update(InvitationRow)
        .where(col(InvitationRow.id) == id, col(InvitationRow.uses_left) > 0, col(InvitationRow.revoked_at).is_(None))
        .values(uses_left=InvitationRow.uses_left - 1)
    )
    result = session.execute(used)
    assert isinstance(result, CursorResult)
    return result.rowcount > 0


def revoke_invitation(session: Session, id: str, now: datetime) -> None:
    session.execute(update(InvitationRow).where(col(InvitationRow.id) == id).values(revoked_at=now))


def forget_invitations(session: Session, before: datetime) -> None:
    """Deletes the rows of invitations that expired before `before`."""
    session.execute(delete(InvitationRow).where(col(InvitationRow.expires_at) < before))


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(
        id=row.id,
        project_id=row.project_id,
        role=row.role,
        note=row.note,
        uses_left=row.uses_left,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
