"""The room: nobody hears of an edit before it is in the log, and nothing bad gets in."""

from __future__ import annotations

import asyncio
from typing import Any

import pycrdt
import pytest

from crdt_docs.awareness import Entry, decode_awareness, encode_awareness
from crdt_docs.errors import DocumentPoisoned
from crdt_docs.protocol import Awareness, SyncStep1, SyncStep2, Update, VersionEcho, hocuspocus, messages
from server.documents import LogUnavailable
from server.rooms import DocumentGone, RoomBroken, UpdateGap, UpdateRefused
from server.rooms.peer import MAX_GAPS
from tests.support.rooms import LIMITS, RoomHarness, Writer, read_hocuspocus
from tests.support.waiting import PATIENCE_S


def test_nobody_hears_of_an_update_before_it_is_durable() -> None:
    """Between admission and commit neither peers nor newcomers see an edit; after it everybody does."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join("user:a")
    _, other = harness.join("user:b")
    update = writer.type("hello")
    harness.room.receive_update(author, update)
    newcomer, late = harness.join("user:c", synced=False)
    harness.room.sync_step1(newcomer, b"\x00")
    assert other.messages() == []
    assert SyncStep2(b"\x00\x00") in late.messages()
    harness.log.commit()
    assert other.messages() == [Update(update)]
    assert late.messages() == [Update(update)]


def test_an_author_is_not_sent_its_own_update() -> None:
    """Updates go to the others, in order, one message per frame."""
    harness, writer = RoomHarness(), Writer(7)
    author, own = harness.join()
    _, other = harness.join("user:b")
    updates = [writer.type("a"), writer.type("b"), writer.type("c")]
    for update in updates:
        harness.room.receive_update(author, update)
    harness.log.commit()
    harness.runtime.advance(1)
    harness.log.commit()
    assert own.messages() == []
    assert other.messages() == [Update(update) for update in updates]


def test_updates_that_arrive_during_a_commit_share_the_next() -> None:
    """One row per author and client carries everything that waited."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join()
    for character in "abcd":
        harness.room.receive_update(author, writer.type(character))
    harness.log.commit()
    harness.runtime.advance(1)
    harness.log.commit()
    assert [len(row.updates) for row in harness.log.rows] == [1, 3]
    assert {(row.author, row.client) for row in harness.log.rows} == {("user:a", 7)}
    assert [row.claims for row in harness.log.rows] == [(7,), ()]


def test_hocuspocus_gets_one_receipt_per_message_after_the_commit() -> None:
    """SyncStatus 1 means durable: none before the commit, exactly one per message after it."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join(address=b"acme/files/a")
    harness.room.receive_update(author, writer.type("a"))
    harness.room.receive_step2(author, writer.type("b"))
    assert link.bodies() == []
    harness.log.commit()
    harness.runtime.advance(1)
    harness.log.commit()
    assert read_hocuspocus(link.bodies()) == [(b"acme/files/a", hocuspocus.SAVED)] * 2


def test_a_step2_without_news_is_acknowledged_and_not_logged() -> None:
    """A reconnecting client sends all it has; what is known already costs no row."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join(address=b"x")
    harness.room.receive_update(author, writer.type("hello"))
    with writer.doc.transaction():
        del writer.text[0:2]
    harness.log.commit()
    harness.room.receive_update(author, writer.doc.get_update())
    harness.runtime.advance(1)
    harness.log.commit()
    rows = len(harness.log.rows)
    link.bodies()
    harness.room.receive_step2(author, writer.doc.get_update())
    harness.runtime.advance(1)
    assert read_hocuspocus(link.bodies()) == [(b"x", hocuspocus.SAVED)]
    assert harness.log.held == []
    assert len(harness.log.rows) == rows
    assert harness.room.document().text() == "llo"


