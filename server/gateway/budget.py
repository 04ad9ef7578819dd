"""What a client may spend, and what it may leave lying about."""

from __future__ import annotations

from crdt_docs.protocol import Awareness, Message, SyncStep1, SyncStep2, Update, VersionEcho
from server.gateway.errors import Backlogged


class Budget:
    """A token bucket that may be overdrawn: what was taken too much has to flow in before there is something again.

    Times are seconds of one monotonic clock.
    """

    __slots__ = ("_burst", "_filled_at", "_left", "_per_s")

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._left = float(burst)
        self._filled_at = 0.0

    def spend(self, amount: float, now: float) -> bool:
        """Takes `amount` in any case; False when that was more than there was."""
        self._fill(now)
        self._left -= amount
        return self._left >= 0

    def has_some(self, now: float) -> bool:
        """Whether there is something left to spend."""
        self._fill(now)
        return self._left > 0

    def _fill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._filled_at) * self._per_s)
        self._filled_at = now


class Backlog:
    """What the documents of one socket keep until they are open: frames and bytes, of all of them together."""

    __slots__ = ("_bytes_left", "_frames_left")

    def __init__(self, *, frames: int, size: int) -> None:
        """`size` is in bytes."""
        self._frames_left, self._bytes_left = frames, size

    def take(self, message: Message) -> None:
        """Makes room for `message`; raises `Backlogged` when there is none."""
        self._frames_left -= 1
        self._bytes_left -= _size(message)
        if self._frames_left < 0 or self._bytes_left < 0:
            raise Backlogged

    def give_back(self, messages: list[Message]) -> None:
        """The messages are gone."""
        self._frames_left += len(messages)
        self._bytes_left += sum(map(_size, messages))


def _size(message: Message) -> int:
    match message:
        case Update(data) | SyncStep2(data) | SyncStep1(data) | Awareness(data) | VersionEcho(data):
            return len(data)
        case _:
            return 0
