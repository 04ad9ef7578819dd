"""How often somebody may do something: moving windows, on our own clock."""

from __future__ import annotations

import math
from collections import deque

from server.kit import metrics
from server.kit.clock import Clock
from server.kit.errors import RateLimited


class RateLimit:
    """At most `amount` times in any `window_s` seconds, for each key; `name` is the metric's label."""

    def __init__(self, name: str, clock: Clock, *, amount: int, window_s: int) -> None:
        self._name = name
        self._clock = clock
        self._amount = amount
        self._window_s = window_s
        self._times: dict[str, deque[float]] = {}
        self._swept_at = clock.monotonic()

    @property
    def size(self) -> int:
        """How many keys are remembered."""
        return len(self._times)

    def take(self, key: str) -> None:
        """Counts one more time; raises `RateLimited`, which says when to come back, and then counts nothing."""
        now = self._clock.monotonic()
        if now - self._swept_at >= self._window_s:
            self._sweep(now)
        times = self._times.setdefault(key, deque(maxlen=self._amount))
        while times and times[0] <= now - self._window_s:
            times.popleft()
        if len(times) >= self._amount:
            metrics.RATE_LIMITED.labels(self._name).inc()
            raise RateLimited(retry_after_s=max(1, math.ceil(times[0] + self._window_s - now)))
        times.append(now)

    def forget(self, key: str) -> None:
        """As if `key` had never come."""
        self._times.pop(key, None)

    def _sweep(self, now: float) -> None:
        """Forgets the keys that have not come for a whole window."""
        self._swept_at = now
        self._times = {key: times for key, times in self._times.items() if times and times[-1] > now - self._window_s}
