"""The history of the database's tables; `upgrade` brings any older database to this version at start.

Write a new revision by hand, with explicit operations that work on SQLite and PostgreSQL; never edit one that has been
released. `tests/server/migrations` proves that all revisions together make the tables of the code.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from server.kit.database import WRITES
from server.kit.errors import AtriumError

LOCK = 0x61747269756D  # any number will do, as long as every node takes the same


class DatabaseTooNew(AtriumError):
    """The database was written by a newer version of Atrium; start that version or restore an older backup."""

    code = "database.too_new"


def upgrade(engine: Engine) -> None:
    """Applies what is missing, in one transaction; nodes that start together wait for each other.

    Raises `DatabaseTooNew`.
    """
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        _refuse_newer(connection, ScriptDirectory.from_config(config))
        command.upgrade(config, "head")


def _refuse_newer(connection: Connection, scripts: ScriptDirectory) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseTooNew
