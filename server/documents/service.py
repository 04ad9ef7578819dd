"""Documents: their records, and the update log that every edit is in before anybody hears of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from server.documents import store
from server.documents.appends import Appends
from server.documents.errors import DocumentUnreadable
from server.documents.events import DocumentDamaged, DocumentRemoved
from server.documents.examine import ExaminationError, find_breaking
from server.documents.journal import ApplyJournal
from server.documents.model import AppendResult, DocumentRecord, LoadedDocument, LogEntry, QuarantinedRow
from server.documents.writer import Append, UpdateWriter
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.single_flight import SingleFlight

logger = logging.getLogger(__name__)


class DocumentService:
    """The update log and the records of all documents; rooms and files are built on it.

    Sequences are integers that count per document; nothing is ever ordered by a clock.
    """

    def __init__(self, database: Database, *, clock: Clock, events: EventBus, journal: ApplyJournal) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._journal = journal
        self._writer = UpdateWriter(Appends(database, clock.now))
        self._loads: SingleFlight[LoadedDocument] = SingleFlight()
        self._suspects = {suspect.document_id for suspect in journal.suspects()}

    async def start(self) -> None:
        """Starts the writer thread; results come back on the running event loop."""
        self._writer.start()

    async def close(self) -> None:
        """Commits everything that was appended and ends the writer thread."""
        await self._writer.close()

    # Records

    async def create(self, project_id: str, key: str, *, author: str, initial: bytes | None = None) -> DocumentRecord:
        """Creates one document, with `initial` as its first update.

        Raises `DocumentExists`, or `DocumentDeleted` when a tombstone has the key.
        """
        [record] = await self.create_many(project_id, [(key, initial)], author=author)
        return record

    async def create_many(
        self, project_id: str, items: Sequence[tuple[str, bytes | None]], *, author: str
    ) -> list[DocumentRecord]:
        """Creates all documents (key, first update) or none; the same order, the same errors as `create`."""
        now = self._clock.now()
        return await self._database.write(
            lambda session: store.create_many(session, project_id, items, author=author, now=now)
        )

    async def find(self, project_id: str, key: str) -> DocumentRecord | None:
        """The document under a key; a deleted one too, with `deleted_at`."""
        return await self._database.read(lambda session: store.find(session, project_id, key))

    async def get(self, document_id: int) -> DocumentRecord:
        """The document, deleted or not; raises `DocumentNotFound`."""
        return await self._database.read(lambda session: store.get(session, document_id))

    async def list(
        self, project_id: str, *, prefix: str = "", after: str | None = None, limit: int = 50
    ) -> list[DocumentRecord]:
        """At most `limit` documents that are not deleted, ordered by key, with keys beyond `after`."""
        return await self._database.read(
            lambda session: store.list_page(session, project_id, prefix=prefix, after=after, limit=limit)
        )

    # The log

    def append(self, document_id: int, entries: Sequence[LogEntry], done: Callable[[AppendResult], None]) -> None:
        """Appends rows; call it on the event loop, where `done` is called once they are durable or have failed.

        The order of calls is the order of rows. What waits for one document is stored or refused together, with
        `DocumentDeleted`, `DocumentNotFound` or `LogUnavailable`.
        """
        self._writer.append(Append(document_id, entries, done))

    async def load(self, document_id: int) -> LoadedDocument:
        """The document with everything appended before this call; all who ask at once share one query.

        Damaged rows, and rows that killed an earlier process, go to quarantine first.
        Raises `DocumentNotFound`, `DocumentDeleted`, `DocumentUnreadable`.
        """
        return await self._loads.run(document_id, lambda: self._load(document_id))

    async def _load(self, document_id: int) -> LoadedDocument:
        loaded = await self._read(document_id)
        if document_id in self._suspects:
            if await self._quarantine_breaking(loaded):
                loaded = await self._read(document_id)
            self._suspects.discard(document_id)
            self._journal.absolve(document_id)
        return loaded

    async def _read(self, document_id: int) -> LoadedDocument:
        await self._writer.flush()
        loaded, damaged = await self._database.read(lambda session: store.load(session, document_id))
        if damaged:
            await self.quarantine(document_id, damaged, "checksum")
        return loaded

    async def examine(self, document_id: int) -> Sequence[int]:
        """Quarantines the rows that break the document, and returns their sequences; for a document that broke."""
        return await self._quarantine_breaking(await self._read(document_id))

    async def _quarantine_breaking(self, loaded: LoadedDocument) -> Sequence[int]:
        rows = [entry.updates for _, entry in loaded.entries]
        try:
            positions = await find_breaking([(loaded.snapshot,) if loaded.snapshot is not None else (), *rows])
        except ExaminationError as error:
            raise DocumentUnreadable(f"Document {loaded.record.id} could not be examined: {error}.") from error
        if 0 in positions:
            raise DocumentUnreadable(
                f"The snapshot of document {loaded.record.id} breaks it; restore it from a backup."
            )
        bad = [loaded.entries[position - 1][0] for position in positions]
        return await self.quarantine(loaded.record.id, bad, "breaks the document") if bad else []

    async def compact(self, document_id: int, state: bytes, covers_seq: int) -> None:
        """Replaces the rows up to `covers_seq`, and older snapshots, by `state`, in one transaction.

        `state` has to contain these rows. Raises `StaleSnapshot`, `DocumentDeleted`, `DocumentNotFound`.
        """
        now = self._clock.now()
        await self._database.write(lambda session: store.compact(session, document_id, state, covers_seq, now))

    # Deletion and quarantine

    async def delete(self, document_id: int, *, author: str) -> None:
        """Leaves a tombstone: it cannot be opened or appended to until `restore`."""
        now = self._clock.now()
        await self._database.write(lambda session: store.mark_deleted(session, document_id, author, now))
        self._events.publish(DocumentRemoved(document_id))

    async def restore(self, document_id: int) -> DocumentRecord:
        """Takes the tombstone away; raises `DocumentDeleted` when the content has been purged."""
        return await self._database.write(lambda session: store.restore(session, document_id))

    async def purge(self, document_id: int) -> None:
        """Removes the content for ever; the tombstone stays, so the key is never taken by another document."""
        now = self._clock.now()
        await self._database.write(lambda session: store.purge(session, document_id, now))
        self._events.publish(DocumentRemoved(document_id))

    async def quarantine(self, document_id: int, seqs: Sequence[int], reason: str) -> Sequence[int]:
        """Moves rows out of the log to where an administrator sees them; returns those that were there."""
        now = self._clock.now()
        moved = await self._database.write(lambda session: store.quarantine(session, document_id, seqs, reason, now))
        if moved:
            logger.error("document.quarantined", extra={"document": document_id, "seqs": moved, "reason": reason})
            self._events.publish(DocumentDamaged(document_id, tuple(moved), reason))
        return moved

    async def quarantined(
        self, project_id: str | None = None, *, after: int = 0, limit: int = 50
    ) -> Sequence[QuarantinedRow]:
        """Rows in quarantine, oldest first, of one project or of all, with ids beyond `after`."""
        return await self._database.read(
            lambda session: store.quarantined(session, project_id, after=after, limit=limit)
        )
