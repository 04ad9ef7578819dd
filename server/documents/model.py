"""What the update log is made of, as its users see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

MIN_LOG_BYTES_TO_COMPACT = 256 * 1024


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document; `head` is the sequence of its newest log row, 0 before the first."""

    id: int
    project_id: str
    key: str
    epoch: int
    head: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    deleted_by: str | None = None


class LogEntry(NamedTuple):
    """A run of updates by one author and one Yjs client: one log row.

    `claims` are the client ids that the author uses for the first time in this document.
    """

    author: str
    client: int | None
    updates: tuple[bytes, ...]
    claims: tuple[int, ...] = ()


class AppendResult(NamedTuple):
    """The outcome of one append: the sequence of its last row, or why nothing of it was stored."""

    seq: int | None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """Everything that makes up a document: its snapshot, the log rows after it in order, and who owns which client.

    `record.head` is the newest sequence in it; `log_bytes` counts the updates after the snapshot.
    """

    record: DocumentRecord
    snapshot: bytes | None
    snapshot_seq: int
    entries: list[tuple[int, LogEntry]]
    owners: dict[int, str]
    log_bytes: int


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A log row that was taken out of its document; `size` is in bytes."""

    id: int
    project_id: str
    document_id: int
    key: str
    seq: int
    author: str
    size: int
    reason: str
    at: datetime


def should_compact(snapshot_bytes: int, log_bytes: int) -> bool:
    """Whether the log since the snapshot costs more to read than a new snapshot costs to write."""
    return log_bytes > max(MIN_LOG_BYTES_TO_COMPACT, snapshot_bytes)
