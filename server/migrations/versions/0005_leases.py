"""Leases: the epochs of projects, and who gives leases out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT = sa.String()


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "lease_epoch",
        sa.Column("project_id", TEXT, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
    )
    op.create_table(
        "lease_owner",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("term", sa.BigInteger, nullable=False),
    )
