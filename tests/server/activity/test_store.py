"""SQL of the log, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from server.activity import store
from server.activity.model import Entry, Filter, Head, note
from server.kit.audit import Act, Actor, Outcome
from tests.support.activity import AuditLog, act, denied

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOB = Actor("user:2", "bob", "person", address="192.0.2.2")
GUEST = Actor("anonymous", "Guest 123", "person")


def append(log: AuditLog, *acts: Act, at: datetime = NOW) -> None:
    notes = [note(one, at) for one in acts]
    log.database.write_sync(lambda session: store.append(session, notes))


def found(log: AuditLog, **wanted: Any) -> list[Entry]:
    return log.database.read_sync(lambda session: store.page(session, Filter(**wanted), None, 100))


async def test_chains_count_for_themselves(any_log: AuditLog) -> None:
    """Each project's chain begins at 1 and goes on where it ended."""
    append(any_log, act(project="p"), act(project=""), act(project="p"))
    append(any_log, act(project="p"))
    assert [(entry.note.chain, entry.seq) for entry in found(any_log)] == [("p", 3), ("p", 2), ("p", 1), ("", 1)]
    reports, _met = any_log.verify()
    assert all(report.is_whole for report in reports.values())


async def test_what_is_written_is_read(any_log: AuditLog) -> None:
    """Every field comes back as it was, whatever the characters."""
    strange = act(resource="file/ä \U0001f600 'x' \"y\" %", detail={"a": "\0"}, outcome=Outcome.FAILED)
    append(any_log, strange, at=NOW + timedelta(microseconds=1))
    [entry] = found(any_log)
    assert entry.note == note(strange, NOW + timedelta(microseconds=1))


async def test_a_place_is_taken_once(any_log: AuditLog) -> None:
    """Two rows can never have the same number in a chain: the second process is told to do it again."""
    append(any_log, act())
    [entry] = found(any_log)
    statement = "INSERT INTO audit SELECT * FROM audit"
    with pytest.raises(IntegrityError):
        any_log.database.write_sync(lambda session: session.execute(text(statement)))
    assert found(any_log) == [entry]


async def test_filters(any_log: AuditLog) -> None:
    """Each filter finds what it names and nothing else."""
    append(any_log, act("file.written", "p", "file/a.txt"), act("token.created", actor=BOB, resource="token/x"))
    append(any_log, act("file.moved", "q", detail={"to": "docs/B_x.txt"}), at=NOW + timedelta(seconds=1))
    append(any_log, denied("file/secret", actor=GUEST), at=NOW + timedelta(seconds=2))

    def actions(**wanted: Any) -> list[str]:
        return sorted(entry.note.action for entry in found(any_log, **wanted))

    assert actions(chain="p") == ["file.written"]
    assert actions(chain="") == ["access.denied", "token.created"]
    assert actions(actor="user:2") == actions(actor="bob") == ["token.created"]
    assert actions(actor="anonymous") == actions(actor="Guest 123") == ["access.denied"]
    assert actions(action="file") == ["file.moved", "file.written"]
    assert actions(action="file.w") == actions(action="file.written") == ["file.written"]
    assert actions(action="fil") == actions(action="written") == []
    assert actions(outcome=Outcome.DENIED) == ["access.denied"]
    assert actions(since=NOW + timedelta(seconds=1)) == ["access.denied", "file.moved"]
    assert actions(until=NOW + timedelta(seconds=1)) == ["file.written", "token.created"]
    assert actions(text="b_X") == ["file.moved"]
    assert actions(text="192.0.2.2") == ["token.created"]
    assert actions(text="%") == actions(text="nowhere") == []
    assert actions(chain="p", actor="mia", action="file", outcome=Outcome.DONE, since=NOW, text="A.TXT") == [
        "file.written"
    ]


async def test_pages_follow_each_other(any_log: AuditLog) -> None:
    """Page by page, newest first, every entry once, though many have the same time."""
    for second in range(3):
        append(any_log, *(act(project=project) for project in "pqp"), at=NOW + timedelta(seconds=second))
    whole, seen, after = found(any_log), [], None
    while page := any_log.database.read_sync(lambda session, after=after: store.page(session, Filter(), after, 2)):
        seen += page
        after = store.key(page[-1])
    assert seen == whole
    assert len(whole) == 9


