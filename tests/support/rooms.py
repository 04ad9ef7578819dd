"""A room without an event loop: time, the log and the sockets are moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pycrdt

from crdt_docs.lib0 import Reader
from crdt_docs.protocol import Message, ywebsocket
from server.documents import AppendResult, DocumentRecord, LoadedDocument, LogEntry
from server.rooms import Dialect, Peer, Room, RoomLimits

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = RoomLimits(update_bytes=4 << 20, document_bytes=64 << 20)


class ManualTimer:
    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due, self.call, self.cancelled = due, call, False

    def cancel(self) -> None:
        self.cancelled = True


class ManualRuntime:
    """Time stands still until `advance`; thread work runs at once."""

    def __init__(self) -> None:
        self.time = 0.0
        self.thread_fault: BaseException | None = None  # what the next work in a thread raises
        self.timers: list[ManualTimer] = []

    def now(self) -> float:
        return self.time

    def later(self, delay_s: float, call: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(self.time + delay_s, call)
        self.timers.append(timer)
        return timer

    def in_thread(
        self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[BaseException], None]
    ) -> None:
        if self.thread_fault is not None:
            failed(self.thread_fault)
        else:
            done(work())

    def advance(self, seconds: float) -> None:
        self.time += seconds
        due = [timer for timer in self.timers if timer.due <= self.time and not timer.cancelled]
        self.timers = [timer for timer in self.timers if timer not in due]
        for timer in sorted(due, key=lambda timer: timer.due):
            timer.call()


class HeldLog:
    """An update log that commits when it is told to, so that a test can look at the time before."""

    def __init__(self) -> None:
        self.rows: list[LogEntry] = []
        self.held: list[tuple[Sequence[LogEntry], Callable[[AppendResult], None]]] = []

    def append(self, document_id: int, entries: Sequence[LogEntry], done: Callable[[AppendResult], None]) -> None:
        self.held.append((entries, done))

    def commit(self) -> None:
        held, self.held = self.held, []
        for entries, done in held:
            self.rows.extend(entries)
            done(AppendResult(seq=len(self.rows)))

    def fail(self, error: Exception) -> None:
        held, self.held = self.held, []
        for _entries, done in held:
            done(AppendResult(seq=None, error=error))


class RecordingJournal:
    def __init__(self) -> None:
        self.marked: list[tuple[int, int]] = []
        self.open = False

    def mark(self, document_id: int, seq: int) -> None:
        self.marked.append((document_id, seq))
        self.open = True

    def clear(self) -> None:
        self.open = False


class RecordingLink:
    """A socket that keeps what is written to it."""

    def __init__(self) -> None:
        self.congested = False
        self.written = bytearray()
        self.closed: tuple[int, str] | None = None

    def write(self, frames: bytes) -> None:
        if self.closed is None:
            self.written += frames

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    def bodies(self) -> list[bytes]:
        """The messages written since the last call."""
        data, self.written = bytes(self.written), bytearray()
        bodies = []
        while data:
            length, start = data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4]), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10]), 10
            bodies.append(data[start : start + length])
            data = data[start + length :]
        return bodies

    def messages(self) -> list[Message]:
        """The same, decoded as y-websocket messages."""
        return [ywebsocket.decode(body) for body in self.bodies()]


class Writer:
    """A Yjs client of its own that types."""

    def __init__(self, client_id: int) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        self.text = self.doc.get("content", type=pycrdt.Text)

    def type(self, text: str) -> bytes:
        """Appends `text`; returns the update."""
        before = self.doc.get_state()
        self.text += text
        return self.doc.get_update(before)


class RoomHarness:
    """One room with everything around it in the test's hand."""

    def __init__(self, kind: str = "files/f1", **loaded: Any) -> None:
        self.runtime, self.log, self.journal = ManualRuntime(), HeldLog(), RecordingJournal()
        self.broken: list[Exception] = []
        self.compacted: list[tuple[bytes, int]] = []
        record = DocumentRecord(1, "p1", kind, 1, loaded.pop("head", 0), NOW, NOW)
        fields = {"snapshot": None, "snapshot_seq": 0, "entries": [], "owners": {}, "log_bytes": 0} | loaded
        self.room = Room(
            LoadedDocument(record=record, **fields),
            log=self.log,
            journal=self.journal,
            runtime=self.runtime,
            limits=LIMITS,
            on_broken=lambda _room, error: self.broken.append(error),
            on_compact=lambda _room, state, seq: self.compacted.append((state, seq)),
        )

    def join(
        self, author: str = "user:a", *, writable: bool = True, synced: bool = True, address: bytes | None = None
    ) -> tuple[Peer, RecordingLink]:
        """A peer that has joined and, unless told otherwise, has asked for the state."""
        link = RecordingLink()
        peer = Peer(
            link,
            author=author,
            user={"id": author, "name": author, "hue": 1, "kind": "person"},
            writable=writable,
            dialect=Dialect.Y_WEBSOCKET if address is None else Dialect.HOCUSPOCUS,
            address=address,
        )
        self.room.pins += 1
        self.room.join(peer)
        if synced:
            self.room.sync_step1(peer, b"\x00")
            link.bodies()
        return peer, link


def read_hocuspocus(bodies: list[bytes]) -> list[tuple[bytes, bytes]]:
    """(address, body without it) of each message."""
    result = []
    for body in bodies:
        reader = Reader(body)
        address = reader.var_bytes(1000)
        result.append((address, body[reader.pos :]))
    return result
