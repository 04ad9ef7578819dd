"""Waiting for conditions: the tests' only way to let time pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.01
PATIENCE_S = 30.0
"""What has not happened by then hangs. No test is about how long something takes; a busy machine may take its time."""


async def eventually(
    read: Callable[[], Awaitable[T]], wanted: Callable[[T], object], timeout_s: float = PATIENCE_S
) -> T:
    """Reads until the value is `wanted` and returns it; fails with the last value read after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = await read()
        if wanted(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"it hangs: after {timeout_s} s it is still {value!r:.2000}")
        await asyncio.sleep(POLL_S)


async def until(holds: Callable[[], object], timeout_s: float = PATIENCE_S, what: str = "the condition") -> None:
    """Returns as soon as `holds()` is true; fails naming `what` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"it hangs: {what} does not hold after {timeout_s} s")
        await asyncio.sleep(POLL_S)


def until_blocking(holds: Callable[[], object], timeout_s: float, what: Callable[[], str]) -> None:
    """`until` for code without an event loop; `what` is asked for only when time is up."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(what())
        time.sleep(POLL_S)
