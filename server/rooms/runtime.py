"""What a room needs from the world around it; rooms themselves know no event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Protocol, TypeVar

from server.documents import AppendResult, LogEntry

T = TypeVar("T")


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None: ...


class Runtime(Protocol):
    """Time and threads."""

    def now(self) -> float:
        """Monotonic seconds."""

    def later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        """Calls back after `delay_s`."""

    def in_thread(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[BaseException], None]
    ) -> None:
        """Runs `work` off the loop, then `done` on it, or `failed` with what it raised."""


class UpdateLog(Protocol):
    """The only thing a room asks of the log while it lives: `DocumentService.append`."""

    def append(self, document_id: int, entries: Sequence[LogEntry], done: Callable[[AppendResult], None]) -> None: ...


class Journal(Protocol):
    """Survives the process: what was being applied when it died (`ApplyJournal`)."""

    def mark(self, document_id: int, seq: int) -> None: ...

    def clear(self) -> None: ...


class LoopRuntime:
    """The runtime of the server: the running event loop and its default threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._running: set[asyncio.Future[Any]] = set()

    def now(self) -> float:
        return monotonic()  # the loop's own time has milliseconds, and stands still during a callback

    def later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        return self._loop.call_later(delay_s, call)

    def in_thread(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[BaseException], None]
    ) -> None:
        future = self._loop.run_in_executor(None, work)
        self._running.add(future)

        def finish(finished: asyncio.Future[T]) -> None:
            self._running.discard(finished)
            if finished.cancelled():
                return
            error = finished.exception()
            if error is None:
                done(finished.result())
            else:
                failed(error)

        future.add_done_callback(finish)
