"""SQLite databases that have every table and nothing in them: copies of one, for applying all revisions takes time."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from server.kit.database import Database, Durability
from server.migrations import upgrade

SQLITE = "sqlite:///"


def put_migrated(path: Path) -> None:
    """Makes the database at `path`, unless there is one."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(_migrated())


def open_migrated(url: str, durability: Durability = "power") -> Database:
    """The database at `url`, up to date."""
    if url.startswith(SQLITE):
        put_migrated(Path(url.removeprefix(SQLITE)))
    database = Database(url, durability=durability)
    upgrade(database.engine)
    return database


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "atrium.db"
        database = Database(f"{SQLITE}{path}", durability="process")
        upgrade(database.engine)
        database.close()
        return path.read_bytes()
