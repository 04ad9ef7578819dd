"""Bringing a peer up to date: the whole state for a newcomer, a diff for one who was here before or fell behind.

A state above `WHOLE_BYTES` leaves in chunks, split off the loop, so that a stock client sees messages all along and
does not give up after 30 s of silence. The whole state is encoded and split once per version for all who join.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from crdt_docs.chunks import split_update
from crdt_docs.document import Document, encode_state_vector
from crdt_docs.protocol import messages
from server.rooms.outbox import Mark
from server.rooms.peer import Peer
from server.rooms.runtime import Runtime

CHUNK_BYTES = 512 * 1024
WHOLE_BYTES = 1 << 20
NOTHING = b"\x00"
"""The state vector of an empty document."""


class Source(Protocol):
    """The committed state of a room."""

    def document(self) -> Document: ...

    def mark(self) -> Mark: ...

    def when_durable(self, call: Callable[[], None]) -> None:
        """Calls at once when the document is not ahead of the log, else as soon as it is not."""

    def give_up(self, error: BaseException) -> None:
        """The state cannot be read."""


class StateSender:
    """Sends states to the peers of one room."""

    def __init__(self, source: Source, runtime: Runtime) -> None:
        self._source = source
        self._runtime = runtime
        self._whole: tuple[Mark, list[bytes]] | None = None
        self._joining: dict[int, list[Peer]] = {}

    def answer(self, peer: Peer, state_vector: bytes) -> None:
        """Sends what the peer lacks as Step2."""
        if state_vector == NOTHING:
            self._send_whole(peer)
        else:
            self._send(peer, self._source.document().diff(state_vector), messages.step2)

    def catch_up(self, peer: Peer) -> None:
        """Sends what is left of a state, then one diff with what has happened since."""
        if not peer.outbox.pump() or peer.outbox.behind is None:
            return
        version, vector = peer.outbox.behind
        if version == self._source.mark()[0]:
            peer.outbox.caught_up()
        else:
            self._source.when_durable(lambda: self._send_diff(peer, vector))

    def _send_diff(self, peer: Peer, vector: dict[int, int]) -> None:
        self._send(peer, self._source.document().diff(encode_state_vector(vector)), messages.update)

    def _send_whole(self, peer: Peer) -> None:
        mark = self._source.mark()
        version = mark[0]
        if self._whole is not None and self._whole[0][0] == version:
            self._start(peer, self._whole[1], self._whole[0])
        elif version in self._joining:
            self._joining[version].append(peer)
        else:
            self._joining[version] = [peer]
            self._split(self._source.document().state(), messages.step2, lambda bodies: self._joined(mark, bodies))

    def _joined(self, mark: Mark, bodies: list[bytes]) -> None:
        self._whole = mark, bodies
        for peer in self._joining.pop(mark[0]):
            self._start(peer, bodies, mark)

    def _send(self, peer: Peer, update: bytes, final: Callable[[bytes], bytes]) -> None:
        mark = self._source.mark()
        self._split(update, final, lambda bodies: self._start(peer, bodies, mark))

    def _split(self, update: bytes, final: Callable[[bytes], bytes], done: Callable[[list[bytes]], None]) -> None:
        """Message bodies for `update`: the last part of it is a `final` message, those before it are updates."""

        def wrap(parts: list[bytes]) -> None:
            done([messages.update(part) for part in parts[:-1]] + [final(parts[-1])])

        if len(update) <= WHOLE_BYTES:
            wrap([update])
        else:
            self._runtime.in_thread(lambda: split_update(update, CHUNK_BYTES), wrap, self._source.give_up)

    def _start(self, peer: Peer, bodies: list[bytes], reaches: Mark) -> None:
        peer.outbox.state(map(peer.frame, bodies), reaches)
        self.catch_up(peer)
