"""The audit log: what was done, by whom, and the proof that nobody has changed it since."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

from server.access import SERVER, Principal, actor_of
from server.activity import chain, store
from server.activity.chain import Report
from server.activity.model import PRUNED, Entry, Filter
from server.activity.recorder import Recorder
from server.kit.audit import Act
from server.kit.clock import Clock
from server.kit.database import Database

logger = logging.getLogger(__name__)

EXPORT_ROWS = 500
PRUNE_ROWS = 2_000
PRUNE_EVERY_S = 3600.0


class ActivityService:
    """Reads, verifies and prunes the log; the `Recorder` writes it."""

    def __init__(self, database: Database, clock: Clock, recorder: Recorder) -> None:
        self._database, self._clock, self._recorder = database, clock, recorder
        self._pruning: asyncio.Task[None] | None = None

    async def page(self, wanted: Filter, *, after: store.Key | None = None, limit: int = 50) -> list[Entry]:
        """At most `limit` entries, newest first, those that come after `after`."""
        await self._recorder.flushed()
        return await self._database.read(lambda session: store.page(session, wanted, after, limit))

    async def pages(self, wanted: Filter) -> AsyncIterator[list[Entry]]:
        """All entries, newest first, some at a time; what is recorded meanwhile does not count."""
        after = None
        while page := await self.page(wanted, after=after, limit=EXPORT_ROWS):
            yield page
            after = store.key(page[-1])

    async def verify(self) -> list[Report]:
        """Checks all chains, as they are at one moment."""
        await self._recorder.flushed()
        reports, _met = await self._database.read(lambda session: chain.verify(store.entries(session)))
        return reports

    def exported(self, caller: Principal, wanted: Filter, format: str) -> None:
        """Records that somebody took a copy of the log."""
        self._recorder.record(
            Act("audit.exported", actor_of(caller), wanted.chain or "", "audit", detail={"format": format})
        )

    # Retention

    def start_pruning(self, keep: timedelta) -> None:
        """Prunes what is older than `keep`, now and every hour."""
        self._pruning = asyncio.create_task(self._prune_forever(keep))

    async def close(self) -> None:
        """Ends the pruning."""
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.gather(self._pruning, return_exceptions=True)

    async def _prune_forever(self, keep: timedelta) -> None:
        while True:
            try:
                await self.prune(keep)
            except Exception:  # a supervised loop: the next hour is another try
                logger.exception("audit.not_pruned")
            await asyncio.sleep(PRUNE_EVERY_S)

    async def prune(self, keep: timedelta) -> None:
        """Replaces the rows of each chain that are older than `keep` by a checkpoint; the chain says so beforehand."""
        before = self._clock.now() - keep
        for chain_id, last in await self._database.read(lambda session: store.prunable(session, before)):
            detail = {"through": last.seq, "hash": last.hash}
            self._recorder.record(Act(PRUNED, actor_of(SERVER), chain_id, "audit", detail=detail))
            await self._recorder.flushed()
            await self._prune_chain(chain_id, last.seq)
            logger.info("audit.pruned", extra={"project": chain_id, "through": last.seq})

    async def _prune_chain(self, chain_id: str, through: int) -> None:
        """In pieces, so that nobody waits long for the database."""
        while await self._database.write(lambda session: store.prune(session, chain_id, through, PRUNE_ROWS)):
            pass
