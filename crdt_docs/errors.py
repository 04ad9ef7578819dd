"""What can be wrong with bytes that a client sends.

CrdtError
├── BadName                 a document name or path that cannot be
├── MalformedMessage        a wire frame that cannot be decoded
├── InvalidAwareness        an awareness update that is refused
├── InvalidUpdate           an update that is refused for what it contains
│   └── NotOwner            ... it extends another principal's client id
├── MissingDependency       a valid update that builds on something unknown here: sync first
└── DocumentPoisoned        the document broke while applying: rebuild it from the log
"""

from __future__ import annotations


class CrdtError(Exception):
    """Bytes or a name from outside cannot be accepted."""

    def __init__(self, code: str, detail: str) -> None:
        """`code` is stable, for machines and metrics ("update.too_deep"); `detail` says why, for people."""
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


class BadName(CrdtError):
    """The name cannot name a document or file."""


class MalformedMessage(CrdtError):
    """The frame does not follow its protocol."""


class InvalidAwareness(CrdtError):
    """The awareness update is refused."""


class InvalidUpdate(CrdtError):
    """The update is refused."""


class NotOwner(InvalidUpdate):
    """The update extends a client id that another principal owns."""


class MissingDependency(CrdtError):
    """The update builds on structs that this document does not have."""


class DocumentPoisoned(CrdtError):
    """The document cannot be trusted after this; rebuild it from the log."""
