"""Sessions, and the nodes that they are connected to; conflicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.String()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "session",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("user_name", TEXT, nullable=False),
        sa.Column("hue", sa.Integer, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("line", TEXT, nullable=False),
        sa.Column("token_id", TEXT, nullable=True),
        sa.Column("node", TEXT, nullable=False, index=True),
        sa.Column("resume_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("disconnected_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("end_reason", TEXT, nullable=True),
        sa.UniqueConstraint("resume_hash"),
    )
    op.create_index("ix_session_living", "session", ["project_id", "ended_at", "id"])
    op.create_table(
        "session_node",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("seen_at", TIME, nullable=False),
    )
    op.create_table(
        "conflict",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("lock_type", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("user", TEXT, nullable=False),
        sa.Column("others", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("strategy", TEXT, nullable=True),
        sa.Column("resolution", TEXT, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
    )
    op.create_index("ix_conflict_open", "conflict", ["project_id", "closed_at", "id"])
