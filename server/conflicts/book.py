"""The conflicts that are open, in memory: what is asked for at every lease must not cost a query."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from server.conflicts import store
from server.conflicts.conflict import Conflict, Key
from server.kit.database import Database

logger = logging.getLogger(__name__)


class ConflictBook:
    """Open conflicts by key and by id, and a writer that stores what changes, soon and together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[Key, Conflict] = {}
        self._unsaved: dict[str, Conflict] = {}
        self._saving: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Reads what was open when the server stopped."""
        self._open = {conflict.key: conflict for conflict in await self._database.read(store.all_open)}

    def find(self, key: Key) -> Conflict | None:
        return self._open.get(key)

    def by_id(self, id: str) -> Conflict | None:
        return next((conflict for conflict in self._open.values() if conflict.id == id), None)

    def of_session(self, session_id: str) -> list[Conflict]:
        """A session's open conflicts, the oldest first."""
        return [conflict for conflict in self._open.values() if conflict.session_id == session_id]

    def of_project(self, project_id: str) -> list[Conflict]:
        """A project's open conflicts."""
        return [conflict for conflict in self._open.values() if conflict.project_id == project_id]

    def put(self, conflict: Conflict) -> None:
        """Remembers the conflict as it is now, unless it is over, and has it stored."""
        if conflict.is_open:
            self._open[conflict.key] = conflict
        else:
            self._open.pop(conflict.key, None)
        self._unsaved[conflict.id] = conflict
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save())

    async def saved(self) -> None:
        """Returns when everything put so far is stored, or could not be."""
        if self._saving is not None:
            await asyncio.shield(self._saving)

    async def _save(self) -> None:
        while self._unsaved:
            conflicts, self._unsaved = list(self._unsaved.values()), {}
            try:
                await self._write(conflicts)
            except Exception:  # a supervised edge: nobody waits for an answer, and the conflicts are still open here
                logger.exception("conflicts.not_saved")

    async def _write(self, conflicts: Iterable[Conflict]) -> None:
        await self._database.write(lambda db: store.put(db, conflicts))
