"""What one peer is still to be told.

A peer that does not read must cost no memory: when its socket is congested nothing more is queued for it. The outbox
remembers how far the peer was brought, and when the socket has drained sends one diff from there.
Large states go out in chunks, each when the one before it has left.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

BINARY_FRAME = 0x82


class Link(Protocol):
    """The socket under a peer. Writing never blocks; `congested` says that the peer reads too slowly."""

    @property
    def congested(self) -> bool: ...

    def write(self, frames: bytes) -> None:
        """Sends prepared WebSocket frames."""

    def close(self, code: int, reason: str) -> None:
        """Closes the socket; later writes are ignored."""


def frame(body: bytes) -> bytes:
    """One unmasked binary WebSocket frame (RFC 6455, section 5.2), the same bytes for every client."""
    length = len(body)
    if length < 126:
        return bytes((BINARY_FRAME, length)) + body
    if length < 65536:
        return struct.pack("!BBH", BINARY_FRAME, 126, length) + body
    return struct.pack("!BBQ", BINARY_FRAME, 127, length) + body


Mark: TypeAlias = tuple[int, dict[int, int]]
"""A place in a room's history: the number of the commit and the state vector after it.

The number is needed because deletions do not move a state vector.
"""


class Outbox:
    """Three states: `silent` until the peer has asked for the state, `live`, and `behind` a mark."""

    __slots__ = ("_behind", "_chunks", "_link", "_silent")

    def __init__(self, link: Link) -> None:
        self._link = link
        self._silent = True
        self._behind: Mark | None = None
        self._chunks: Iterator[bytes] = iter(())

    @property
    def behind(self) -> Mark | None:
        """Where the peer has been brought to, or None when it is up to date."""
        return self._behind

    def offer(self, frames: bytes, mark: Callable[[], Mark], receipts: bytes = b"") -> None:
        """Sends a batch in one write; a congested peer gets its receipts only and stays behind `mark`."""
        if frames and self._behind is None and not self._silent:
            if not self._link.congested:
                self._link.write(frames + receipts if receipts else frames)
                return
            self._behind = mark()
        if receipts:
            self._link.write(receipts)

    def control(self, frames: bytes) -> None:
        """Sends what must not be dropped and is small: receipts, refusals, answers."""
        self._link.write(frames)

    def presence(self, frames: bytes) -> None:
        """Sends presence, unless the peer lags: the latest state wins anyway."""
        if not (self._silent or self._link.congested):
            self._link.write(frames)

    def state(self, frames: Iterable[bytes], reaches: Mark) -> None:
        """Sends a state in chunks; whatever happens meanwhile follows as a diff from `reaches`."""
        self._silent = False
        self._chunks = iter(frames)
        self._behind = reaches

    def pump(self) -> bool:
        """Sends chunks while the socket takes them; True when all have left and a diff may be due."""
        while not self._link.congested:
            chunk = next(self._chunks, None)
            if chunk is None:
                return self._behind is not None
            self._link.write(chunk)
        return False

    def caught_up(self) -> None:
        """The peer has everything that is committed."""
        self._behind = None
