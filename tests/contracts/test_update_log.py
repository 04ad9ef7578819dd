"""What the update log promises, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event, text

from server.documents import (
    AppendResult,
    DocumentDamaged,
    DocumentDeleted,
    DocumentExists,
    DocumentNotFound,
    DocumentRecord,
    DocumentRemoved,
    DocumentUnreadable,
    LogEntry,
    LogUnavailable,
    StaleSnapshot,
)
from tests.support.documents import Node, entry

UNSTORABLE = entry(b"x", author="\ud800")  # no database takes half a surrogate pair


async def results(node: Node, *appends: tuple[int, Sequence[LogEntry]]) -> list[AppendResult]:
    """Appends everything in one turn of the loop; the results in the order they were delivered."""
    delivered: list[AppendResult] = []
    everything = asyncio.Event()

    def done(result: AppendResult) -> None:
        delivered.append(result)
        if len(delivered) == len(appends):
            everything.set()

    for document_id, entries in appends:
        node.documents.append(document_id, entries, done)
    await everything.wait()
    return delivered


async def updates(node: Node, document_id: int) -> list[bytes]:
    """All updates of the document's log, in order."""
    loaded = await node.documents.load(document_id)
    return [update for _, row in loaded.entries for update in row.updates]


async def execute(node: Node, sql: str, **values: Any) -> None:
    await node.database.write(lambda session: session.execute(text(sql), values))


# Records


async def test_a_created_document_is_found_under_its_key(node: Node) -> None:
    """`create`, `find` and `get` agree on one record with epoch 1 and an empty log."""
    record = await node.create("docs/a")
    assert (record.project_id, record.key, record.epoch, record.head) == ("p", "docs/a", 1, 0)
    assert record.created_at == node.clock.now()
    assert await node.documents.find("p", "docs/a") == record == await node.documents.get(record.id)
    assert await node.documents.find("other", "docs/a") is None


async def test_a_key_is_taken_once(node: Node) -> None:
    """Creating it again is a conflict that names the key."""
    await node.create("docs/a")
    with pytest.raises(DocumentExists, match="docs/a"):
        await node.create("docs/a")


async def test_an_unknown_document_is_not_found(node: Node) -> None:
    """Every call that takes an id says so."""
    for call in (
        node.documents.get(404),
        node.documents.load(404),
        node.append(404, [entry(b"x")]),
        node.documents.compact(404, b"", 1),
        node.documents.delete(404, author="user:1"),
        node.documents.restore(404),
        node.documents.purge(404),
    ):
        with pytest.raises(DocumentNotFound):
            await call


async def test_many_documents_are_created_together_or_not_at_all(node: Node) -> None:
    """Their order is kept, first updates are in the log, and one taken key undoes everything."""
    items = [(f"files/{number}", b"first" if number % 2 else None) for number in range(500)]
    records = await node.documents.create_many("p", items, author="user:1")
    assert [record.key for record in records] == [key for key, _ in items]
    assert [record.head for record in records] == [number % 2 for number in range(500)]
    assert await updates(node, records[1].id) == [b"first"]
    with pytest.raises(DocumentExists, match="files/499"):
        await node.documents.create_many("p", [("files/new", None), ("files/499", None)], author="user:1")
    assert await node.documents.find("p", "files/new") is None


async def test_a_key_twice_in_one_call_is_a_conflict(node: Node) -> None:
    """`create_many` does not take the second for the first."""
    with pytest.raises(DocumentExists, match="twice"):
        await node.documents.create_many("p", [("docs/a", None), ("docs/a", b"x")], author="user:1")


async def test_lists_are_pages_ordered_by_key(node: Node) -> None:
    """A page goes on where the one before ended; prefixes match exactly, deleted documents are left out."""
    for key in ("docs/b", "docs/a", "Docs/a", "docs_", "docs/c", "tree", "docs/%"):
        await node.create(key)
    gone = await node.documents.find("p", "docs/c")
    assert gone is not None
    await node.documents.delete(gone.id, author="user:1")

    async def keys(**options: Any) -> list[str]:
        return [record.key for record in await node.documents.list("p", **options)]

    assert await keys(prefix="docs/") == sorted(await keys(prefix="docs/")) == ["docs/%", "docs/a", "docs/b"]
    assert await keys(prefix="docs/", limit=1, after="docs/a") == ["docs/b"]
    assert set(await keys()) == {"docs/%", "docs/a", "docs/b", "Docs/a", "docs_", "tree"}


