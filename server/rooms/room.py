"""A live document and its peers.

The path of an update: validate → who may extend this client id? → wait for the log → then tell everybody and
acknowledge its author. What anybody else sees is in the log already, so a crash takes nothing back. Commits of one
room never overlap; what arrives during one travels with the next, so the commit is also what coalesces.

The document itself is brought up to date lazily: a newcomer, a server-side edit or `APPLY_AT` waiting updates do it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import pycrdt

from crdt_docs.awareness import decode_awareness
from crdt_docs.document import Document, decode_state_vector, encode_state_vector
from crdt_docs.errors import CrdtError, DocumentPoisoned, InvalidUpdate, MissingDependency, NotOwner
from crdt_docs.names import Kind
from crdt_docs.protocol import messages, ywebsocket
from server.documents import AppendResult, DocumentRecord, LoadedDocument, should_compact
from server.kit import metrics
from server.kit.errors import AtriumError
from server.rooms.admission import READ_ONLY, Admission, RoomLimits
from server.rooms.batch import Delivery, Pending, log_entries
from server.rooms.errors import RoomBroken, UpdateGap, UpdateRefused
from server.rooms.outbox import Mark
from server.rooms.peer import Peer
from server.rooms.presence import RoomPresence
from server.rooms.runtime import Journal, Runtime, Timer, UpdateLog
from server.rooms.states import StateSender

logger = logging.getLogger(__name__)
T = TypeVar("T")

APPLY_AT = 64
RISKY_BYTES = 4096
PACE_PER_PEER_S = 34e-6
MAX_PACE_S = 0.005


class Room:
    """One document's peers, presence and pending updates; call it on the event loop only."""

    def __init__(
        self,
        loaded: LoadedDocument,
        *,
        log: UpdateLog,
        journal: Journal,
        runtime: Runtime,
        limits: RoomLimits,
        on_broken: Callable[[Room, Exception], None],
        on_compact: Callable[[Room, bytes, int], None],
    ) -> None:
        """Applies the loaded state; raises `RoomBroken` when the log cannot be applied."""
        self.record: DocumentRecord = loaded.record
        self.kind = Kind(loaded.record.key.partition("/")[0])
        self.peers: dict[Peer, None] = {}
        self.pins = 0
        self.idle_since = runtime.now()
        self.broken: Exception | None = None
        self._log, self._journal, self._runtime = log, journal, runtime
        self._on_broken, self._on_compact = on_broken, on_compact
        self._waiting: list[Pending] = []
        self._in_flight: list[Pending] = []
        self._pace: Timer | None = None
        self._handed_over = float("-inf")
        self._edits_ahead = 0
        self._presence = RoomPresence(runtime, lambda: self.peers)
        self._states = StateSender(self, runtime)
        self._snapshot_bytes = len(loaded.snapshot or b"")
        self._log_bytes = loaded.log_bytes
        self._compacting = False
        self._document = Document()
        self._unapplied = [loaded.snapshot] if loaded.snapshot is not None else []
        self._unapplied += [update for _seq, entry in loaded.entries for update in entry.updates]
        self._head = loaded.record.head
        self._version = 0
        self._committed = self._materialise().state_vector()
        size = self._snapshot_bytes + self._log_bytes
        self._admission = Admission(self.kind, limits, loaded.owners, size, self._materialise)

    # Peers

    def join(self, peer: Peer) -> None:
        """The peer may speak now; it is told nothing before it asks for the state. It brings its pin with it."""
        self.peers[peer] = None

    def leave(self, peer: Peer) -> None:
        """The peer is gone; presence that it still owns goes with it. Doing it twice is harmless."""
        if peer not in self.peers:
            return
        del self.peers[peer]
        peer.gaps.release()
        self._presence.leave(peer)
        self.unpin()

    def unpin(self) -> None:
        """Somebody needs the room no longer."""
        self.pins -= 1
        self.idle_since = self._runtime.now()

    @property
    def size(self) -> int:
        """About how many bytes the encoded document has."""
        return self._admission.size

    @property
    def idle(self) -> bool:
        """Nobody needs the room and nothing waits for the log."""
        return self.pins == 0 and not self._waiting and not self._in_flight and not self._compacting

    def drained(self, peer: Peer) -> None:
        """The peer's socket takes bytes again."""
        if peer in self.peers and self.broken is None:
            with self._reading():
                self._states.catch_up(peer)

    # Messages of peers

    def sync_step1(self, peer: Peer, state_vector: bytes) -> None:
        """Answers with our own Step1, then everything committed that the peer lacks; raises `CrdtError`."""
        decode_state_vector(state_vector)
        # The document may hold a server-side edit that is not in the log yet, and nobody may see that.
        self.when_durable(lambda: self._answer_step1(peer, state_vector))

    def receive_update(self, peer: Peer, update: bytes) -> None:
        """Admits a peer's update or refuses it aloud; the receipt follows when it is durable.

        One that builds on something unknown waits for the Step2 that the peer is asked for.
        """
        try:
            self._take(peer, update, is_new=True)
        except MissingDependency as gap:
            metrics.UPDATE_GAPS.inc()
            if not peer.gaps.hold(update):
                peer.refuse(gap.detail, fatal=False)
            elif len(peer.gaps) == 1:
                peer.send(messages.step1(encode_state_vector(self._admission.known)))

    def receive_step2(self, peer: Peer, update: bytes) -> None:
        """Admits all that a peer has and we lack, then what waited for it; refuses what still has a gap."""
        for waiting in (update, *peer.gaps.release()):
            try:
                self._take(peer, waiting, is_new=False)
            except MissingDependency as gap:
                peer.refuse(gap.detail, fatal=False)
        if peer.held_echo is not None:
            held, peer.held_echo = peer.held_echo, None
            self.echo_version(peer, held)

    def _take(self, peer: Peer, update: bytes, *, is_new: bool) -> None:
        if self.broken is not None:
            return
        started = self._runtime.now()
        try:
            pending = self._admission.judge(update, peer.author, writable=peer.writable, is_new=is_new)
        except InvalidUpdate as error:
            metrics.UPDATES_REFUSED.labels(error.code).inc()
            logger.info("update.refused", extra={"code": error.code, "document": self.record.id})
            peer.refuse(error.detail, fatal=not isinstance(error, NotOwner) and error.code != READ_ONLY)
        except DocumentPoisoned as error:
            self._break(error)
            raise RoomBroken from error
        else:
            metrics.HOT_PATH.validating_s += self._runtime.now() - started
            pending.peer = peer
            self._enqueue(pending)

    def receive_awareness(self, peer: Peer, payload: bytes) -> None:
        """Takes the presence this peer may speak for; raises `InvalidAwareness`."""
        entries = [e for e in decode_awareness(payload) if self._admission.may_speak_for(e.client, peer.author)]
        for entry in self._presence.apply(peer, entries):
            self._admission.announce(entry.client, peer.author)

    def send_presence(self, peer: Peer) -> None:
        """Tells one peer who is here."""
        self._presence.send_all(peer)

    def echo_version(self, peer: Peer, payload: bytes) -> None:
        """y-sweet's sync status: echoed after all that came before it is durable.

        While an update of the peer waits for its predecessor, that is after the Step2 that brings it.
        """
        if peer.gaps:
            peer.held_echo = payload
            return
        self._after_commit(lambda: peer.send(ywebsocket.version_echo(payload)))

    # The server's own reading and writing

    def document(self) -> Document:
        """The document with every committed update applied, for reading; raises `RoomBroken`."""
        return self._materialise()

    def mark(self) -> Mark:
        """How far the room has come."""
        return self._version, dict(self._committed)

    def when_durable(self, call: Callable[[], None]) -> None:
        """Calls at once when the document is not ahead of the log, else as soon as it is not."""
        if self._edits_ahead:
            self._after_commit(lambda: self.when_durable(call))
        else:
            call()

    async def edit(self, author: str, change: Callable[[pycrdt.Doc[Any]], T]) -> T:
        """Runs `change` on the document in one transaction; returns when that is durable and sent.

        Raises `UpdateRefused` when the change breaks the rules of this kind of document, `RoomBroken` when it
        cannot be stored.
        """
        self._check_open()
        with self._reading():
            result, update = self._materialise().edit(change)
        if not update:
            return result
        try:
            pending = self._admission.judge_own(update, author)
        except CrdtError as error:
            self._break(RoomBroken(f"A server-side edit was refused: {error.detail}"))
            raise UpdateRefused(error.detail) from error
        pending.applied = True
        self._edits_ahead += 1
        await self._durable(pending)
        return result

    async def submit(self, author: str, update: bytes) -> int:
        """Admits an update from outside a socket; returns its sequence number when it is durable.

        Raises `UpdateRefused` or `UpdateGap`.
        """
        self._check_open()
        try:
            with self._reading():
                pending = self._admission.judge(update, author, writable=True, is_new=False)
        except MissingDependency as gap:
            raise UpdateGap(gap.detail) from gap
        except InvalidUpdate as error:
            metrics.UPDATES_REFUSED.labels(error.code).inc()
            raise UpdateRefused(f"{error.detail} ({error.code})") from error
        return await self._durable(pending)

    async def flushed(self) -> None:
        """Returns when everything admitted so far is durable."""
        if self._waiting or self._in_flight:
            await self._durable(Pending())

    # The log

    def _enqueue(self, pending: Pending) -> None:
        self._waiting.append(pending)
        self._take_up()

    def _take_up(self) -> None:
        """What waits is handed over when nothing is in flight: at once after a pause, else at the room's pace.

        Every batch costs a write per peer and a commit, whatever it holds; so the more peers, the longer the pace.
        """
        if not self._waiting or self._in_flight or self._pace is not None or self.broken is not None:
            return
        delay = self._handed_over + min(MAX_PACE_S, PACE_PER_PEER_S * len(self.peers)) - self._runtime.now()
        if delay > 0:
            self._pace = self._runtime.later(delay, self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        self._pace = None
        if self.broken is not None or not self._waiting:
            return
        batch, self._waiting = self._waiting, []
        self._in_flight = batch
        entries = log_entries(batch)
        if entries:
            self._handed_over = self._runtime.now()
            self._log.append(self.record.id, entries, self._on_append)
        else:
            self._settle(self._head)

    def _on_append(self, result: AppendResult) -> None:
        if self.broken is not None:
            return
        if result.seq is None:
            self._break(result.error or RoomBroken())
            return
        metrics.HOT_PATH.batches += 1
        metrics.HOT_PATH.saving_s += self._runtime.now() - self._handed_over
        self._head = result.seq
        self._settle(result.seq)
        if should_compact(self._snapshot_bytes, self._log_bytes):
            with suppress(RoomBroken):
                self._compact()

    def _settle(self, seq: int) -> None:
        """The batch in flight is durable: tell everybody, acknowledge, take up what waits."""
        batch, self._in_flight = self._in_flight, []
        started = self._runtime.now()
        self._deliver(batch)
        metrics.HOT_PATH.broadcasting_s += self._runtime.now() - started
        self._advance(batch)
        for pending in batch:
            if pending.settled is not None:
                with suppress(RoomBroken):  # that is told to whoever it concerns by `_break`
                    pending.settled(seq)
        if len(self._unapplied) >= APPLY_AT:
            with suppress(RoomBroken):
                self._materialise()
        if self._waiting:
            self._take_up()

    def _deliver(self, batch: list[Pending]) -> None:
        delivery, mark = Delivery(batch), self.mark
        authors, shared = delivery.authors, delivery.shared
        for peer in self.peers:
            if peer in authors:
                peer.outbox.offer(delivery.of_others(peer), mark, peer.receipts(authors[peer]))
            else:
                peer.outbox.offer(shared.get(peer.prefix) or delivery.share(peer.prefix), mark)

    def _advance(self, batch: list[Pending]) -> None:
        """The batch is part of the document from now on."""
        for pending in batch:
            if pending.applied:
                self._edits_ahead -= 1
            elif pending.update:
                self._unapplied.append(pending.update)
            self._committed.update(pending.advances)
            self._log_bytes += len(pending.update)
        self._version += 1

    def _after_commit(self, call: Callable[[], None]) -> None:
        if self._waiting or self._in_flight:
            self._enqueue(Pending(settled=lambda _seq: call()))
        else:
            call()

    async def _durable(self, pending: Pending) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        pending.settled = partial(_resolve, future)
        pending.failed = partial(_reject, future)
        self._enqueue(pending)
        return await future

    # The state

    def _materialise(self) -> Document:
        """Applies what is committed and waits; a document that breaks takes the room down with `RoomBroken`."""
        if self._unapplied:
            updates, self._unapplied = self._unapplied, []
            risky = self.kind in (Kind.DOCS, Kind.CHAT) or any(len(update) > RISKY_BYTES for update in updates)
            if risky:
                self._journal.mark(self.record.id, self._head)
            started = self._runtime.now()
            with self._reading(InvalidUpdate):
                self._document.apply(updates)
            metrics.HOT_PATH.applying_s += self._runtime.now() - started
            if risky:
                self._journal.clear()
        return self._document

    @contextmanager
    def _reading(self, also: type[CrdtError] = DocumentPoisoned) -> Iterator[None]:
        """What the CRDT engine does not survive in here takes the room down, with `RoomBroken`."""
        try:
            yield
        except (DocumentPoisoned, also) as error:
            self._break(error)
            raise RoomBroken from error

    def give_up(self, error: BaseException) -> None:
        """The state cannot be read: everybody reconnects to a room that is loaded again."""
        logger.error("room.unreadable", exc_info=error, extra={"document": self.record.id})
        self._break(RoomBroken())

    def _answer_step1(self, peer: Peer, state_vector: bytes) -> None:
        if peer not in self.peers or self.broken is not None:
            return
        peer.send(messages.step1(encode_state_vector(self._admission.known)))
        with self._reading():
            self._states.answer(peer, state_vector)
        self._presence.send_all(peer)

    # Housekeeping

    def _compact(self) -> None:
        if self._compacting or self._edits_ahead:
            return
        self._compacting = True
        state = self._materialise().state()
        if 2 * (len(state) - self._snapshot_bytes) < self._log_bytes:
            # It has grown keystroke by keystroke, and holds several times the memory of its reloaded self.
            self._document = Document()
            self._document.apply([state])
        self._admission.size = self._snapshot_bytes = len(state)
        self._log_bytes = 0
        self._on_compact(self, state, self._head)

    def compacted(self) -> None:
        """The compaction that `on_compact` asked for has ended, well or badly."""
        self._compacting = False

    def retire(self, error: AtriumError) -> None:
        """Ends the room for everybody, with `error`'s close code."""
        self._break(error)

    def _check_open(self) -> None:
        if self.broken is not None:
            raise RoomBroken from self.broken

    def _break(self, error: Exception) -> None:
        """The document or its log cannot be trusted: everybody reconnects to a room rebuilt from the log."""
        if self.broken is not None:
            return
        self.broken = error
        told = error if isinstance(error, AtriumError) else RoomBroken()
        for pending in self._in_flight + self._waiting:
            if pending.failed is not None:
                pending.failed(told)
        self._in_flight, self._waiting = [], []
        for peer in list(self.peers):
            peer.close(told.close_code, told.detail)
        self._on_broken(self, error)


def _resolve(future: asyncio.Future[int], seq: int) -> None:
    if not future.done():
        future.set_result(seq)


def _reject(future: asyncio.Future[int], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
