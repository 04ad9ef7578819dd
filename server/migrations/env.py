"""alembic's entry: runs revisions on the connection that `server.migrations.upgrade` opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
