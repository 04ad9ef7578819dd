from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from server.kit.cache import MomentCache
from server.kit.clock import ManualClock


def loading(value: int, loads: list[int]) -> Callable[[], Awaitable[int]]:
    async def load() -> int:
        loads.append(value)
        return value

    return load


async def test_a_value_lives_for_a_moment() -> None:
    """A value is loaded once, and again when its time is over."""
    clock, loads = ManualClock(), list[int]()
    cache: MomentCache[str, int] = MomentCache(clock, seconds=2)
    assert await cache.get("a", loading(1, loads)) == 1
    clock.advance(1.9)
    assert await cache.get("a", loading(2, loads)) == 1
    clock.advance(0.2)
    assert await cache.get("a", loading(3, loads)) == 3
    assert loads == [1, 3]


async def test_a_full_cache_starts_again() -> None:
    """Memory is bounded however many keys come."""
    loads: list[int] = []
    cache: MomentCache[int, int] = MomentCache(ManualClock(), size=10)
    for key in [*range(11), 10, 0]:
        await cache.get(key, loading(key, loads))
    assert loads == [*range(11), 0]


async def test_what_was_read_before_a_change_is_not_kept() -> None:
    """A load that was under way when the cache was cleared is answered, and not remembered."""
    loads: list[int] = []
    cache: MomentCache[str, int] = MomentCache(ManualClock())
    cleared = asyncio.Event()

    async def slow() -> int:
        await cleared.wait()
        return 1

    loader = asyncio.create_task(cache.get("a", slow))
    await asyncio.sleep(0)
    cache.clear()
    cleared.set()
    assert await loader == 1
    assert await cache.get("a", loading(2, loads)) == 2


async def test_an_error_is_not_remembered() -> None:
    """A load that failed is tried again."""
    cache: MomentCache[str, int] = MomentCache(ManualClock())

    async def failing() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        await cache.get("a", failing)
    assert await cache.get("a", loading(1, [])) == 1


async def test_who_asks_at_the_same_time_shares_one_load() -> None:
    """A hundred who ask while a value is loaded cost one load; who asks after a clear gets what is read after it."""
    cache: MomentCache[str, int] = MomentCache(ManualClock())
    loads: list[int] = []
    go = asyncio.Event()

    async def slow() -> int:
        loads.append(len(loads))
        await go.wait()
        return loads[-1]

    before = [asyncio.create_task(cache.get("a", slow)) for _ in range(100)]
    await asyncio.sleep(0)
    cache.clear()
    after = asyncio.create_task(cache.get("a", loading(7, [])))
    assert await after == 7
    go.set()
    assert await asyncio.gather(*before) == [0] * 100
    assert loads == [0]