def test_a_gap_is_answered_with_what_we_have() -> None:
    """An update whose predecessor is missing is neither logged nor lost: the client is asked for all of it."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join(address=b"x")
    writer.type("lost on the way")
    harness.room.receive_update(author, writer.type("!"))
    assert read_hocuspocus(link.bodies()) == [(b"x", messages.step1(b"\x00"))]
    assert harness.log.held == []
    harness.room.receive_step2(author, writer.doc.get_update())
    harness.log.commit()
    harness.runtime.advance(1)
    assert read_hocuspocus(link.bodies()) == [(b"x", hocuspocus.SAVED)] * 2, "the gap's receipt comes with Step2's"
    assert harness.room.document().text() == "lost on the way!"


def test_a_gap_that_is_not_filled_is_refused() -> None:
    """Nothing is acknowledged that is not stored: a Step2 that does not bring what is missing gets no gap a receipt."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join(address=b"x")
    writer.type("never sent")
    harness.room.receive_update(author, writer.type("!"))
    link.bodies()
    harness.room.receive_step2(author, b"\x00\x00")
    harness.runtime.advance(1)
    assert sorted(read_hocuspocus(link.bodies())) == [(b"x", hocuspocus.REFUSED), (b"x", hocuspocus.SAVED)]
    assert harness.log.held == []


def test_gaps_that_wait_are_bounded() -> None:
    """A client that sends nothing but gaps is refused instead of remembered."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join(address=b"x")
    writer.type("never sent")
    for _ in range(MAX_GAPS + 1):
        harness.room.receive_update(author, writer.type("!"))
    assert [body for _, body in read_hocuspocus(link.bodies())][1:] == [hocuspocus.REFUSED]


def test_a_client_id_belongs_to_who_used_it_first() -> None:
    """Another principal cannot extend a client id; it is told so and stays connected."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join("user:a")
    mallory, link = harness.join("user:m")
    harness.room.receive_update(author, writer.type("mine"))
    harness.log.commit()
    link.bodies()
    harness.room.receive_update(mallory, writer.type(" and yours"))
    assert link.closed is None
    assert b"belongs to somebody else" in link.bodies()[0]
    assert harness.log.held == []


def test_awareness_claims_a_client_id() -> None:
    """Who announced a client id first owns it before its first edit, and the claim is logged with that."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join("user:a")
    mallory, _ = harness.join("user:m")
    harness.room.receive_awareness(author, encode_awareness([Entry(7, 1, {})]))
    update = writer.type("x")
    harness.room.receive_update(mallory, update)
    assert harness.log.held == []
    harness.room.receive_update(author, update)
    harness.log.commit()
    assert harness.log.rows[0].claims == (7,)


def test_garbage_is_refused_aloud() -> None:
    """An update that cannot be: SyncStatus 0 for Hocuspocus, close 4400 for y-websocket; nothing is logged."""
    harness = RoomHarness()
    hocus, hocus_link = harness.join(address=b"x")
    plain, plain_link = harness.join("user:b")
    for peer in (hocus, plain):
        harness.room.receive_update(peer, b"\x01\x01\x01\x00\xff")
    assert read_hocuspocus(hocus_link.bodies()) == [(b"x", hocuspocus.REFUSED)]
    assert hocus_link.closed is None
    assert plain_link.closed is not None
    assert plain_link.closed[0] == 4400
    assert harness.log.held == []


def test_readers_cannot_write() -> None:
    """A reader's edit is refused; its Step2 without news is acknowledged."""
    harness, writer = RoomHarness(), Writer(7)
    reader, link = harness.join(address=b"x", writable=False)
    harness.room.receive_update(reader, writer.type("no"))
    harness.room.receive_step2(reader, b"\x00\x00")
    assert read_hocuspocus(link.bodies()) == [(b"x", hocuspocus.REFUSED), (b"x", hocuspocus.SAVED)]
    assert harness.log.held == []


