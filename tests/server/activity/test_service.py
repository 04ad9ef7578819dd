"""The log as a whole: retention that leaves a proof."""

from __future__ import annotations

from datetime import timedelta

from server.activity.model import Filter
from tests.support.activity import AuditLog, act
from tests.support.waiting import until

DAY_S = 86_400
KEEP = timedelta(days=30)


async def aged(log: AuditLog) -> None:
    """Ten old acts in each of two chains, and a new one in the first."""
    await log.record(*(act(project=project, resource=f"file/{number}") for project in "pq" for number in range(10)))
    log.clock.advance(31 * DAY_S)
    await log.record(act("file.moved", "p"))


async def test_the_log_is_kept_for_as_long_as_asked(any_log: AuditLog) -> None:
    """Older acts are gone, younger ones stay; what is left is still proven, and says what went."""
    await aged(any_log)
    await any_log.activity.prune(KEEP)
    reports, _met = any_log.verify()
    assert {chain: (report.pruned, report.rows, report.faults) for chain, report in reports.items()} == {
        "p": (10, 2, []),
        "q": (10, 1, []),
    }
    assert await any_log.actions(chain="p") == ["audit.checkpoint", "file.moved", "audit.pruned"]
    assert await any_log.actions(chain="q") == ["audit.checkpoint", "audit.pruned"]
    assert (await any_log.entries(chain="q"))[0].note.actor_name == "Atrium"


async def test_pruning_again_changes_nothing(log: AuditLog) -> None:
    """There is nothing to do until something else gets old; then the checkpoint moves on."""
    await aged(log)
    await log.activity.prune(KEEP)
    before = await log.entries()
    await log.activity.prune(KEEP)
    assert await log.entries() == before
    log.clock.advance(31 * DAY_S)
    await log.activity.prune(KEEP)
    assert await log.actions(chain="p") == ["audit.checkpoint", "audit.pruned", "audit.pruned"]
    assert await log.actions(chain="q") == ["audit.checkpoint", "audit.pruned"]
    assert log.faults("p") == log.faults("q") == []


async def test_what_is_left_is_proven(log: AuditLog) -> None:
    """After pruning a changed row shows as before, and so does a checkpoint that somebody moved."""
    await aged(log)
    await log.activity.prune(KEEP)
    log.tamper("UPDATE audit SET resource = 'file/other' WHERE chain = 'p' AND seq = 11")
    assert log.faults("p") == [(11, "was changed")]
    log.tamper("DELETE FROM audit WHERE chain = 'p' AND seq = 10")
    log.tamper("UPDATE audit SET action = 'audit.checkpoint' WHERE chain = 'p' AND seq = 11")
    assert log.faults("p") == [(11, "rows before it were removed, and the log does not say so")]


async def test_the_log_prunes_itself(log: AuditLog) -> None:
    """With a time to keep, the service prunes at its start."""
    await aged(log)
    log.activity.start_pruning(KEEP)
    await until(lambda: log.stored().count("audit.pruned") == 2)
    await until(lambda: log.stored().count("file.written") == 0)
    await log.activity.close()


async def test_all_pages(log: AuditLog) -> None:
    """Everything comes, once, newest first; what is recorded meanwhile does not count."""
    await log.record(*(act(resource=f"file/{number}") for number in range(1200)))
    seen = []
    async for page in log.activity.pages(Filter()):
        seen += [entry.note.resource for entry in page]
        await log.record(act("file.moved"))
        log.clock.advance(1)
    assert seen == [f"file/{number}" for number in reversed(range(1200))]
