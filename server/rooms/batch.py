"""Updates that wait for one commit, and what follows from it: log entries before, frames after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from crdt_docs.protocol import messages
from server.documents import LogEntry
from server.rooms.outbox import frame
from server.rooms.peer import Peer


@dataclass(slots=True, eq=False)
class Pending:
    """One thing that waits for the log: an update, or only what is to happen after everything before is durable."""

    author: str = ""
    update: bytes = b""
    advances: Mapping[int, int] = field(default_factory=dict)
    claims: tuple[int, ...] = ()
    applied: bool = False
    peer: Peer | None = None
    settled: Callable[[int], None] | None = None
    failed: Callable[[Exception], None] | None = None


def log_entries(batch: Iterable[Pending]) -> list[LogEntry]:
    """One entry per author and client id, each with its updates in order.

    Updates of different authors in one batch never depend on each other: nobody sees an update before its commit.
    """
    runs: dict[tuple[str, int | None], list[Pending]] = {}
    for pending in batch:
        if pending.update:
            runs.setdefault((pending.author, next(iter(pending.advances), None)), []).append(pending)
    return [
        LogEntry(
            author=author,
            client=client,
            updates=tuple(pending.update for pending in run),
            claims=tuple(claim for pending in run for claim in pending.claims),
        )
        for (author, client), run in runs.items()
    ]


class Delivery:
    """The frames of one committed batch: joined once per address, without its own updates for an author."""

    __slots__ = ("_bodies", "_shared", "receipts")

    def __init__(self, batch: Iterable[Pending]) -> None:
        self._bodies: list[tuple[Peer | None, bytes]] = []
        self._shared: dict[bytes, bytes] = {}
        self.receipts: Counter[Peer] = Counter()
        for pending in batch:
            if pending.update:
                self._bodies.append((pending.peer, messages.update(pending.update)))
            if pending.peer is not None:
                self.receipts[pending.peer] += 1

    def frames(self, peer: Peer) -> bytes:
        """What `peer` is told: one message per WebSocket frame, all frames of the batch joined."""
        if peer in self.receipts:
            return b"".join(frame(peer.prefix + body) for author, body in self._bodies if author is not peer)
        shared = self._shared.get(peer.prefix)
        if shared is None:
            shared = b"".join(frame(peer.prefix + body) for _author, body in self._bodies)
            self._shared[peer.prefix] = shared
        return shared