def test_a_congested_peer_gets_one_diff_when_it_drains() -> None:
    """Nothing queues for a peer that does not read; afterwards one message brings it up to date, deletions too."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join()
    _slow, link = harness.join("user:b")
    link.congested = True
    for character in "hello":
        harness.room.receive_update(author, writer.type(character))
        harness.log.commit()
        harness.runtime.advance(1)
    before = writer.doc.get_state()
    del writer.text[0:1]
    harness.room.receive_update(author, writer.doc.get_update(before))
    harness.log.commit()
    assert link.bodies() == []
    link.congested = False
    harness.room.drained(_slow)
    [message] = link.messages()
    assert isinstance(message, Update)
    replica: pycrdt.Doc = pycrdt.Doc()
    replica.apply_update(message.update)
    assert str(replica.get("content", type=pycrdt.Text)) == "ello"


def test_large_states_leave_in_chunks_as_the_socket_takes_them() -> None:
    """A state above 1 MiB is several updates and one Step2; edits made meanwhile follow as a diff."""
    writer = Writer(7)
    writer.type("x" * (3 << 20))
    harness = RoomHarness(snapshot=writer.doc.get_update(), snapshot_seq=1, head=1, owners={7: "user:a"})
    joiner, link = harness.join("user:b", synced=False)
    link.congested = True
    harness.room.sync_step1(joiner, b"\x00")
    author, _ = harness.join("user:a")
    harness.room.receive_update(author, writer.type("!"))
    harness.log.commit()
    assert [type(message) for message in link.messages()] == [SyncStep1]
    link.congested = False
    harness.room.drained(joiner)
    received = link.messages()
    assert len([message for message in received if isinstance(message, SyncStep2)]) == 1
    assert all(len(message.update) <= 1 << 20 for message in received if isinstance(message, Update))
    replica: pycrdt.Doc = pycrdt.Doc()
    for message in received:
        assert isinstance(message, (Update, SyncStep2))
        replica.apply_update(message.update)
    assert str(replica.get("content", type=pycrdt.Text)) == str(writer.text)


def test_a_failed_commit_ends_the_room_and_acknowledges_nothing() -> None:
    """When the log cannot store, nobody is told the edit exists and everybody reconnects."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join(address=b"x")
    _, other = harness.join("user:b")
    harness.room.receive_update(author, writer.type("a"))
    harness.log.fail(LogUnavailable())
    assert link.bodies() == []
    assert other.messages() == []
    assert link.closed is not None
    assert link.closed[0] == 1013
    assert len(harness.broken) == 1


async def test_a_server_edit_is_seen_only_when_durable() -> None:
    """An edit made by the server is logged under its author, and neither sent nor shown before."""
    harness = RoomHarness()
    _, other = harness.join("user:b")
    edit = asyncio.ensure_future(
        harness.room.edit("user:a", lambda doc: doc.get("content", type=pycrdt.Text).insert(0, "hi"))
    )
    await asyncio.sleep(0)
    newcomer, late = harness.join("user:c", synced=False)
    harness.room.sync_step1(newcomer, b"\x00")
    assert other.messages() == []
    assert late.messages() == []
    harness.log.commit()
    harness.runtime.advance(1)
    await edit
    assert [row.author for row in harness.log.rows] == ["user:a"]
    [update] = other.messages()
    assert isinstance(update, Update)
    assert [type(message) for message in late.messages()] == [SyncStep1, SyncStep2]


async def test_submitted_updates_are_judged_like_a_peers() -> None:
    """`submit` returns the sequence number when durable and refuses what a socket would refuse."""
    harness, writer = RoomHarness(), Writer(7)
    waiting = asyncio.ensure_future(harness.room.submit("user:a", writer.type("a")))
    await asyncio.sleep(0)
    assert not waiting.done()
    harness.log.commit()
    assert await waiting == 1
    writer.type("gap")
    with pytest.raises(UpdateGap):
        await harness.room.submit("user:a", writer.type("b"))
    with pytest.raises(UpdateRefused):
        await harness.room.submit("user:a", b"\xff\xff")


