"""Watches the event loop: how late is what is ready?"""

from __future__ import annotations

import asyncio
from collections import deque

from server.kit import metrics

TICK_S = 0.25
REMEMBERED_TICKS = 40


class LoopMonitor:
    """Sets itself a timer four times a second, and looks how late it is called; call `start` on the loop."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque([0.0], maxlen=REMEMBERED_TICKS)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def lag_s(self) -> float:
        """The worst of the last ten seconds."""
        return max(self._lags)

    def start(self) -> None:
        """Begins to watch the running loop."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TICK_S, self._tick, loop, loop.time() + TICK_S)

    def stop(self) -> None:
        """Ends the watch."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        lag = max(0.0, loop.time() - due)
        self._lags.append(lag)
        metrics.LOOP_LAG_SECONDS.observe(lag)
        self._timer = loop.call_later(TICK_S, self._tick, loop, loop.time() + TICK_S)
