"""Writes to the database in the order in which they were asked for, those that wait in one transaction.

A thousand sessions that come back at the same time cost a few commits, not a thousand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from sqlmodel import Session

from server.kit.database import Database

T = TypeVar("T")
Work = Callable[[Session], Any]
Batch = list[tuple[Work, asyncio.Future[Any]]]


class OrderedWrites:
    """One transaction at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Batch = []
        self._running: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, when that is committed; raises what it raises."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._together(batch)
            except Exception:  # one of them has spoilt the transaction of all: each gets its own, and its own error
                for item in batch:
                    await self._alone(*item)

    async def _together(self, batch: Batch) -> None:
        def run(db: Session) -> list[Any]:
            return [work(db) for work, _ in batch]

        for (_, future), result in zip(batch, await self._database.write(run), strict=True):
            if not future.done():
                future.set_result(result)

    async def _alone(self, work: Work, future: asyncio.Future[Any]) -> None:
        try:
            result = await self._database.write(work)
        except Exception as error:  # whoever asked is told
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)
