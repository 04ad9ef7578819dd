"""From the name of a document to its record: who asks decides what there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crdt_docs.errors import BadName
from crdt_docs.names import DocumentName, Kind, normalise_path
from server.access import SERVER, Action, Principal, resource_of
from server.documents import DocumentRecord, DocumentService
from server.files.ensure import ensure_document
from server.files.entries import document_key, file_id, file_record
from server.files.errors import FileNotFound, InvalidName, IsFolder
from server.files.gate import ProjectGate, Visit
from server.files.trees import TreeService
from server.kit.errors import NotFound
from server.projects import Project
from server.rooms import RoomRegistry

CLIENT_WRITABLE = frozenset({Kind.FILES, Kind.DOCS})


@dataclass(frozen=True, slots=True)
class Resolved:
    """A document under the name it was asked for, and what the one who asked may do in its project."""

    name: DocumentName
    record: DocumentRecord
    visit: Visit

    @property
    def project(self) -> Project:
        return self.visit.project

    @property
    def writable(self) -> bool:
        """Whether the one who asked may change it."""
        return self.name.kind in CLIENT_WRITABLE and self.visit.may_write(self.name)


class DocumentResolver:
    """The one place that says which documents exist under which names."""

    def __init__(
        self,
        trees: TreeService,
        documents: DocumentService,
        rooms: RoomRegistry,
        gate: ProjectGate,
        *,
        default_project: str | None = None,
    ) -> None:
        """With `default_project`, clients of another server keep their room names: see `open`."""
        self._trees, self._documents, self._rooms, self._gate = trees, documents, rooms, gate
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

        Raises `NotFound` (close code 4404) for what does not exist, is deleted or may not be read.
        """
        visit = await self._gate.enter(name.project, principal)
        missing = NotFound(f"There is no document {str(name)!r}.")
        if not visit.may_read(name):
            await visit.require(Action.READ, resource_of(name), missing)
            raise missing
        record = await self._record(visit, name, create=create and visit.may_write(name))
        if record is None or record.deleted_at is not None:
            raise missing
        return Resolved(name, record, visit)

    async def again(self, found: Resolved, principal: Principal) -> Resolved:
        """The rights of `principal` to a document it has open, wherever that has been moved to since.

        Raises `NotFound` when it may not read it any more.
        """
        visit = await self._gate.again(found.project, principal)
        name = await self._present_name(found)
        if not visit.may_read(name):
            raise NotFound(f"There is no document {str(name)!r}.")
        return replace(found, name=name, visit=visit)

    async def _present_name(self, found: Resolved) -> DocumentName:
        """Where a file is now; one that has just been deleted keeps its name until its room is closed."""
        if found.name.kind is not Kind.FILES:
            return found.name
        tree = await self._trees.tree(found.project.id)
        entry = tree.with_id(file_id(found.record.key))
        return found.name if entry is None else replace(found.name, id=entry.path)

    async def _record(self, visit: Visit, name: DocumentName, *, create: bool) -> DocumentRecord | None:
        project_id = visit.project.id
        if name.kind is Kind.FILES:
            return await self._file(project_id, name.id)
        live = self._rooms.live(project_id, name.key)
        if live is not None:  # a newcomer to an open document costs no query
            return live
        match name.kind:
            case Kind.TREE | Kind.LIVE:
                return await ensure_document(self._documents, project_id, name.key, SERVER.id)
            case Kind.DOCS if create:
                return await ensure_document(self._documents, project_id, name.key, visit.principal.id)
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
        if entry.kind != "text":
            return None
        live = self._rooms.live(project_id, document_key(entry))
        return live or await file_record(self._documents, project_id, entry)
