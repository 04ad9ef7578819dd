"""Accounts: passwords, identities of a provider, invitations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.String()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "password",
        sa.Column("user_id", TEXT, primary_key=True),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
    )
    op.create_table(
        "identity",
        sa.Column("issuer", TEXT, primary_key=True),
        sa.Column("subject", TEXT, primary_key=True),
        sa.Column("user_id", TEXT, nullable=False, index=True),
        sa.Column("linked_at", TIME, nullable=False),
    )
    op.create_table(
        "invitation",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("project_id", TEXT, nullable=False, index=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("uses_left", sa.Integer, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
    )