def test_a_version_is_echoed_after_what_came_before_it() -> None:
    """y-sweet's sync status waits for the commit, and comes at once when nothing is pending."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join()
    harness.room.echo_version(author, b"\x01")
    assert link.messages() == [VersionEcho(b"\x01")]
    harness.room.receive_update(author, writer.type("a"))
    harness.room.echo_version(author, b"\x02")
    assert link.messages() == []
    harness.log.commit()
    harness.runtime.advance(1)
    assert link.messages() == [VersionEcho(b"\x02")]


def test_a_version_is_not_echoed_across_a_gap() -> None:
    """While something of the peer is missing, its sync status waits for the Step2 that brings it."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join()
    writer.type("lost")
    harness.room.receive_update(author, writer.type("!"))
    harness.room.echo_version(author, b"\x01")
    assert link.messages() == [SyncStep1(b"\x00")]
    harness.room.receive_step2(author, writer.doc.get_update())
    assert link.messages() == []
    harness.log.commit()
    harness.runtime.advance(1)
    assert link.messages() == [VersionEcho(b"\x01")]


async def test_a_server_edit_may_be_larger_than_a_clients() -> None:
    """Limits of an update are for clients; a file written over REST may be larger in one piece."""
    harness = RoomHarness()
    text = "x" * (LIMITS.update_bytes + 1)
    edit = asyncio.ensure_future(
        harness.room.edit("user:a", lambda doc: doc.get("content", type=pycrdt.Text).insert(0, text))
    )
    await asyncio.sleep(0)
    harness.log.commit()
    await edit
    assert harness.room.document().text() == text


def test_presence_carries_the_login_and_leaves_with_the_peer() -> None:
    """What others see of a user is what the server knows; late joiners see it, and it goes with the socket."""
    harness = RoomHarness()
    alice, own = harness.join("user:a")
    _, other = harness.join("user:b")
    forged = {"user": {"name": "root", "color": "url(evil)"}, "cursor": 3}
    harness.room.receive_awareness(alice, encode_awareness([Entry(7, 1, forged)]))
    harness.runtime.advance(0.06)
    for link in (own, other):
        [message] = link.messages()
        assert isinstance(message, Awareness)
        [entry] = decode_awareness(message.payload)
        assert entry.state == {"user": dict(alice.user), "cursor": 3}
    late, late_link = harness.join("user:c", synced=False)
    harness.room.sync_step1(late, b"\x00")
    assert any(isinstance(message, Awareness) for message in late_link.messages())
    harness.room.leave(alice)
    harness.runtime.advance(0.06)
    [message] = other.messages()
    assert isinstance(message, Awareness)
    [entry] = decode_awareness(message.payload)
    assert (entry.client, entry.state) == (7, None)


def test_the_log_is_compacted_when_it_outweighs_the_snapshot() -> None:
    """The state that replaces the rows contains them, and names the last one it covers."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join()
    for _ in range(3):
        harness.room.receive_update(author, writer.type("x" * 100_000))
        harness.log.commit()
        harness.runtime.advance(1)
    [(state, seq)] = harness.compacted
    replica: pycrdt.Doc = pycrdt.Doc()
    replica.apply_update(state)
    assert len(str(replica.get("content", type=pycrdt.Text))) == 300_000
    assert seq == 3


def test_risky_updates_are_journaled_while_they_are_applied() -> None:
    """Large updates leave a mark that survives the process, cleared when it has lived through them."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join()
    harness.room.receive_update(author, writer.type("x" * 10_000))
    harness.log.commit()
    assert harness.room.document().text() == "x" * 10_000
    assert harness.journal.marked
    assert not harness.journal.open


def test_deleting_the_document_closes_its_peers() -> None:
    """Peers of a deleted document are closed with 4404 and nothing is admitted any more."""
    harness, writer = RoomHarness(), Writer(7)
    author, link = harness.join()
    harness.room.retire(DocumentGone())
    assert link.closed is not None
    assert link.closed[0] == 4404
    harness.room.receive_update(author, writer.type("a"))
    assert harness.log.held == []


