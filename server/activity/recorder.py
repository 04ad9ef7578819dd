"""From acts to rows: a queue, and the one task that empties it off the event loop.

While a commit runs, the next batch collects. A request waits for what it has caused itself (`receipt`), so that its
answer means that this is in the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.exc import IntegrityError

from server.access import SERVER, actor_of
from server.activity import store
from server.activity.collapse import ONCE, Collapser
from server.activity.errors import NotRecorded
from server.activity.model import LOST, Note, note
from server.kit import metrics
from server.kit.audit import Act, Outcome
from server.kit.clock import Clock
from server.kit.database import Database

logger = logging.getLogger(__name__)

QUEUE_ROWS = 20_000
BATCH_ROWS = 50
"""In one transaction: the update log waits for it, and edits with the log."""
TICK_S = 5.0
RETRY_S = 1.0
RACES = 20
PATIENCE_S = 5.0


@dataclass(slots=True)
class Receipt:
    """How far the log must have been written for everything that one request has caused, and whether that is lost."""

    position: int = 0
    lost: bool = False


_receipt: ContextVar[Receipt | None] = ContextVar("audit_receipt", default=None)


@contextmanager
def receipt() -> Iterator[Receipt]:
    """Collects what is recorded inside of the block, also by tasks that are started there."""
    mine = Receipt()
    token = _receipt.set(mine)
    try:
        yield mine
    finally:
        _receipt.reset(token)


class Recorder:
    """Writes acts to the log. While the database is away up to `queue_rows` of them wait; then they are lost, and the
    log says how many.
    """

    def __init__(self, database: Database, clock: Clock, *, queue_rows: int = QUEUE_ROWS) -> None:
        self._database, self._clock = database, clock
        self._queue_rows = queue_rows
        self._queue: deque[Note] = deque()
        self._collapser = Collapser(clock)
        self._recorded = self._written = self._lost = 0
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Starts to write; call it on the event loop."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Writes what is there, and gives up after some seconds when the database is away."""
        for counted in self._collapser.close():
            self._enqueue(counted)
        self._closing = True
        self._wake.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, PATIENCE_S)
        if self._queue:
            logger.error("audit.lost", extra={"acts": len(self._queue)})

    def record(self, act: Act) -> None:
        """Takes one act; it is in the log once `flushed` returns."""
        if act.outcome is Outcome.DENIED:
            metrics.DENIED.labels(act.action).inc()
        self._count_ended()
        taken = note(act, self._clock.now())
        if self._collapser.admit(taken):
            self._enqueue(taken, _receipt.get() if taken.action not in ONCE else None)
        else:
            metrics.AUDIT_COLLAPSED.inc()

    async def flushed(self, mine: Receipt | None = None) -> None:
        """Returns when everything of a receipt, or all there is, is durable.

        Raises `NotRecorded` when it is lost, or when the database does not take it within some seconds.
        """
        self._count_ended()
        wanted = mine or Receipt(self._recorded)
        if wanted.lost:
            raise NotRecorded
        if self._written < wanted.position:
            await self._written_up_to(wanted.position)

    async def _written_up_to(self, position: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S), self._progress:
                await self._progress.wait_for(lambda: self._written >= position)
        except TimeoutError:
            raise NotRecorded from None

    def _count_ended(self) -> None:
        for counted in self._collapser.ended():
            self._enqueue(counted)

    def _enqueue(self, taken: Note, mine: Receipt | None = None) -> None:
        if len(self._queue) >= self._queue_rows:
            self._lose(mine)
            return
        self._queue.append(taken)
        self._recorded += 1
        metrics.AUDIT_QUEUE.set(len(self._queue))
        if mine is not None:
            mine.position = self._recorded
        self._wake.set()

    def _lose(self, mine: Receipt | None) -> None:
        if not self._lost:
            logger.error("audit.queue_full", extra={"waiting": len(self._queue)})
        self._lost += 1
        metrics.AUDIT_LOST.inc()
        if mine is not None:
            mine.lost = True

    # The task

    async def _run(self) -> None:
        while self._queue or not self._closing:
            if not self._queue:
                await self._wait()
            elif batch := list(islice(self._queue, BATCH_ROWS)):
                await self._write(batch)

    async def _wait(self) -> None:
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), TICK_S)
        self._count_ended()

    async def _write(self, batch: list[Note]) -> None:
        races = 0
        while True:
            try:
                await self._database.write(lambda session: store.append(session, batch))
            except IntegrityError:  # another process has appended meanwhile
                races += 1
                await asyncio.sleep(0 if races < RACES else RETRY_S)
            except Exception as error:  # a supervised loop: acts wait until the database is back
                logger.warning("audit.not_written", extra={"error": type(error).__name__, "waiting": len(self._queue)})
                await asyncio.sleep(RETRY_S)
            else:
                await self._done(len(batch))
                return

    async def _done(self, written: int) -> None:
        for _ in range(written):
            self._queue.popleft()
        metrics.AUDIT_QUEUE.set(len(self._queue))
        metrics.AUDIT_ROWS.inc(written)
        self._written += written
        self._admit_loss()
        async with self._progress:
            self._progress.notify_all()

    def _admit_loss(self) -> None:
        """The log itself says that something is missing in it."""
        if self._lost:
            lost, self._lost = self._lost, 0
            self._enqueue(note(Act(LOST, actor_of(SERVER), detail={"acts": lost}), self._clock.now()))
