"""The table of the audit log. Rows never leave the store.

The columns of every index end in (at, chain, seq), the order of the list: so a page needs no sorting, however it is
filtered.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from server.kit.columns import UtcDateTime


class AuditRow(SQLModel, table=True):
    """One entry of a chain; `area` is the first word of the action, for filtering."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at", "chain", "seq"),
        Index("ix_audit_chain", "chain", "at", "seq"),
        Index("ix_audit_actor_id", "actor_id", "at", "chain", "seq"),
        Index("ix_audit_actor_name", "actor_name", "at", "chain", "seq"),
        Index("ix_audit_area", "area", "at", "chain", "seq"),
        Index("ix_audit_outcome", "outcome", "at", "chain", "seq"),
    )

    chain: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str
    actor_name: str
    actor_kind: str
    token_id: str
    address: str
    area: str
    action: str
    resource: str
    outcome: str
    detail: str
    prev_hash: str
    hash: str
