"""Errors of the update log.

AtriumError
├── DocumentNotFound        no document has this id
├── DocumentExists          the key is taken
├── DocumentDeleted         there is a tombstone under this key or id
├── StaleSnapshot           a snapshot that is older than what is stored, or newer than the log
├── DocumentUnreadable      its snapshot is damaged, or it breaks whatever reads it
└── LogUnavailable          the database refused; nothing was stored
"""

from __future__ import annotations

from server.kit.errors import AtriumError, Conflict, NotFound, Unavailable


class DocumentNotFound(NotFound):
    """There is no such document."""

    code = "document.not_found"


class DocumentExists(Conflict):
    """A document with this key exists already."""

    code = "document.exists"


class DocumentDeleted(NotFound):
    """The document has been deleted."""

    code = "document.deleted"


class StaleSnapshot(Conflict):
    """The snapshot does not cover more than the stored one, or covers more than the log has."""

    code = "document.stale_snapshot"


class DocumentUnreadable(AtriumError):
    """The stored document cannot be read; restore it from a backup."""

    code = "document.unreadable"


class LogUnavailable(Unavailable):
    """The update log cannot store anything right now; nothing was acknowledged, try again."""

    code = "document.log_unavailable"
