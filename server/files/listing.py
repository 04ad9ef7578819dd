"""Which documents of a project somebody can open."""

from __future__ import annotations

from dataclasses import dataclass

from crdt_docs.names import DocumentName, Kind
from server.documents import DocumentRecord, DocumentService
from server.files.entries import file_id
from server.files.gate import Visit
from server.files.model import FileTree
from server.files.trees import TreeService

BATCH = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A document and the name that opens it."""

    name: DocumentName
    record: DocumentRecord


class DocumentListing:
    """The documents of projects, page by page."""

    def __init__(self, documents: DocumentService, trees: TreeService) -> None:
        self._documents, self._trees = documents, trees

    async def page(self, visit: Visit, *, after: str | None, limit: int) -> list[Listed]:
        """At most `limit` documents that the visitor may read, by key, with keys beyond `after`.

        A page is full unless it is the last: its length does not tell what was left out of it.
        """
        tree = await self._trees.tree(visit.project.id)
        found: list[Listed] = []
        while len(found) < limit:
            records = await self._documents.list(visit.project.id, after=after, limit=BATCH)
            found += [Listed(name, record) for record in records if (name := _readable(visit, tree, record))]
            if len(records) < BATCH:
                break
            after = records[-1].key
        return found[:limit]


def _readable(visit: Visit, tree: FileTree, record: DocumentRecord) -> DocumentName | None:
    name = _name(visit.project.slug, tree, record)
    return name if name is not None and visit.may_read(name) else None


def _name(slug: str, tree: FileTree, record: DocumentRecord) -> DocumentName | None:
    """A file goes by its path; one without a path, deleted or not there yet, cannot be opened."""
    kind, _, id = record.key.partition("/")
    if kind != Kind.FILES:
        return DocumentName(slug, Kind(kind), id)
    entry = tree.with_id(file_id(record.key))
    return None if entry is None else DocumentName(slug, Kind.FILES, entry.path)
