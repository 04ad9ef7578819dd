from __future__ import annotations

import asyncio
from contextlib import suppress

from server.gateway.inbox import Inbox


async def test_messages_come_in_their_order() -> None:
    """What is there is taken at once, the oldest first; then the reader waits."""
    inbox = Inbox()
    inbox.put_nowait("a")
    inbox.put_nowait("b")
    assert [await inbox.get(), await inbox.get()] == ["a", "b"]
    assert inbox.empty()
    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait("c")
    inbox.put_nowait("d")
    assert [await waiting, await inbox.get()] == ["c", "d"]


async def test_a_reader_that_gives_up_takes_nothing() -> None:
    """What arrives after it was cancelled, or while it is, is there for the next."""
    inbox = Inbox()
    for early in (True, False):
        waiting = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        if early:
            waiting.cancel()
        inbox.put_nowait("a")
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        assert await inbox.get() == "a"
