"""The audit log.

Its indexes end in the order of the list, so that no page needs sorting.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.String()
TIME = sa.DateTime(timezone=True)
TEXTS = ("actor_id", "actor_name", "actor_kind", "token_id", "address", "area", "action", "resource", "outcome")
FILTERED = ("actor_id", "actor_name", "area", "outcome")


def upgrade() -> None:
    """Creates the table and its indexes."""
    op.create_table(
        "audit",
        sa.Column("chain", TEXT, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in TEXTS),
        *(sa.Column(name, TEXT, nullable=False) for name in ("detail", "prev_hash", "hash")),
    )
    op.create_index("ix_audit_at", "audit", ["at", "chain", "seq"])
    op.create_index("ix_audit_chain", "audit", ["chain", "at", "seq"])
    for name in FILTERED:
        op.create_index(f"ix_audit_{name}", "audit", [name, "at", "chain", "seq"])
