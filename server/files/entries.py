"""How content becomes an entry of the tree and, for a text, the first update of its document."""

from __future__ import annotations

from crdt_docs.document import Document
from crdt_docs.shapes.tree import FileEntry
from crdt_docs.text_edits import replace_text
from server.blobs import Blob
from server.documents import DocumentNotFound, DocumentRecord, DocumentService
from server.files.text import DecodedText


def document_key(entry: FileEntry) -> str:
    """The key of a text's document: it stays when the file moves."""
    return f"files/{entry.id}"


def file_id(key: str) -> str:
    """The id of the file whose document has this key."""
    return key.partition("/")[2]


async def file_record(documents: DocumentService, project_id: str, entry: FileEntry) -> DocumentRecord:
    """The record of a text's document; raises `DocumentNotFound`."""
    record = await documents.find(project_id, document_key(entry))
    if record is None:
        raise DocumentNotFound(f"The document of the file {entry.path!r} is missing.")
    return record


def text_entry(id: str, path: str, text: DecodedText, mode: int = 0o644) -> FileEntry:
    """A text file."""
    return FileEntry(id, path, "text", eol=text.eol or "lf", bom=text.bom, mode=mode)


def binary_entry(id: str, path: str, blob: Blob, mode: int = 0o644) -> FileEntry:
    """A binary file."""
    return FileEntry(id, path, "binary", mode=mode, blob=blob.sha256, size=blob.size)


def folder_entry(id: str, path: str) -> FileEntry:
    """A folder."""
    return FileEntry(id, path, "directory", mode=0o755)


def initial_update(text: str) -> bytes | None:
    """The update that makes an empty document hold `text`; None when there is nothing to do."""
    _, update = Document().edit(lambda doc: replace_text(doc, text))
    return update or None
