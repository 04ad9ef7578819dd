"""Access in full: roles that people define, grants, templates, ends of memberships, disabled users, devices.

Who had which role keeps it: the shipped roles of the first revision are still there under their names.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.String()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds columns and tables."""
    _extend_users_and_tokens()
    _create_policy()


def _extend_users_and_tokens() -> None:
    op.add_column("user_account", sa.Column("kind", TEXT, nullable=False, server_default="person"))
    op.add_column("user_account", sa.Column("disabled_at", TIME))
    op.add_column("user_account", sa.Column("last_seen_at", TIME))
    op.add_column("token", sa.Column("address", TEXT))
    op.add_column("token", sa.Column("user_agent", TEXT))
    op.add_column("token", sa.Column("signed_in_at", TIME))
    op.add_column("binding", sa.Column("expires_at", TIME))
    op.create_index("ix_binding_expires_at", "binding", ["expires_at"])


def _create_policy() -> None:
    op.create_table(
        "role",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("inherits", TEXT, nullable=False),
        sa.Column("permissions", TEXT, nullable=False),
    )
    op.create_table(
        "access_grant",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("project_id", TEXT, nullable=False, index=True),
        sa.Column("user_id", TEXT, nullable=False, index=True),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("actions", TEXT, nullable=False),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("conditions", TEXT, nullable=False),
        sa.Column("not_before", TIME, index=True),
        sa.Column("expires_at", TIME, index=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("granted_by", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "access_template",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("content", TEXT, nullable=False),
    )
