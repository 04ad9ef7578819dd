"""Tables of access. Rows never leave the store.

Projects live in another feature, and the built-in principals in none: their ids are plain values, not foreign keys.
"""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from server.kit.columns import UtcDateTime


class UserRow(SQLModel, table=True):
    """Somebody with a name; `server_role` holds on every project."""

    __tablename__ = "user_account"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    server_role: str | None = None
    kind: str = Field(default="person", sa_column_kwargs={"server_default": "person"})
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TokenRow(SQLModel, table=True):
    """A token by its SHA-256. `parent_id` is the token it was made with: it goes when that one goes."""

    __tablename__ = "token"

    id: str = Field(primary_key=True)
    kind: str
    user_id: str = Field(index=True)
    digest: bytes = Field(sa_type=LargeBinary)
    name: str
    acts_as: str
    scopes: str | None = None
    project_id: str | None = None
    parent_id: str | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    address: str | None = None
    user_agent: str | None = None
    signed_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BindingRow(SQLModel, table=True):
    """A user's role in a project, until `expires_at`."""

    __tablename__ = "binding"

    user_id: str = Field(primary_key=True)
    project_id: str = Field(primary_key=True, index=True)
    role: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class RoleRow(SQLModel, table=True):
    """A role that somebody defined; `inherits` are names, `permissions` JSON. The shipped roles have no rows."""

    __tablename__ = "role"

    name: str = Field(primary_key=True)
    description: str
    inherits: str
    permissions: str


class GrantRow(SQLModel, table=True):
    """A permission for one user in one project; `actions` are words, `conditions` lines."""

    __tablename__ = "access_grant"

    id: str = Field(primary_key=True)
    project_id: str = Field(index=True)
    user_id: str = Field(index=True)
    resource: str
    actions: str
    effect: str
    conditions: str
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    reason: str
    granted_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class TemplateRow(SQLModel, table=True):
    """A role and grants to give together; `content` is JSON, copied when it is applied."""

    __tablename__ = "access_template"

    name: str = Field(primary_key=True)
    content: str


class PolicyVersionRow(SQLModel, table=True):
    """One row, raised in the transaction of every change of the policy: how other processes learn of it."""

    __tablename__ = "policy_version"

    id: int = Field(default=1, primary_key=True)
    version: int
