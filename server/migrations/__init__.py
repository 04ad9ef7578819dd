"""The history of the database's tables; `upgrade` brings any older database to this version at start.

Write a new revision by hand, with explicit operations that work on SQLite and PostgreSQL; never edit one that has been
released. `tests/server/migrations` proves that all revisions together make the tables of the code.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from server.kit.database import WRITES, Database, Durability
from server.kit.errors import AtriumError, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
LOCK = 0x61747269756D  # any number will do, as long as every node takes the same


class DatabaseTooNew(AtriumError):
    """The database was written by a newer version of Atrium; start that version or restore an older backup."""

    code = "database.too_new"


def open_database(folder: Path, url: str, durability: Durability) -> Database:
    """The database at `url`, up to date, and the data directory `folder`; raises `Unavailable` when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = Database(url, durability=durability)
        upgrade(database.engine)
    except (OSError, SQLAlchemyError) as error:
        raise Unavailable(f"The database cannot be opened: {error}") from error
    return database


def upgrade(engine: Engine) -> None:
    """Applies what is missing, in one transaction; nodes that start together wait for each other.

    Raises `DatabaseTooNew`.
    """
    if _revision(engine) == _newest():
        return
    # Half a second to import: most starts find nothing to do.
    from alembic import command
    from alembic.config import Config

    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(HERE).replace("%", "%%"))
        _refuse_newer(connection, config)
        command.upgrade(config, "head")


def _newest() -> str:
    """The revision of this version: files are named by theirs, in order."""
    return max(path.name.partition("_")[0] for path in (HERE / "versions").glob("[0-9]*_*.py"))


def _revision(engine: Engine) -> str | None:
    """The revision of the database; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_newer(connection: Connection, config: Config) -> None:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseTooNew
