"""Documents and the update log: everything anybody sees or is told is stored was committed here first."""

from __future__ import annotations

from server.documents.errors import (
    DocumentDeleted,
    DocumentExists,
    DocumentNotFound,
    DocumentUnreadable,
    LogUnavailable,
    StaleSnapshot,
)
from server.documents.events import DocumentDamaged, DocumentRemoved
from server.documents.journal import ApplyJournal
from server.documents.model import (
    AppendResult,
    DocumentRecord,
    LoadedDocument,
    LogEntry,
    QuarantinedRow,
    should_compact,
)
from server.documents.routes import routes
from server.documents.service import DocumentService

__all__ = [
    "AppendResult",
    "ApplyJournal",
    "DocumentDamaged",
    "DocumentDeleted",
    "DocumentExists",
    "DocumentNotFound",
    "DocumentRecord",
    "DocumentRemoved",
    "DocumentService",
    "DocumentUnreadable",
    "LoadedDocument",
    "LogEntry",
    "LogUnavailable",
    "QuarantinedRow",
    "StaleSnapshot",
    "routes",
    "should_compact",
]
