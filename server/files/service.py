"""The files of a project: folders, moving, deleting, restoring. Renames change metadata only."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crdt_docs.shapes.tree import FileEntry
from server.documents import DocumentService
from server.files.entries import file_record, folder_entry
from server.files.errors import FileNotFound
from server.files.model import FileTree, Move, plan_move
from server.files.trees import TreeService
from server.kit.ids import uuid7


class FileService:
    """Where files are; what is in them is the business of `ContentService`."""

    def __init__(self, trees: TreeService, documents: DocumentService) -> None:
        self._trees, self._documents = trees, documents

    async def tree(self, project_id: str) -> FileTree:
        """The files of a project now."""
        return await self._trees.tree(project_id)

    async def make_folder(self, project_id: str, path: str, author: str) -> FileEntry:
        """Creates an empty folder; raises `PathTaken`."""
        async with self._trees.writing(project_id, author) as writer:
            writer.tree.require_free([path])
            entry = folder_entry(uuid7(), path)
            await writer.change(put=[entry])
        return entry

    async def move(self, project_id: str, source: str, target: str, author: str) -> list[Move]:
        """Gives a file, or a folder with everything in it, another path; raises what `plan_move` raises."""
        async with self._trees.writing(project_id, author) as writer:
            moves = plan_move(writer.tree, source, target)
            await writer.change(put=[move.moved for move in moves])
        return moves

    async def delete(self, project_id: str, path: str, author: str) -> list[FileEntry]:
        """Deletes a file, or a folder with everything in it, until `restore`; raises `FileNotFound`."""
        async with self._trees.writing(project_id, author) as writer:
            gone = writer.tree.under(path)
            await writer.change(trash=gone)
            for id in await self._document_ids(project_id, gone):
                await self._documents.delete(id, author=author)
        return gone

    async def restore(self, project_id: str, ids: Collection[str], author: str) -> list[FileEntry]:
        """Brings deleted files back to where they were, all or none; folders that exist again are left out.

        Raises `FileNotFound` for an id that is not deleted, `PathTaken` when something else has a path now.
        """
        async with self._trees.writing(project_id, author) as writer:
            trash = writer.trash()
            if missing := [id for id in ids if id not in trash]:
                raise FileNotFound(f"There is no deleted file {missing[0]!r}.")
            back = writer.tree.without_known_folders(trash[id] for id in dict.fromkeys(ids))
            writer.tree.adding(back)
            for id in await self._document_ids(project_id, back):
                await self._documents.restore(id)
            await writer.change(put=back)
        return back

    async def _document_ids(self, project_id: str, entries: Iterable[FileEntry]) -> list[int]:
        texts = [entry for entry in entries if entry.kind == "text"]
        return [(await file_record(self._documents, project_id, entry)).id for entry in texts]
