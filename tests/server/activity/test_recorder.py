"""From acts to rows: durable, in order, in one chain whoever writes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from server.activity import NotRecorded, recorder
from server.activity.recorder import receipt
from server.kit import metrics
from server.kit.audit import Act
from tests.support.activity import AuditLog, Away, act, audit_log, denied
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.waiting import until


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


async def test_flushed_means_durable(any_log: AuditLog) -> None:
    """What was recorded before is in the database after, in its order."""
    await any_log.record(*(act(resource=f"file/{number}") for number in range(2500)))
    assert [entry.note.resource for entry in await any_log.entries()] == [f"file/{n}" for n in reversed(range(2500))]
    assert any_log.faults() == []


async def test_processes_share_a_chain(database_url: str) -> None:
    """Two processes that write at once make one chain, without a gap or a fork."""
    async with audit_log(database_url) as one, audit_log(database_url) as two:
        for number in range(50):
            await asyncio.gather(
                *(log.record(act(project="p", resource=f"{log is one}/{number}"), act()) for log in (one, two))
            )
        reports, _met = one.verify()
        assert {chain: (report.rows, report.faults) for chain, report in reports.items()} == {
            "": (100, []),
            "p": (100, []),
        }


async def test_closing_writes_everything(tmp_path: Path) -> None:
    """What was recorded, and what was counted, is in the log when the server has stopped."""
    url = f"sqlite:///{tmp_path / 'atrium.db'}"
    async with audit_log(url) as log:
        for one in (act(), denied(), denied()):
            log.recorder.record(one)
    async with audit_log(url) as log:
        assert await log.actions() == ["file.written", "access.denied", "access.denied"]
        assert log.faults() == []


async def test_counts_come_by_themselves(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of a minute's denials is written though nothing else happens."""
    monkeypatch.setattr(recorder, "TICK_S", 0.01)
    await log.record(denied(), denied(), act())
    log.clock.advance(60)
    await until(lambda: len(log.stored()) == 3)


async def test_denials_are_metered(log: AuditLog) -> None:
    """Every denial counts in the metrics, also one that has no row."""
    before = value("atrium_access_denied_total", action="access.denied"), value("atrium_audit_collapsed_total")
    await log.record(denied(), denied(), denied())
    after = value("atrium_access_denied_total", action="access.denied"), value("atrium_audit_collapsed_total")
    assert (after[0] - before[0], after[1] - before[1]) == (3, 2)


async def test_a_receipt_is_for_ones_own(log: AuditLog) -> None:
    """A request waits for what it has caused, its tasks included, and for nobody else."""

    async def elsewhere() -> None:
        log.recorder.record(act())

    with receipt() as mine:
        await asyncio.create_task(elsewhere())
        await log.recorder.flushed(mine)
        assert len(await log.entries()) == 1
    with receipt() as nothing:
        pass
    log.recorder.record(act())
    assert (mine.position, nothing.position) == (1, 0)


async def test_nobody_waits_for_having_looked(log: AuditLog) -> None:
    """What is read is recorded, and does not slow down the answer."""
    with receipt() as mine:
        log.recorder.record(act("file.read"))
    assert mine.position == 0
    await log.recorder.flushed()
    assert log.stored() == ["file.read"]


async def test_acts_wait_for_the_database(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While it is away nothing is said to be recorded; when it is back everything is, in order."""
    away = Away(monkeypatch)
    with pytest.raises(NotRecorded):
        await log.record(act("a.one"), act("a.two"))
    assert value("atrium_audit_queue") == 2
    assert "audit.not_written" in caplog.messages
    away.repair()
    await log.record(act("a.three"))
    assert await log.actions() == ["a.one", "a.two", "a.three"]
    assert value("atrium_audit_queue") == 0


async def test_the_queue_is_bounded_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What does not fit is lost: for its request, in the server's log, in a metric, and in the audit log itself."""
    async with audit_log(f"sqlite:///{tmp_path / 'atrium.db'}", queue_rows=3) as log:
        away, before = Away(monkeypatch), value("atrium_audit_lost_total")
        with receipt() as early:
            log.recorder.record(act("a.early"))
        with receipt() as late:
            for _ in range(5):
                log.recorder.record(act("a.late"))
        assert (early.lost, late.lost) == (False, True)
        with pytest.raises(NotRecorded):
            await log.recorder.flushed(late)
        assert caplog.messages.count("audit.queue_full") == 1
        assert value("atrium_audit_lost_total") - before == 3
        away.repair()
        await log.recorder.flushed()
        await until(lambda: "audit.lost" in log.stored())
        assert log.stored() == ["a.early", "a.late", "a.late", "audit.lost"]
        assert (await log.entries())[0].note.detail == '{"acts":3}'
        assert log.faults() == []


async def test_a_server_stops_without_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It gives up after a while, and says how many acts are lost."""
    caplog.set_level(logging.ERROR)
    async with audit_log(f"sqlite:///{tmp_path / 'atrium.db'}") as log:
        Away(monkeypatch)
        log.recorder.record(act())
    assert [record.__dict__["acts"] for record in caplog.records if record.message == "audit.lost"] == [1]


@pytest.fixture
def mortal_postgres() -> PostgresServer:
    with postgres_server() as server:
        yield server


async def test_a_database_that_goes_away_and_comes_back(
    mortal_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened while it was away is in the log afterwards, once, in an unbroken chain."""
    monkeypatch.setattr(recorder, "RETRY_S", 0.05)
    async with audit_log(mortal_postgres.create_database(), durability="power") as log:
        await log.record(act("a.before"))
        mortal_postgres.crash()
        log.recorder.record(act("a.meanwhile"))
        mortal_postgres.start()
        await log.record(act("a.after"))
        assert await log.actions() == ["a.before", "a.meanwhile", "a.after"]
        assert log.faults() == []


async def test_recording_is_cheap(log: AuditLog) -> None:
    """To record is to put into a queue: no statement runs before the caller goes on."""
    log.recorder.record(Act("a.b", act().actor))
    assert log.stored() == []