# Appending


async def test_rows_are_numbered_in_the_order_of_calls(node: Node) -> None:
    """Sequences are consecutive from 1; `done` reports the last of its call, in order; `load` returns what went in."""
    record = await node.create()
    one, two, three = entry(b"1", b"11", claims=[1]), entry(b"2", client=None), entry(b"", author="user:3", client=2)
    delivered = await results(node, (record.id, [one, two]), (record.id, [three]))
    assert delivered == [AppendResult(2), AppendResult(3)]
    loaded = await node.documents.load(record.id)
    stored = [LogEntry(row.author, row.client, row.updates) for row in (one, two, three)]
    assert loaded.entries == list(enumerate(stored, 1))
    assert (loaded.snapshot, loaded.snapshot_seq, loaded.record.head) == (None, 0, 3)


async def test_the_record_knows_its_head_and_last_change(node: Node) -> None:
    """`head` and `updated_at` are those of the last commit."""
    record = await node.create()
    node.clock.advance(60)
    await node.append(record.id, [entry(b"1"), entry(b"2")])
    changed = await node.documents.get(record.id)
    assert (changed.head, changed.updated_at, changed.created_at) == (2, node.clock.now(), record.created_at)


async def test_what_waits_is_committed_together(node: Node) -> None:
    """Appends to 100 documents that come while a commit runs share the next one."""
    records = await node.documents.create_many("p", [(f"docs/{n}", None) for n in range(100)], author="user:1")
    commits: list[object] = []
    event.listen(node.database.engine, "commit", commits.append)
    await results(node, *((record.id, [entry(b"x")]) for record in records))
    assert len(commits) < 20


async def test_an_append_outlives_the_process_that_made_it(node: Node, other_node: Node) -> None:
    """When `done` was called, another process reads the row."""
    record = await node.create()
    await node.append(record.id, [entry(b"x")])
    assert await updates(other_node, record.id) == [b"x"]


async def test_loading_sees_every_append_before_it(node: Node) -> None:
    """A load waits for rows that were handed over and are not committed yet."""
    record = await node.create()
    for number in range(50):
        node.documents.append(record.id, [entry(bytes([number]))], lambda _result: None)
    assert await updates(node, record.id) == [bytes([number]) for number in range(50)]


async def test_two_processes_never_share_a_sequence(node: Node, other_node: Node) -> None:
    """Both append to one document at once: every row is there, numbered without a gap, each process's own in order."""
    record = await node.create()

    async def append_fifty(process: Node, mark: bytes) -> list[int]:
        return [await process.append(record.id, [entry(mark + bytes([n]))]) for n in range(50)]

    seqs, other_seqs = await asyncio.gather(append_fifty(node, b"a"), append_fifty(other_node, b"b"))
    assert sorted(seqs + other_seqs) == list(range(1, 101))
    stored = await updates(node, record.id)
    for mark in (b"a", b"b"):
        assert [update for update in stored if update[:1] == mark] == [mark + bytes([n]) for n in range(50)]


async def test_a_process_that_fell_behind_goes_on_after_the_others(node: Node, other_node: Node) -> None:
    """Rows that another process appended and compacted meanwhile have used up their sequences."""
    record = await node.create()
    await node.append(record.id, [entry(b"1")])
    await other_node.append(record.id, [entry(b"2"), entry(b"3")])
    await other_node.documents.compact(record.id, b"three", 3)
    assert await node.append(record.id, [entry(b"4")]) == 4
    assert await updates(node, record.id) == [b"4"]


