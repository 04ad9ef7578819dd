"""The audit log on a database of its own, on a clock moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from server.activity import ActivityService, Recorder, recorder, store
from server.activity.chain import Report, verify
from server.activity.model import Entry, Filter
from server.kit.audit import Act, Actor, Outcome
from server.kit.clock import ManualClock
from server.kit.database import Database, Durability
from tests.support.migrated import open_migrated

MIA = Actor("user:1", "mia", "person", token_id="abcd1234", address="192.0.2.1")


@dataclass
class AuditLog:
    """One server process as the log sees it."""

    database: Database
    clock: ManualClock
    recorder: Recorder
    activity: ActivityService

    async def record(self, *acts: Act) -> None:
        """Records acts and waits for them."""
        for act in acts:
            self.recorder.record(act)
        await self.recorder.flushed()

    async def entries(self, **wanted: Any) -> list[Entry]:
        """What the log has, newest first."""
        return await self.activity.page(Filter(**wanted), limit=10_000)

    async def actions(self, **wanted: Any) -> list[str]:
        """The actions in the log, oldest first."""
        return [entry.note.action for entry in reversed(await self.entries(**wanted))]

    def stored(self) -> list[str]:
        """The actions in the table now, chain by chain, without waiting for those on their way."""
        return self.database.read_sync(lambda session: [entry.note.action for entry in store.entries(session)])

    def tamper(self, statement: str, **values: Any) -> None:
        """Does to the table what nobody should."""
        self.database.write_sync(lambda session: session.execute(text(statement), values))

    def verify(self, *anchors: str) -> tuple[dict[str, Report], set[str]]:
        """The report of each chain, and the anchors that were met."""
        reports, met = self.database.read_sync(lambda session: verify(store.entries(session), anchors))
        return {report.chain: report for report in reports}, met

    def faults(self, chain: str = "") -> list[tuple[int, str]]:
        """What is wrong with a chain."""
        reports, _met = self.verify()
        return [(fault.seq, fault.text) for fault in reports[chain].faults]


@asynccontextmanager
async def audit_log(
    url: str, *, queue_rows: int = 20_000, durability: Durability = "process"
) -> AsyncIterator[AuditLog]:
    """A running log; several on one database are several processes to each other."""
    database, clock = open_migrated(url, durability), ManualClock()
    writer = Recorder(database, clock, queue_rows=queue_rows)
    writer.start()
    try:
        yield AuditLog(database, clock, writer, ActivityService(database, clock, writer))
    finally:
        await writer.close()
        database.close()


class Away:
    """A database that cannot be written, until `repair`; nobody waits long for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        monkeypatch.setattr(recorder, "RETRY_S", 0.01)
        monkeypatch.setattr(recorder, "PATIENCE_S", 0.05)
        monkeypatch.setattr(store, "append", self._fail)

    def _fail(self, *_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    def repair(self) -> None:
        """The database is back."""
        self._patch.undo()


def act(action: str = "file.written", project: str = "", resource: str = "file/a.txt", **fields: Any) -> Act:
    """Something that mia did."""
    return Act(action, fields.pop("actor", MIA), project, resource, **fields)


def denied(resource: str = "file/a.txt", **fields: Any) -> Act:
    """Something that mia was not allowed to do."""
    return act("access.denied", resource=resource, outcome=Outcome.DENIED, **fields)
