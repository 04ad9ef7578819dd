"""The shape of a file: its text, with line feeds only, in the root Y.Text `content`.

Path, line ending, encoding and mode are metadata in the project's tree; `crdt_docs.text_edits` writes the text.
"""

from __future__ import annotations

from crdt_docs.document import Document

CONTENT = "content"


def read_text(document: Document) -> str:
    """The file's text."""
    return document.text(CONTENT)


def content_hash(document: Document) -> str:
    """The digest by which two replicas of a file find out that they differ."""
    return document.content_hash(read_text(document))
