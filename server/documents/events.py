"""What happens to documents that others may want to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentDamaged:
    """Rows of the document's log went to quarantine; it lives on without them."""

    document_id: int
    seqs: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """The document was deleted: its room has to close."""

    document_id: int
