"""The first tables: projects, access, documents and the update log.

Going back is restoring a backup; there are no downgrades.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.String()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates all tables."""
    _create_projects()
    _create_access()
    _create_documents()
    _create_update_log()


def _create_projects() -> None:
    op.create_table(
        "project",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("slug", TEXT, nullable=False, index=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME),
    )
    op.create_table(
        "project_slug",
        sa.Column("slug", TEXT, primary_key=True),
        sa.Column("project_id", TEXT, sa.ForeignKey("project.id"), nullable=False, index=True),
    )


def _create_access() -> None:
    op.create_table(
        "user_account",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("server_role", TEXT),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "token",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False, index=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("acts_as", TEXT, nullable=False),
        sa.Column("scopes", TEXT),
        sa.Column("project_id", TEXT),
        sa.Column("parent_id", TEXT, index=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, index=True),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
    )
    op.create_table(
        "binding",
        sa.Column("user_id", TEXT, primary_key=True),
        sa.Column("project_id", TEXT, primary_key=True, index=True),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "policy_version",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )


def _create_documents() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME),
        sa.Column("deleted_by", TEXT),
        sa.Column("purged_at", TIME),
        sa.UniqueConstraint("project_id", "key"),
    )
    op.create_table(
        "document_client",
        sa.Column("document_id", sa.Integer, sa.ForeignKey("document.id"), primary_key=True),
        sa.Column("client", sa.BigInteger, primary_key=True),
        sa.Column("principal", TEXT, nullable=False),
    )


def _create_update_log() -> None:
    op.create_table(
        "document_update",
        sa.Column("document_id", sa.Integer, sa.ForeignKey("document.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("client", sa.BigInteger),
        sa.Column("updates", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "document_snapshot",
        sa.Column("document_id", sa.Integer, sa.ForeignKey("document.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.Column("authors", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "document_quarantine",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("document.id"), nullable=False, index=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