FILTERS = [
    {},
    {"chain": "p"},
    {"actor": "user:1"},
    {"actor": "mia"},
    {"action": "file"},
    {"action": "file.written"},
    {"outcome": Outcome.DENIED},
    {"since": NOW, "until": NOW + timedelta(days=1)},
    {"chain": "p", "since": NOW},
    {"chain": "p", "action": "file", "outcome": Outcome.DONE},
    {"actor": "mia", "until": NOW},
    {"text": "secret"},
]


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: "+".join(wanted) or "all")
@pytest.mark.parametrize("after", [None, (NOW, "p", 7)], ids=["first", "next"])
async def test_no_page_is_sorted(log: AuditLog, wanted: dict[str, Any], after: store.Key | None) -> None:
    """Whatever is asked for is read from an index in the order of the list, and no more of it than the page needs."""
    query = store.page_query(Filter(**wanted), after, 50).compile(
        log.database.engine, compile_kwargs={"literal_binds": True}
    )
    plan = log.database.read_sync(lambda session: session.execute(text(f"EXPLAIN QUERY PLAN {query}")).all())
    steps = [row.detail for row in plan]
    assert not any("TEMP B-TREE" in step for step in steps), steps
    assert all("USING INDEX ix_audit_" in step for step in steps), steps
    if wanted.keys() - {"text"}:
        assert all(step.startswith("SEARCH") for step in steps), steps


async def test_the_head(any_log: AuditLog) -> None:
    """A chain that does not exist ends before its first row."""
    append(any_log, act(), act())
    heads = any_log.database.read_sync(lambda session: (store.head(session, ""), store.head(session, "p")))
    assert heads == (Head(2, found(any_log)[0].hash), Head(0, "0" * 64))


async def prune(log: AuditLog, before: datetime, limit: int = 100) -> list[tuple[str, int]]:
    """Prunes as the service does, without announcing it."""
    prunable = log.database.read_sync(lambda session: store.prunable(session, before))
    for chain, last in prunable:
        while log.database.write_sync(lambda session, c=chain, s=last.seq: store.prune(session, c, s, limit)):
            pass
    return [(chain, last.seq) for chain, last in prunable]


@pytest.mark.parametrize("limit", [2, 3, 100])
async def test_old_rows_become_one(any_log: AuditLog, limit: int) -> None:
    """A checkpoint takes the place of the pruned rows, however they are divided, with the hash they had reached."""
    append(any_log, *[act(project="p")] * 5)
    append(any_log, act(project="q"), act(project="p"), at=NOW + timedelta(days=1))
    last = found(any_log, chain="p")[1]
    assert await prune(any_log, NOW + timedelta(hours=1), limit) == [("p", 5)]
    newest, checkpoint = found(any_log, chain="p")
    assert (newest.seq, newest.prev_hash) == (6, last.hash)
    assert (checkpoint.seq, checkpoint.hash, checkpoint.note.action) == (5, last.hash, "audit.checkpoint")
    assert checkpoint.note.detail == '{"rows":5}'
    assert "mia" not in str(checkpoint)
    assert await prune(any_log, NOW + timedelta(hours=1), limit) == []


async def test_one_old_row_becomes_a_checkpoint(any_log: AuditLog) -> None:
    """Also a single row is gone after its time."""
    append(any_log, act(project="p"))
    assert await prune(any_log, NOW + timedelta(days=1)) == [("p", 1)]
    assert [entry.note.action for entry in found(any_log)] == ["audit.checkpoint"]


async def test_pruning_does_not_feed_itself(any_log: AuditLog) -> None:
    """What pruning has left is never a reason to prune again."""
    append(any_log, act("audit.pruned", "p", detail={"through": 0, "hash": ""}))
    assert await prune(any_log, NOW + timedelta(days=1)) == []


async def test_a_row_goes_on_a_checkpoint(any_log: AuditLog) -> None:
    """A chain that is pruned whole goes on from its checkpoint."""
    append(any_log, act(project="p"), act(project="p"))
    await prune(any_log, NOW + timedelta(days=1))
    append(any_log, act(project="p"))
    newest, checkpoint = found(any_log)
    assert (newest.seq, newest.prev_hash) == (3, checkpoint.hash)


async def test_rows_are_streamed_in_order(any_log: AuditLog) -> None:
    """Chain by chain, from the first row to the last."""
    append(any_log, *(act(project=project) for project in "qpqp"))
    rows = any_log.database.read_sync(lambda session: list(store.entries(session)))
    assert [(row.note.chain, row.seq) for row in rows] == [("p", 1), ("p", 2), ("q", 1), ("q", 2)]
    only = any_log.database.read_sync(lambda session: list(store.entries(session, "q")))
    assert [row.note.chain for row in only] == ["q", "q"]
