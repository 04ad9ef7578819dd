"""Documents that exist because somebody needs them."""

from __future__ import annotations

from server.documents import DocumentExists, DocumentRecord, DocumentService


async def ensure_document(documents: DocumentService, project_id: str, key: str, author: str) -> DocumentRecord:
    """The document under `key`, created empty when it is new; raises `DocumentDeleted` for a tombstone."""
    record = await documents.find(project_id, key)
    if record is not None and record.deleted_at is None:
        return record
    try:
        return await documents.create(project_id, key, author=author)
    except DocumentExists:  # somebody was faster
        return await ensure_document(documents, project_id, key, author)
