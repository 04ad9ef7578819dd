from __future__ import annotations

import pytest

from server.kit import metrics
from server.kit.clock import ManualClock
from server.kit.errors import RateLimited
from server.kit.rate import RateLimit


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_a_window_moves(clock: ManualClock) -> None:
    """Never more than the amount within any stretch of the window, and again as soon as the oldest leaves it."""
    limit = RateLimit("test", clock, amount=2, window_s=10)
    limit.take("a")
    clock.advance(6)
    limit.take("a")
    with pytest.raises(RateLimited) as limited:
        limit.take("a")
    assert limited.value.headers == {"Retry-After": "4"}
    clock.advance(4)
    limit.take("a")
    with pytest.raises(RateLimited):
        limit.take("a")


def test_refusals_do_not_count(clock: ManualClock) -> None:
    """Who goes on asking while refused is let in no later for it, and is counted in the metric."""
    before = metrics.REGISTRY.get_sample_value("atrium_rate_limited_total", {"limit": "test"}) or 0
    limit = RateLimit("test", clock, amount=1, window_s=10)
    limit.take("a")
    for _ in range(9):
        clock.advance(1)
        with pytest.raises(RateLimited):
            limit.take("a")
    clock.advance(1)
    limit.take("a")
    assert metrics.REGISTRY.get_sample_value("atrium_rate_limited_total", {"limit": "test"}) == before + 9


def test_keys_do_not_know_each_other(clock: ManualClock) -> None:
    """One key's count is its own, and can be forgotten."""
    limit = RateLimit("test", clock, amount=1, window_s=10)
    limit.take("a")
    limit.take("b")
    limit.forget("a")
    limit.take("a")
    with pytest.raises(RateLimited):
        limit.take("b")


def test_many_keys_are_not_kept(clock: ManualClock) -> None:
    """Keys that have not come for a window are forgotten: nobody fills the memory with names."""
    limit = RateLimit("test", clock, amount=1, window_s=10)
    for number in range(1000):
        limit.take(f"key {number}")
    clock.advance(20)
    limit.take("one more")
    assert limit.size == 1