async def test_the_first_claim_of_a_client_id_wins(node: Node, other_node: Node) -> None:
    """Later claims, from any process, change nothing."""
    record = await node.create()
    await node.append(record.id, [entry(b"1", author="user:1", claims=[7, 2**53 - 1])])
    await other_node.append(record.id, [entry(b"2", author="user:2", claims=[7, 8])])
    loaded = await node.documents.load(record.id)
    assert loaded.owners == {7: "user:1", 2**53 - 1: "user:1", 8: "user:2"}


async def test_one_bad_document_does_not_fail_the_rest(node: Node) -> None:
    """What cannot be stored is refused for its document alone, and leaves no gap in its sequence."""
    bad, good = await node.create("docs/bad"), await node.create("docs/good")
    refused, stored = await results(node, (bad.id, [entry(b"1"), UNSTORABLE]), (good.id, [entry(b"2")]))
    assert isinstance(refused.error, LogUnavailable)
    assert refused.seq is None
    assert stored == AppendResult(1)
    assert await node.append(bad.id, [entry(b"3")]) == 1
    assert await updates(node, bad.id) == [b"3"]


async def test_a_failing_receiver_does_not_keep_results_from_others(node: Node, caplog) -> None:
    """`done` that raises is logged; the next one is called."""
    record = await node.create()

    def fail(_result: AppendResult) -> None:
        raise LookupError

    node.documents.append(record.id, [entry(b"1")], fail)
    assert await results(node, (record.id, [entry(b"2")])) == [AppendResult(2)]
    assert "update_log.receiver_failed" in caplog.text


async def test_closing_commits_what_was_appended(node: Node, other_node: Node) -> None:
    """Nothing handed over is lost by an orderly stop; afterwards appends are refused, to be tried again."""
    record = await node.create()
    delivered: list[AppendResult] = []
    for number in range(100):
        node.documents.append(record.id, [entry(bytes([number]))], delivered.append)
    await node.documents.close()
    [late] = await results(node, (record.id, [entry(b"late")]))
    assert isinstance(late.error, LogUnavailable)
    assert [result.seq for result in delivered] == list(range(1, 101))
    assert len(await updates(other_node, record.id)) == 100


# Compaction


async def test_a_snapshot_replaces_the_rows_it_covers(node: Node) -> None:
    """After it, `load` returns the snapshot and the rows behind it; sequences go on."""
    record = await node.create()
    await node.append(record.id, [entry(b"1"), entry(b"2"), entry(b"3")])
    await node.documents.compact(record.id, b"one and two", 2)
    assert await node.append(record.id, [entry(b"4")]) == 4
    loaded = await node.documents.load(record.id)
    assert (loaded.snapshot, loaded.snapshot_seq, loaded.record.head) == (b"one and two", 2, 4)
    assert [(seq, row.updates) for seq, row in loaded.entries] == [(3, (b"3",)), (4, (b"4",))]
    assert loaded.log_bytes == 2


async def test_a_snapshot_of_everything_leaves_an_empty_log(node: Node) -> None:
    """The head survives: the next row does not reuse a sequence, in this process or a new one."""
    record = await node.create()
    await node.append(record.id, [entry(b"1"), entry(b"2")])
    await node.documents.compact(record.id, b"both", 2)
    loaded = await node.documents.load(record.id)
    assert (loaded.snapshot, loaded.entries, loaded.record.head) == (b"both", [], 2)
    assert await node.append(record.id, [entry(b"3")]) == 3


async def test_a_new_process_goes_on_after_the_head(node: Node, other_node: Node) -> None:
    """Sequences come from the database, not from memory."""
    record = await node.create()
    await node.append(record.id, [entry(b"1"), entry(b"2")])
    await node.documents.compact(record.id, b"both", 2)
    assert await other_node.append(record.id, [entry(b"3")]) == 3


@pytest.mark.parametrize("covers", [0, 2, 4])
async def test_a_stale_snapshot_is_refused(node: Node, covers: int) -> None:
    """One that covers no more than the stored one, or more than the log has, changes nothing."""
    record = await node.create()
    await node.append(record.id, [entry(b"1"), entry(b"2"), entry(b"3")])
    await node.documents.compact(record.id, b"two", 2)
    with pytest.raises(StaleSnapshot):
        await node.documents.compact(record.id, b"stale", covers)
    assert (await node.documents.load(record.id)).snapshot == b"two"


