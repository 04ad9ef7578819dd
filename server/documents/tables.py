"""Tables of the update log. Rows never leave the store.

A document's projects live in another feature, so `project_id` is a plain value and not a foreign key.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.kit.columns import UtcDateTime


class DocumentRow(SQLModel, table=True):
    """One document. `head` is the sequence of its newest log row and guards against a second writer."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    project_id: str
    key: str
    epoch: int = 1
    head: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deleted_by: str | None = None
    purged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class UpdateRow(SQLModel, table=True):
    """A run of updates by one author and one Yjs client, committed together."""

    __tablename__ = "document_update"

    document_id: int = Field(sa_column_args=[ForeignKey("document.id")], primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    author: str
    client: int | None = Field(default=None, sa_type=BigInteger)
    updates: int
    payload: bytes = Field(sa_type=LargeBinary)
    checksum: int = Field(sa_type=BigInteger)


class SnapshotRow(SQLModel, table=True):
    """The whole state of a document up to and including `seq`; log rows up to there are gone."""

    __tablename__ = "document_snapshot"

    document_id: int = Field(sa_column_args=[ForeignKey("document.id")], primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    state: bytes = Field(sa_type=LargeBinary)
    checksum: int = Field(sa_type=BigInteger)
    authors: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class ClientRow(SQLModel, table=True):
    """Which principal owns a Yjs client id in a document: the first who claimed it."""

    __tablename__ = "document_client"

    document_id: int = Field(sa_column_args=[ForeignKey("document.id")], primary_key=True)
    client: int = Field(primary_key=True, sa_type=BigInteger)
    principal: str


class QuarantineRow(SQLModel, table=True):
    """A log row that broke its document or its checksum, kept for an administrator."""

    __tablename__ = "document_quarantine"

    id: int | None = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id", index=True)
    seq: int = Field(sa_type=BigInteger)
    author: str
    payload: bytes = Field(sa_type=LargeBinary)
    reason: str
    at: datetime = Field(sa_type=UtcDateTime)
