"""One connection in one room."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from crdt_docs.protocol import hocuspocus, messages
from server.kit import metrics
from server.rooms.outbox import Link, Outbox, frame

MAX_REFUSALS = 50
MAX_GAPS = 100
MAX_GAP_BYTES = 1 << 20
REFUSED_UPDATE = 4400
PERMANENT = range(4400, 4500)


class Dialect(Enum):
    """How a peer wants to be told that its update is durable or refused."""

    Y_WEBSOCKET = "y-websocket"
    HOCUSPOCUS = "hocuspocus"


class Gaps:
    """Updates of one peer that wait for the Step2 which brings what they build on; bounded."""

    __slots__ = ("_updates",)

    def __init__(self) -> None:
        self._updates: list[bytes] = []

    def __len__(self) -> int:
        return len(self._updates)

    def hold(self, update: bytes) -> bool:
        """Keeps the update; False when there are too many already."""
        if len(self) >= MAX_GAPS or sum(map(len, self._updates)) + len(update) > MAX_GAP_BYTES:
            return False
        self._updates.append(update)
        metrics.HOT_PATH.pending_gaps += 1
        return True

    def release(self) -> list[bytes]:
        """Everything that waited, in order; nothing waits afterwards."""
        updates, self._updates = self._updates, []
        metrics.HOT_PATH.pending_gaps -= len(updates)
        return updates


class Peer:
    """A principal's connection in a room, with the address it used and what it may do.

    Receipts (`receipts`, `refuse`) are per message: one SyncStatus for each in the Hocuspocus dialect, nothing or
    a reason in the y-websocket dialect.
    """

    __slots__ = (
        "_refusals",
        "author",
        "dialect",
        "gaps",
        "held_echo",
        "link",
        "outbox",
        "prefix",
        "user",
        "writable",
    )

    def __init__(
        self,
        link: Link,
        *,
        author: str,
        user: Mapping[str, object],
        writable: bool,
        dialect: Dialect = Dialect.Y_WEBSOCKET,
        address: bytes | None = None,
    ) -> None:
        """`author` is the principal's id; `user` is what others see of it; `address` stands before every message."""
        self.link = link
        self.author = author
        self.user = user
        self.writable = writable
        self.dialect = dialect
        self.prefix = b"" if address is None else hocuspocus.prefix(address)
        self.outbox = Outbox(link)
        self.gaps = Gaps()
        self.held_echo: bytes | None = None  # the newest sync status that waits for the same as the gaps
        self._refusals = 0

    def frame(self, body: bytes) -> bytes:
        """A prepared WebSocket frame of one message for this peer."""
        return frame(self.prefix + body)

    def send(self, body: bytes) -> None:
        """Sends one small message that must not be dropped."""
        self.outbox.control(self.frame(body))

    def receipts(self, count: int) -> bytes:
        """The frames that say "`count` messages of yours are durable"."""
        return self.frame(hocuspocus.SAVED) * count if self.dialect is Dialect.HOCUSPOCUS else b""

    def close(self, code: int, reason: str) -> None:
        """Ends this document for the peer.

        For good (4400 to 4499), a Hocuspocus peer is told so and keeps its socket for its other documents. When it
        should come back the socket is closed: after a CLOSE message the provider would stay unsynced for ever.
        """
        if self.dialect is Dialect.HOCUSPOCUS and code in PERMANENT:
            self.send(hocuspocus.closed(reason))
        else:
            self.link.close(code, reason)

    def refuse(self, reason: str, *, fatal: bool) -> None:
        """Tells the peer that a message of it is refused, and why.

        A `fatal` refusal closes a y-websocket socket, which has no other way to say it; a Hocuspocus peer is closed
        when it does not stop.
        """
        self._refusals += 1
        if self.dialect is Dialect.HOCUSPOCUS:
            self.send(hocuspocus.REFUSED)
            fatal = self._refusals > MAX_REFUSALS
        else:
            self.send(messages.permission_denied(reason))
        if fatal:
            self.link.close(REFUSED_UPDATE, reason)