def test_deleting_a_document_leaves_the_others_on_a_socket() -> None:
    """A Hocuspocus peer is told that this document has ended; its socket carries others and stays."""
    harness = RoomHarness()
    _, link = harness.join(address=b"x")
    harness.room.retire(DocumentGone())
    assert read_hocuspocus(link.bodies()) == [(b"x", hocuspocus.closed("The document has been deleted."))]
    assert link.closed is None


async def test_a_broken_room_takes_no_edits() -> None:
    """After a fault, edits from outside a socket are told to try again."""
    harness = RoomHarness()
    harness.room.retire(LogUnavailable())
    with pytest.raises(RoomBroken):
        await harness.room.edit("user:a", lambda doc: doc.get("content", type=pycrdt.Text).insert(0, "hi"))


def test_reload_from_log_is_the_same_document() -> None:
    """A room built from the rows another room wrote has the same text and knows the same clients."""
    harness, writer = RoomHarness(), Writer(7)
    author, _ = harness.join()
    for word in ("one ", "two ", "three"):
        harness.room.receive_update(author, writer.type(word))
        harness.log.commit()
        harness.runtime.advance(1)
    entries = list(enumerate(harness.log.rows, 1))
    again = RoomHarness(entries=entries, head=len(entries), owners={7: "user:a"})
    assert again.room.document().text() == "one two three"
    mallory, link = again.join("user:m")
    again.room.receive_update(mallory, writer.type("!"))
    assert b"belongs to somebody else" in link.bodies()[0]
    assert again.room.mark()[1] == harness.room.mark()[1] == {7: len("one two three")}


@pytest.mark.parametrize(("call", "state_vector"), [("state", b"\x00"), ("diff", b"\x01\x05\x01")])
def test_a_document_that_breaks_while_it_is_read_ends_the_room(
    call: str, state_vector: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every newcomer in turn runs into the same fault: the room is rebuilt."""
    harness = RoomHarness()
    peer, link = harness.join(synced=False)
    monkeypatch.setattr(harness.room._document, call, _raise_poisoned)
    with pytest.raises(RoomBroken):
        harness.room.sync_step1(peer, state_vector)
    assert harness.broken
    assert link.closed is not None
    assert link.closed[0] == 1011


async def test_all_who_wait_learn_that_the_room_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what follows one commit leaves nobody of the same commit waiting for ever."""

    def insert_s(doc: pycrdt.Doc[Any]) -> None:
        doc.get("content", type=pycrdt.Text).insert(0, "s")

    harness = RoomHarness()
    newcomer, _ = harness.join("user:b", synced=False)
    author, _ = harness.join("user:a")
    edit = asyncio.ensure_future(harness.room.edit("user:c", insert_s))
    await asyncio.sleep(0)
    harness.room.sync_step1(newcomer, b"\x00")
    harness.room.receive_update(author, Writer(7).type("x"))
    submitted = asyncio.ensure_future(harness.room.submit("user:d", Writer(9).type("y")))
    await asyncio.sleep(0)
    harness.log.commit()
    monkeypatch.setattr(harness.room._document, "apply", _raise_poisoned)
    for _ in range(3):
        harness.runtime.advance(1)
        harness.log.commit()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(edit, submitted, return_exceptions=True)


def test_a_state_that_cannot_be_split_keeps_nobody_waiting() -> None:
    """When splitting a large state fails, those who wait for it reconnect."""
    writer = Writer(7)
    writer.type("x" * (2 << 20))
    harness = RoomHarness(snapshot=writer.doc.get_update(), snapshot_seq=1, head=1)
    harness.runtime.thread_fault = MemoryError()
    peer, link = harness.join(synced=False)
    harness.room.sync_step1(peer, b"\x00")
    assert link.closed is not None
    assert link.closed[0] == 1011


def _raise_poisoned(*_arguments: object) -> bytes:
    raise DocumentPoisoned("document.panic", "boom")
