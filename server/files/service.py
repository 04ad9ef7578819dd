"""The files of a project: folders, moving, deleting, restoring. Renames change metadata only."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crdt_docs.shapes.tree import FileEntry
from server.access import Action, file_resource
from server.documents import DocumentService
from server.files.entries import file_record, folder_entry
from server.files.errors import FileNotFound
from server.files.events import FilesMoved
from server.files.gate import Visit
from server.files.model import FileTree, Move, plan_move
from server.files.trees import TreeService
from server.kit.events import EventBus
from server.kit.ids import uuid7

MANY = 20  # paths that the audit log names


class FileService:
    """Where files are; what is in them is the business of `ContentService`.

    Somebody acts on what they see: a folder moves, or goes, without what is hidden from them in it. Everything is
    checked where nobody else can change the tree. Publishes `FilesMoved`.
    """

    def __init__(self, trees: TreeService, documents: DocumentService, events: EventBus) -> None:
        self._trees, self._documents, self._events = trees, documents, events

    async def tree(self, project_id: str) -> FileTree:
        """The files of a project now."""
        return await self._trees.tree(project_id)

    async def make_folder(self, visit: Visit, path: str) -> FileEntry:
        """Creates an empty folder; raises `PathTaken` and what `require_paths` raises."""
        await visit.require_paths(Action.WRITE, [path])
        async with self._trees.writing(visit.project.id, visit.principal.id) as writer:
            writer.tree.require_free([path])
            entry = folder_entry(uuid7(), path)
            await writer.change(put=[entry])
        visit.did("folder.created", file_resource(path))
        return entry

    async def move(self, visit: Visit, source: str, target: str) -> list[Move]:
        """Gives a file, or a folder with everything in it, another path: needs the right to write at both ends.

        Raises `FileNotFound`, `PathTaken`, `Forbidden` and what `plan_move` raises.
        """
        async with self._trees.writing(visit.project.id, visit.principal.id) as writer:
            moving = await visit.under(writer.tree, source)
            moves = plan_move(moving, source, target)
            await visit.require_entries(Action.WRITE, moving)
            await visit.require_paths(Action.WRITE, [move.to for move in moves])
            if moves:
                writer.tree.changed(gone=moving).require_free([target])
            await writer.change(put=[move.moved for move in moves])
        self._events.publish(FilesMoved(visit.project.id))
        visit.did("file.moved", file_resource(source), to=target, files=len(moves))
        return moves

    async def delete(self, visit: Visit, path: str) -> list[FileEntry]:
        """Deletes a file, or a folder with everything in it, until `restore`.

        Raises `FileNotFound`, and `Forbidden` when something in it may not be deleted.
        """
        async with self._trees.writing(visit.project.id, visit.principal.id) as writer:
            gone = await visit.under(writer.tree, path)
            await visit.require_entries(Action.DELETE, gone)
            await writer.change(trash=gone)
            for id in await self._document_ids(visit.project.id, gone):
                await self._documents.delete(id, author=visit.principal.id)
        visit.did("file.deleted", file_resource(path), files=len(gone))
        return gone

    async def restore(self, visit: Visit, ids: Collection[str]) -> list[FileEntry]:
        """Brings deleted files back to where they were, all or none; folders that exist again are left out.

        Raises `FileNotFound` for an id that is not deleted, `PathTaken` when something else has a path now,
        `Forbidden` where the principal may not write.
        """
        async with self._trees.writing(visit.project.id, visit.principal.id) as writer:
            trash = writer.trash()
            wanted = [await self._deleted(visit, trash.get(id), id) for id in dict.fromkeys(ids)]
            await visit.require_entries(Action.WRITE, wanted)
            back = writer.tree.without_known_folders(wanted)
            writer.tree.adding(back)
            for id in await self._document_ids(visit.project.id, back):
                await self._documents.restore(id)
            await writer.change(put=back)
        visit.did("file.restored", files=len(back), paths=[entry.path for entry in back[:MANY]])
        return back

    async def _deleted(self, visit: Visit, entry: FileEntry | None, id: str) -> FileEntry:
        missing = FileNotFound(f"There is no deleted file {id!r}.")
        if entry is None:
            raise missing
        await visit.require(Action.READ, file_resource(entry.path), missing)
        return entry

    async def _document_ids(self, project_id: str, entries: Iterable[FileEntry]) -> list[int]:
        texts = [entry for entry in entries if entry.kind == "text"]
        return [(await file_record(self._documents, project_id, entry)).id for entry in texts]
