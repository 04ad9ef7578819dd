"""Tables of accounts. Rows never leave the store.

Users live in another feature, and the built-in administrator in no table: their ids are plain values.
"""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from server.kit.columns import UtcDateTime


class PasswordRow(SQLModel, table=True):
    """A user's password, as argon2 has it."""

    __tablename__ = "password"

    user_id: str = Field(primary_key=True)
    hash: str
    changed_at: datetime = Field(sa_type=UtcDateTime)


class IdentityRow(SQLModel, table=True):
    """An identity provider's word for somebody, and the user that it stands for."""

    __tablename__ = "identity"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    linked_at: datetime = Field(sa_type=UtcDateTime)


class InvitationRow(SQLModel, table=True):
    """An invitation into a project, by the SHA-256 of its token."""

    __tablename__ = "invitation"

    id: str = Field(primary_key=True)
    project_id: str = Field(index=True)
    digest: bytes = Field(sa_type=LargeBinary)
    role: str
    note: str
    uses_left: int
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
