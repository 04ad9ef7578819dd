"""From the name of a document to its record: who asks decides what there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crdt_docs.errors import BadName
from crdt_docs.names import DocumentName, Kind, normalise_path
from server.access import SERVER, Action, Principal
from server.documents import DocumentRecord, DocumentService
from server.files.ensure import ensure_document
from server.files.entries import file_record
from server.files.errors import FileNotFound, InvalidName, IsFolder
from server.files.gate import ProjectGate
from server.files.trees import TreeService
from server.kit.errors import NotFound
from server.projects import Project

CLIENT_WRITABLE = frozenset({Kind.FILES, Kind.DOCS})


@dataclass(frozen=True, slots=True)
class Resolved:
    """A document under the name it was asked for, and whether the one who asked may change it."""

    name: DocumentName
    record: DocumentRecord
    project: Project
    writable: bool


class DocumentResolver:
    """The one place that says which documents exist under which names."""

    def __init__(
        self, trees: TreeService, documents: DocumentService, gate: ProjectGate, *, default_project: str | None = None
    ) -> None:
        """With `default_project`, clients of another server keep their room names: see `open`."""
        self._trees, self._documents, self._gate = trees, documents, gate
        self._default_project = default_project

    async def open(self, raw: str, principal: Principal, *, create: bool) -> Resolved:
        """The document that a client calls `raw`.

        A name that does not begin with a project that `principal` may see and a kind means
        ``{default project}/docs/{raw}``. Raises `InvalidName`, and `NotFound` as `resolve` does.
        """
        try:
            name = await self._name(raw, principal)
        except BadName as error:
            raise InvalidName(error.detail) from error
        return await self.resolve(name, principal, create=create)

    async def _name(self, raw: str, principal: Principal) -> DocumentName:
        name = DocumentName.parse(raw, default_project=self._default_project)
        if self._default_project is None or await self._gate.knows(name.project, principal):
            return name
        return DocumentName(self._default_project, Kind.DOCS, normalise_path(raw))

    async def resolve(self, name: DocumentName, principal: Principal, *, create: bool) -> Resolved:
        """The document called `name`. With `create`, `docs/…` comes into being for who may write.

        Raises `NotFound` (close code 4404) for what does not exist, is deleted or may not be seen.
        """
        project, writable = await self._rights(name, principal)
        record = await self._record(project.id, name, principal, create=create and writable)
        if record is None or record.deleted_at is not None:
            raise NotFound(f"There is no document {str(name)!r}.")
        return Resolved(name, record, project, writable)

    async def again(self, found: Resolved, principal: Principal) -> Resolved:
        """The rights of `principal` to a document it has open, wherever that has been moved to since.

        Raises `NotFound` when it may not see it any more.
        """
        project, writable = await self._rights(found.name, principal)
        return replace(found, project=project, writable=writable)

    async def _rights(self, name: DocumentName, principal: Principal) -> tuple[Project, bool]:
        project = await self._gate.enter(name.project, principal, Action.READ, name.key)
        allowed = await self._gate.allows(principal, Action.WRITE, project, name.key)
        return project, allowed and name.kind in CLIENT_WRITABLE

    async def _record(
        self, project_id: str, name: DocumentName, principal: Principal, *, create: bool
    ) -> DocumentRecord | None:
        match name.kind:
            case Kind.FILES:
                return await self._file(project_id, name.id)
            case Kind.TREE | Kind.LIVE:
                return await ensure_document(self._documents, project_id, name.key, SERVER.id)
            case Kind.DOCS if create:
                return await ensure_document(self._documents, project_id, name.key, principal.id)
            case Kind.DOCS:
                return await self._documents.find(project_id, name.key)
            case Kind.CHAT:
                return None

    async def _file(self, project_id: str, path: str) -> DocumentRecord | None:
        tree = await self._trees.tree(project_id)
        try:
            entry = tree.file(path)
        except (FileNotFound, IsFolder):
            return None
        return await file_record(self._documents, project_id, entry) if entry.kind == "text" else None
