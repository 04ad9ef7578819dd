"""Tests of `server.kit.single_flight`."""

from __future__ import annotations

import asyncio

import pytest

from server.kit.single_flight import SingleFlight


async def test_callers_at_once_share_one_call() -> None:
    """One call per key, however many ask; the next one after it runs again."""
    calls: list[str] = []
    go, both = asyncio.Event(), asyncio.Event()

    async def work(key: str) -> int:
        calls.append(key)
        number = len(calls)
        if number == 2:
            both.set()
        await go.wait()
        return number

    flights: SingleFlight[int] = SingleFlight()
    asked = [asyncio.create_task(flights.run(key, lambda key=key: work(key))) for key in ("a", "a", "b", "a")]
    await both.wait()
    go.set()
    assert await asyncio.gather(*asked) == [1, 1, 2, 1]
    assert calls == ["a", "b"]
    assert await flights.run("a", lambda: work("a")) == 3


async def test_an_error_reaches_everybody_and_is_not_kept() -> None:
    """All who wait get it; who comes later tries anew."""
    flights: SingleFlight[int] = SingleFlight()

    async def fail() -> int:
        raise LookupError

    async def succeed() -> int:
        return 1

    both = await asyncio.gather(*(flights.run("a", fail) for _ in range(2)), return_exceptions=True)
    assert [type(error) for error in both] == [LookupError, LookupError]
    assert await flights.run("a", succeed) == 1


async def test_a_cancelled_caller_leaves_the_call_running() -> None:
    """The others get their result."""
    flights: SingleFlight[int] = SingleFlight()
    go = asyncio.Event()

    async def work() -> int:
        await go.wait()
        return 1

    leaving, staying = (asyncio.create_task(flights.run("a", work)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    go.set()
    assert await staying == 1
