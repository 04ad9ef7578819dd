"""How late the event loop is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from server.kit import loops, metrics
from server.kit.loops import LoopMonitor
from tests.support.waiting import until


@pytest.fixture
async def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopMonitor]:
    """A monitor that looks often."""
    monkeypatch.setattr(loops, "TICK_S", 0.01)
    monitor = LoopMonitor()
    monitor.start()
    yield monitor
    monitor.stop()


def observed() -> float:
    return metrics.REGISTRY.get_sample_value("atrium_loop_lag_seconds_count") or 0


async def test_a_loop_that_is_held_up_is_late(monitor: LoopMonitor) -> None:
    """Whoever blocks the loop shows, in the health of the server and in its metrics."""
    before = observed()
    await asyncio.sleep(0)
    time.sleep(0.2)  # noqa: ASYNC251 holding up the loop is what this is about
    await until(lambda: monitor.lag_s > 0.1)
    assert observed() > before
