"""Who is here, in one room: latest state wins, told to everybody on a tick of its own, apart from edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from crdt_docs.awareness import Entry, Presence, encode_awareness
from crdt_docs.protocol import messages
from server.rooms.outbox import Link
from server.rooms.peer import Peer
from server.rooms.runtime import Runtime, Timer

TICK_S = 0.05
PATH_FIELDS = frozenset({"path", "file_path"})
"""Where states name the file that somebody looks at."""


class Onlooker(Peer):
    """A peer that perhaps may not read every file of the project, and is not to learn their paths from presence.

    `sees` says whether it may read the file with a path; None when it may read them all. It may change at any time.
    """

    __slots__ = ("sees",)

    def __init__(self, link: Link, *, sees: Callable[[str], bool] | None, **options: Any) -> None:
        """`options` are those of every peer."""
        super().__init__(link, **options)
        self.sees = sees


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
            peer.outbox.presence(peer.frame(_body(_shown(entries, peer))))

    def _tell(self, entries: list[Entry]) -> None:
        self._changes.update((entry.client, entry) for entry in entries)
        if self._changes and self._timer is None:
            self._timer = self._runtime.later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        changes, self._changes = list(self._changes.values()), {}
        body = _body(changes)
        frames: dict[bytes, bytes] = {}
        for peer in self._everybody():
            shown = _shown(changes, peer)
            if shown is not changes:
                peer.outbox.presence(peer.frame(_body(shown)))
                continue
            if peer.prefix not in frames:
                frames[peer.prefix] = peer.frame(body)
            peer.outbox.presence(frames[peer.prefix])
        self._table.purge(self._runtime.now())


def _body(entries: Iterable[Entry]) -> bytes:
    return messages.awareness(encode_awareness(entries))


def _shown(entries: list[Entry], peer: Peer) -> list[Entry]:
    """`entries` themselves, or a list without the paths that `peer` may not know."""
    sees = peer.sees if isinstance(peer, Onlooker) else None
    if sees is None:
        return entries
    return [replace(entry, state=_without_paths(entry.state, sees)) for entry in entries]


def _without_paths(state: dict[str, object] | None, sees: Callable[[str], bool]) -> dict[str, object] | None:
    return state and {name: _redacted(name, value, sees) for name, value in state.items()}


def _redacted(name: str, value: object, sees: Callable[[str], bool]) -> object:
    if name in PATH_FIELDS:
        return value if isinstance(value, str) and sees(value) else None
    if isinstance(value, dict):
        return _without_paths(value, sees)
    if isinstance(value, list):
        return [_redacted("", each, sees) for each in value]
    return value
