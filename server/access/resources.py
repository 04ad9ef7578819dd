"""What resources are called: relative to their project, or to the system for what concerns the whole server."""

from __future__ import annotations

from typing import Final

from crdt_docs.names import DocumentName, Kind

PROJECT: Final = ""
TREE: Final = "tree"
LIVE: Final = "live"
MEMBERS: Final = "members"
AUDIT: Final = "audit"
SETTINGS: Final = "settings"
OPERATIONS: Final = "op/"

DOCUMENT_KINDS: Final = {Kind.FILES: "file", Kind.DOCS: "doc"}


def resource_of(name: DocumentName) -> str:
    """What the policy calls a document: `files/a.txt` is `file/a.txt`, `docs/x` is `doc/x`, `tree` is itself."""
    kind = DOCUMENT_KINDS.get(name.kind, str(name.kind))
    return f"{kind}/{name.id}" if name.id else kind


def file_resource(path: str) -> str:
    """What the policy calls the file (or folder) with this normalised path."""
    return f"file/{path}"
