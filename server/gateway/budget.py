"""What a client may spend, and what it may leave lying about."""

from __future__ import annotations

from crdt_docs.protocol import Awareness, Message, SyncStep1, SyncStep2, Update, VersionEcho
from server.gateway.errors import Backlogged


class Budget:
    """A token bucket that may be overdrawn: what was taken too much has to flow in before there is something again.

    Times are seconds of one monotonic clock.
    """

    __slots__ = ("_burst", "_per_s", "_refilled_at", "left")

    def __init__(self, per_s: float, burst: float, now: float) -> None:
        self._per_s, self._burst = per_s, burst
        self.left = float(burst)
        """What may be spent now; below 0 when it was overdrawn."""
        self._refilled_at = now

    def spend(self, amount: float) -> bool:
        """Takes `amount` in any case; False when that was more than there was."""
        self.left -= amount
        return self.left >= 0

    def refill(self, now: float) -> float:
        """Lets in what has come since the last time; returns in how many seconds there is something to spend again."""
        self.left = min(self._burst, self.left + (now - self._refilled_at) * self._per_s)
        self._refilled_at = now
        return max(0.0, -self.left / self._per_s)


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
