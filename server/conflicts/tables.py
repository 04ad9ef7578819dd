"""The table of conflicts. Rows never leave the store."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from server.kit.columns import UtcDateTime


class ConflictRow(SQLModel, table=True):
    """A conflict; `others` are session ids, separated by spaces."""

    __tablename__ = "conflict"
    __table_args__ = (Index("ix_conflict_open", "project_id", "closed_at", "id"),)

    id: str = Field(primary_key=True)
    project_id: str
    type: str
    state: str
    lock_type: str
    resource_id: str
    mode: str
    session_id: str
    user: str
    others: str
    reason: str
    times: int
    strategy: str | None = None
    resolution: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