async def test_a_snapshot_remembers_all_authors(node: Node) -> None:
    """Those of the rows it replaces and those of the snapshot before."""
    record = await node.create()
    for number, author in enumerate(("user:b", "user:a", "user:b"), 1):
        await node.append(record.id, [entry(b"x", author=author)])
        await node.documents.compact(record.id, b"state", number)
    query = text("SELECT authors FROM document_snapshot")
    stored = await node.database.read(lambda session: session.execute(query).scalars().all())
    assert stored == ['["user:a", "user:b"]']


@pytest.mark.parametrize("query", [1, 2, 3])
async def test_a_compaction_between_the_queries_of_a_load(node: Node, other_node: Node, query: int) -> None:
    """Another process appends and compacts in the middle of a load: what it returns has each row exactly once."""
    record = await node.create()
    await node.append(record.id, [entry(b"1"), entry(b"2"), entry(b"3")])
    loop, queries = asyncio.get_running_loop(), itertools.count(1)

    async def append_and_compact() -> None:
        await other_node.append(record.id, [entry(b"4")])
        await other_node.documents.compact(record.id, b"12", 2)

    def interfere(*_: object) -> None:
        if next(queries) == query:
            asyncio.run_coroutine_threadsafe(append_and_compact(), loop).result()

    event.listen(node.database.engine, "after_cursor_execute", interfere)
    loaded = await node.documents.load(record.id)
    seen = (loaded.snapshot or b"") + b"".join(row.updates[0] for _, row in loaded.entries)
    assert seen == b"1234"[: len(seen)]
    assert loaded.record.head == len(seen) >= 3


# Loading


async def test_concurrent_loads_share_one_query(node: Node) -> None:
    """Fifty who ask at once get one and the same answer."""
    record = await node.create(initial=b"x")
    loads = await asyncio.gather(*(node.documents.load(record.id) for _ in range(50)))
    assert len({id(loaded) for loaded in loads}) == 1


