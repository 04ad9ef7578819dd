"""How often somebody may do something: moving windows by the package `limits`, on our own clock."""

from __future__ import annotations

import math
from collections import deque

from limits import RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from server.kit import metrics
from server.kit.clock import Clock
from server.kit.errors import RateLimited


class RateLimit:
    """At most `amount` times in any `window_s` seconds, for each key; `name` is the metric's label."""

    def __init__(self, name: str, clock: Clock, *, amount: int, window_s: int) -> None:
        self._name = name
        self._clock = clock
        self._item = RateLimitItemPerSecond(amount, window_s)
        self._memory = ClockedMemory(clock, window_s)
        self._windows = MovingWindowRateLimiter(self._memory)

    @property
    def size(self) -> int:
        """How many keys are remembered."""
        return len(self._memory)

    def take(self, key: str) -> None:
        """Counts one more time; raises `RateLimited`, which says when to come back, and then counts nothing."""
        if not self._windows.hit(self._item, key):
            metrics.RATE_LIMITED.labels(self._name).inc()
            reset_at, _ = self._windows.get_window_stats(self._item, key)
            raise RateLimited(retry_after_s=max(1, math.ceil(reset_at - self._clock.monotonic())))

    def forget(self, key: str) -> None:
        """As if `key` had never come."""
        self._windows.clear(self._item, key)


class ClockedMemory(Storage, MovingWindowSupport):
    """When each key came, within the last `window_s` seconds.

    The package's own memory reads the machine's clock, and walks over all keys, in a new thread, after every hit.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, window_s: int) -> None:
        super().__init__()
        self._clock = clock
        self._window_s = window_s
        self._times: dict[str, deque[float]] = {}
        self._swept_at = clock.monotonic()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Counts `amount` times, if that leaves no more than `limit` in the window."""
        now = self._clock.monotonic()
        if now - self._swept_at >= self._window_s:
            self._sweep(now)
        times = self._times.setdefault(key, deque(maxlen=limit))
        _drop(times, now - expiry)
        if len(times) + amount > limit:
            return False
        times.extend([now] * amount)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 (the port's signature)
        """When the oldest time in the window was, and how many there are."""
        now = self._clock.monotonic()
        times = self._times.get(key, deque())
        _drop(times, now - expiry)
        return (times[0] if times else now), len(times)

    def __len__(self) -> int:
        return len(self._times)

    def clear(self, key: str) -> None:
        self._times.pop(key, None)

    def reset(self) -> int | None:
        count = len(self._times)
        self._times.clear()
        return count

    def check(self) -> bool:
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("moving windows only")

    def get(self, key: str) -> int:
        raise NotImplementedError("moving windows only")

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("moving windows only")

    def _sweep(self, now: float) -> None:
        """Forgets the keys that have not come for a whole window."""
        self._swept_at = now
        self._times = {key: times for key, times in self._times.items() if times and times[-1] > now - self._window_s}


def _drop(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
