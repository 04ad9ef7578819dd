"""The one thread that writes the update log: everything that waits, of all documents, in one transaction.

While a commit runs, the next batch collects; so the slower the disk, the larger the batches. When many documents are
busy at once commits keep a distance, so that a fast disk is not asked to flush for each of them alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, OperationalError

from server.documents.appends import Appends
from server.documents.errors import LogUnavailable
from server.documents.model import AppendResult, LogEntry
from server.kit import metrics
from server.kit.errors import AtriumError

logger = logging.getLogger(__name__)
Done = Callable[[AppendResult], None]
Outcome = tuple[Done, AppendResult]
COMMIT_INTERVAL_S = 0.002
BARRIER = 0  # no document has this id


class Append(NamedTuple):
    """Entries for one document, and who wants to know how it went."""

    document_id: int
    entries: Sequence[LogEntry]
    done: Done


class UpdateWriter:
    """Group commit off the event loop; every result comes back on the loop, one wake-up per commit."""

    def __init__(self, appends: Appends) -> None:
        self._appends = appends
        self._queue: SimpleQueue[Append | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="update-log", daemon=True)
        self._closed = False

    def start(self) -> None:
        """Starts the thread; results are delivered on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> None:
        """Commits what was appended, delivers the results and ends the thread."""
        if not self._closed and self._thread.ident is not None:
            self._closed = True
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def append(self, append: Append) -> None:
        """Hands over to the thread; call it on the loop. `append.done` is always called, later."""
        if self._closed:
            self._loop.call_soon(append.done, AppendResult(None, LogUnavailable("The server is stopping.")))
        else:
            self._queue.put(append)

    async def flush(self) -> None:
        """Returns when everything appended so far is committed or has failed."""
        reached = asyncio.Event()
        self.append(Append(BARRIER, (), lambda _result: reached.set()))
        await reached.wait()

    def _run(self) -> None:
        not_before = 0.0
        while True:
            taken = self._take(not_before)
            started = monotonic()
            appends = [append for append in taken if append is not None]
            if appends:
                outcomes = self._commit(appends)
                metrics.COMMIT_SECONDS.observe(monotonic() - started)
                self._loop.call_soon_threadsafe(_deliver, outcomes)
            not_before = started + COMMIT_INTERVAL_S if len(taken) > 1 else 0.0
            if len(appends) < len(taken):
                return

    def _take(self, not_before: float) -> list[Append | None]:
        """Waits for one append and until `not_before`, then takes all others that are there; None is the end."""
        taken = [self._queue.get()]
        if (early := not_before - monotonic()) > 0:
            sleep(early)
        while True:
            try:
                taken.append(self._queue.get_nowait())
            except Empty:
                return taken

    def _commit(self, batch: Sequence[Append]) -> list[Outcome]:
        groups: dict[int, list[Append]] = {}
        for append in batch:
            groups.setdefault(append.document_id, []).append(append)
        barriers = groups.pop(BARRIER, [])
        return [*self._commit_groups(groups), *((barrier.done, AppendResult(0)) for barrier in barriers)]

    def _commit_groups(self, groups: dict[int, list[Append]]) -> list[Outcome]:
        if not groups:
            return []
        try:
            heads = self._appends.commit({id: _entries(group) for id, group in groups.items()})
        except Exception as error:  # a supervised loop: whatever it is, the healthy documents are served
            _log_failure(error, len(groups))
            return self._commit_one_by_one(groups)
        return [outcome for id, group in groups.items() for outcome in _committed(group, heads[id])]

    def _commit_one_by_one(self, groups: dict[int, list[Append]]) -> list[Outcome]:
        """Tells the document that fails from the rest; gives up on all when the database itself is at fault."""
        outcomes: list[Outcome] = []
        for position, (id, group) in enumerate(groups.items()):
            try:
                outcomes += self._commit_alone(id, group)
            except OperationalError:
                rest = [append for group in list(groups.values())[position:] for append in group]
                return outcomes + _failed(rest, LogUnavailable())
        return outcomes

    def _commit_alone(self, document_id: int, group: Sequence[Append]) -> list[Outcome]:
        try:
            heads = self._appends.commit({document_id: _entries(group)})
        except OperationalError:
            raise
        except AtriumError as error:
            return _failed(group, error)
        except Exception as error:  # a supervised loop: one bad document must not end the thread
            _log_failure(error, 1)
            return _failed(group, LogUnavailable())
        return _committed(group, heads[document_id])


def _entries(group: Sequence[Append]) -> list[LogEntry]:
    return [entry for append in group for entry in append.entries]


def _committed(group: Sequence[Append], head: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for append in group:
        head += len(append.entries)
        outcomes.append((append.done, AppendResult(head)))
    return outcomes


def _failed(group: Sequence[Append], error: AtriumError) -> list[Outcome]:
    return [(append.done, AppendResult(None, error)) for append in group]


def _deliver(outcomes: Sequence[Outcome]) -> None:
    for done, result in outcomes:
        try:
            done(result)
        except Exception:  # a supervised edge: one receiver must not keep the others from their results
            logger.exception("update_log.receiver_failed")


def _log_failure(error: Exception, documents: int) -> None:
    # Drivers put parameters into their messages, and parameters are people's text: no message is logged or passed on.
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    details = {"error": type(cause).__name__, "code": code, "documents": documents}
    logger.warning("update_log.commit_failed", extra=details)
