"""Who is here, in one room: latest state wins, told to everybody on a tick of its own, apart from edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crdt_docs.awareness import Entry, Presence, encode_awareness
from crdt_docs.protocol import messages
from server.rooms.peer import Peer
from server.rooms.runtime import Runtime, Timer

TICK_S = 0.05


class RoomPresence:
    """The presence table of a room and the changes that are still to be told."""

    def __init__(self, runtime: Runtime, everybody: Callable[[], Iterable[Peer]]) -> None:
        self._runtime = runtime
        self._everybody = everybody
        self._table = Presence()
        self._changes: dict[int, Entry] = {}
        self._timer: Timer | None = None

    def apply(self, peer: Peer, entries: list[Entry]) -> list[Entry]:
        """Takes the entries that `peer` may speak for; returns them with the login's identity in them."""
        accepted = self._table.apply(peer, entries, peer.user, self._runtime.now())
        self._tell(accepted)
        return accepted

    def leave(self, peer: Peer) -> None:
        """Removes what the peer still owns."""
        self._tell(self._table.leave(peer, self._runtime.now()))

    def send_all(self, peer: Peer) -> None:
        """Tells one peer who is here."""
        entries = self._table.snapshot()
        if entries:
            peer.outbox.presence(peer.frame(_body(entries)))

    def _tell(self, entries: list[Entry]) -> None:
        self._changes.update((entry.client, entry) for entry in entries)
        if self._changes and self._timer is None:
            self._timer = self._runtime.later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        changes, self._changes = self._changes, {}
        body = _body(changes.values())
        frames: dict[bytes, bytes] = {}
        for peer in self._everybody():
            if peer.prefix not in frames:
                frames[peer.prefix] = peer.frame(body)
            peer.outbox.presence(frames[peer.prefix])
        self._table.purge(self._runtime.now())


def _body(entries: Iterable[Entry]) -> bytes:
    return messages.awareness(encode_awareness(entries))
