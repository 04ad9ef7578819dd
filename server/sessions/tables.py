"""Tables of sessions. Rows never leave the store."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from server.kit.columns import UtcDateTime


class SessionRow(SQLModel, table=True):
    """A session: who, where, what has become of it. `node` is the process that its client is connected to."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_living", "project_id", "ended_at", "id"),)

    id: str = Field(primary_key=True)
    project_id: str
    user_id: str
    user_name: str
    hue: int
    kind: str
    name: str
    role: str
    state: str
    line: str
    token_id: str | None = None
    node: str = Field(index=True)
    resume_hash: bytes = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    disconnected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end_reason: str | None = None


class NodeRow(SQLModel, table=True):
    """A process of the server, and when it last said that it lives."""

    __tablename__ = "session_node"

    id: str = Field(primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)
