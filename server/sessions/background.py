"""What events have set in motion."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Background:
    """Runs work that nobody waits for; what fails is logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins to run `work`."""
        task = asyncio.create_task(self._supervised(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Returns when nothing runs any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _supervised(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # a supervised edge: what was begun by an event has nobody to answer to
            logger.exception("sessions.failed")
