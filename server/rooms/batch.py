"""Updates that wait for one commit, and what follows from it: log entries before, frames after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    peer: Peer | None = None
    applied: bool = False
    settled: Callable[[int], None] | None = None
    failed: Callable[[Exception], None] | None = None


def log_entries(batch: Sequence[Pending]) -> list[LogEntry]:
    """One entry per author and client id, each with its updates in order.

    Updates of different authors in one batch never depend on each other: nobody sees an update before its commit.
    """
    runs: dict[tuple[str, int | None], list[Pending]] = {}
    for pending in batch:
        if pending.update:
            key = (pending.author, next(iter(pending.advances), None))
            if key in runs:
                runs[key].append(pending)
            else:
                runs[key] = [pending]
    return [_entry(author, client, run) for (author, client), run in runs.items()]


def _entry(author: str, client: int | None, run: Sequence[Pending]) -> LogEntry:
    if len(run) == 1:
        return LogEntry(author, client, (run[0].update,), run[0].claims)
    updates = tuple([pending.update for pending in run])
    return LogEntry(author, client, updates, tuple([claim for pending in run for claim in pending.claims]))


class Delivery:
    """The frames of one committed batch: joined once per address, without its own updates for an author."""

    __slots__ = ("_bodies", "authors", "shared")

    def __init__(self, batch: Iterable[Pending]) -> None:
        self._bodies: list[tuple[Peer | None, bytes]] = []
        self.authors: dict[Peer, int] = {}
        """Those who have something in the batch, and how many receipts each is to get."""
        self.shared: dict[bytes, bytes] = {}
        """What everybody else is told, by the address it goes to."""
        for pending in batch:
            peer = pending.peer
            if pending.update:
                self._bodies.append((peer, messages.update(pending.update)))
            if peer is not None:
                self.authors[peer] = self.authors.get(peer, 0) + 1

    def share(self, prefix: bytes) -> bytes:
        """The frames for all who are no author: one message per WebSocket frame, all of the batch joined."""
        frames = self.shared[prefix] = b"".join([frame(prefix + body) for _author, body in self._bodies])
        return frames

    def of_others(self, peer: Peer) -> bytes:
        """The frames for an author, who needs its own updates not."""
        return b"".join([frame(peer.prefix + body) for author, body in self._bodies if author is not peer])