async def test_one_impatient_reader_does_not_disturb_the_others(node: Node) -> None:
    """A cancelled load leaves those who share it alone."""
    record = await node.create(initial=b"x")
    impatient, patient = (asyncio.create_task(node.documents.load(record.id)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).entries[0][1].updates == (b"x",)


async def damage(node: Node, record: DocumentRecord, seq: int) -> None:
    await execute(
        node, "UPDATE document_update SET payload = :p WHERE document_id = :d AND seq = :s", p=b"??", d=record.id, s=seq
    )


async def test_a_damaged_row_goes_to_quarantine(node: Node) -> None:
    """The document opens without it, its bytes are kept for an administrator, and an event tells."""
    record = await node.create()
    await node.append(record.id, [entry(b"1"), entry(b"2"), entry(b"3")])
    await damage(node, record, 2)
    assert await updates(node, record.id) == [b"1", b"3"]
    assert node.published == [DocumentDamaged(record.id, (2,), "checksum")]
    assert await updates(node, record.id) == [b"1", b"3"]
    [row] = await node.documents.quarantined("p")
    assert (row.document_id, row.key, row.seq, row.author, row.size) == (record.id, "docs/a", 2, "user:1", 2)
    assert (row.reason, row.at) == ("checksum", node.clock.now())
    assert await node.append(record.id, [entry(b"4")]) == 4


async def test_a_damaged_last_row_does_not_give_its_sequence_away(node: Node) -> None:
    """The next row gets a new one."""
    record = await node.create()
    await node.append(record.id, [entry(b"1"), entry(b"2")])
    await damage(node, record, 2)
    assert (await node.documents.load(record.id)).record.head == 1
    assert await node.append(record.id, [entry(b"3")]) == 3


async def test_a_damaged_snapshot_is_not_served(node: Node) -> None:
    """A document without its beginning would look like a loss to every client: loading fails and says what to do."""
    record = await node.create(initial=b"1")
    await node.documents.compact(record.id, b"state", 1)
    await execute(node, "UPDATE document_snapshot SET state = :state", state=b"stale")
    with pytest.raises(DocumentUnreadable, match="backup"):
        await node.documents.load(record.id)


# Deletion and quarantine


async def test_a_deleted_document_is_closed_to_everybody(node: Node, other_node: Node) -> None:
    """Load, append, compact and create are refused in every process, also one that appended before."""
    record = await node.create(initial=b"1")
    await other_node.append(record.id, [entry(b"2")])
    await node.documents.delete(record.id, author="user:1")
    assert node.published == [DocumentRemoved(record.id)]
    for process in (node, other_node):
        for call in (
            process.documents.load(record.id),
            process.append(record.id, [entry(b"3")]),
            process.documents.compact(record.id, b"state", 2),
            process.documents.create("p", "docs/a", author="user:2"),
        ):
            with pytest.raises(DocumentDeleted):
                await call
    tombstone = await node.documents.find("p", "docs/a")
    assert tombstone is not None
    assert (tombstone.deleted_at, tombstone.deleted_by) == (node.clock.now(), "user:1")


async def test_a_deleted_document_does_not_fail_the_rest(node: Node) -> None:
    """Its appends are refused; others of the same commit are stored."""
    dead, alive = await node.create("docs/dead"), await node.create("docs/alive")
    await node.append(dead.id, [entry(b"1")])
    await node.documents.delete(dead.id, author="user:1")
    refused, stored = await results(node, (dead.id, [entry(b"2")]), (alive.id, [entry(b"3")]))
    assert isinstance(refused.error, DocumentDeleted)
    assert stored == AppendResult(1)


async def test_a_restored_document_is_as_it_was(node: Node) -> None:
    """Content, head and key come back."""
    record = await node.create(initial=b"1")
    await node.documents.delete(record.id, author="user:1")
    assert await node.documents.restore(record.id) == record
    assert await node.append(record.id, [entry(b"2")]) == 2
    assert await updates(node, record.id) == [b"1", b"2"]


async def test_a_purged_document_is_gone_and_its_key_stays_taken(node: Node) -> None:
    """No byte of content is left, also in quarantine; it cannot be restored or created again."""
    record = await node.create(initial=b"1")
    await node.append(record.id, [entry(b"2", claims=[5])])
    await node.documents.compact(record.id, b"state", 1)
    await node.append(record.id, [entry(b"3")])
    await node.documents.quarantine(record.id, [3], "a test")
    await node.documents.purge(record.id)
    for table in ("update", "snapshot", "client", "quarantine"):
        query = text(f"SELECT count(*) FROM document_{table}")
        assert await node.database.read(lambda session, query=query: session.execute(query).scalar_one()) == 0
    for call in (node.documents.restore(record.id), node.create()):
        with pytest.raises(DocumentDeleted):
            await call


async def test_quarantine_moves_only_rows_that_are_there(node: Node) -> None:
    """It returns what it moved; with nothing to move there is no event."""
    record = await node.create(initial=b"1")
    assert await node.documents.quarantine(record.id, [1, 9], "a test") == [1]
    assert await node.documents.quarantine(record.id, [1, 9], "a test") == []
    assert node.published == [DocumentDamaged(record.id, (1,), "a test")]
    assert await updates(node, record.id) == []


async def test_quarantine_is_listed_by_page_and_project(node: Node) -> None:
    """Oldest first; `after` goes on behind an id."""
    first = await node.create("docs/a", b"1")
    second = await node.documents.create("q", "docs/a", author="user:1", initial=b"2")
    for record in (first, second):
        await node.documents.quarantine(record.id, [1], "a test")
    rows = await node.documents.quarantined()
    assert [row.project_id for row in rows] == ["p", "q"]
    assert list(await node.documents.quarantined("q")) == [rows[1]]
    assert list(await node.documents.quarantined(after=rows[0].id, limit=1)) == [rows[1]]
