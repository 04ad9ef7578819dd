"""The file trees of projects: one document each is the record of which files exist.

Every change of a tree goes through here, one at a time per project, so that two files never get one path.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import pycrdt

from crdt_docs.shapes.tree import FileEntry, put_entry, read_tree, remove_entry
from server.access import SERVER
from server.documents import DocumentService
from server.files.ensure import ensure_document
from server.files.model import FileTree
from server.files.trash import put_in_trash, read_trash, take_from_trash
from server.rooms import Room, RoomRegistry

TREE_KEY = "tree"


class TreeService:
    """Reads and changes the trees; a project's tree document is created when somebody first needs it."""

    def __init__(self, documents: DocumentService, rooms: RoomRegistry) -> None:
        self._documents, self._rooms = documents, rooms
        self._document_ids: dict[str, int] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._indexes: WeakKeyDictionary[Room, tuple[int, FileTree]] = WeakKeyDictionary()

    async def tree(self, project_id: str) -> FileTree:
        """The files of a project now."""
        async with self._room(project_id) as room:
            return self._index(room)

    @asynccontextmanager
    async def writing(self, project_id: str, author: str) -> AsyncIterator[TreeWriter]:
        """Inside the block nobody else changes this project's tree."""
        lock = self._locks.setdefault(project_id, asyncio.Lock())
        async with lock, self._room(project_id) as room:
            writer = TreeWriter(room, self._index(room), author)
            version = room.mark()[0]
            yield writer
            # Reading 10,000 entries back costs far more than keeping the index that the writer made.
            if room.mark()[0] == version + writer.changes:
                self._indexes[room] = version + writer.changes, writer.tree

    @asynccontextmanager
    async def _room(self, project_id: str) -> AsyncIterator[Room]:
        document_id = self._document_ids.get(project_id)
        if document_id is None:
            document_id = (await ensure_document(self._documents, project_id, TREE_KEY, SERVER.id)).id
            self._document_ids[project_id] = document_id
        async with self._rooms.hold(document_id) as room:
            yield room

    def _index(self, room: Room) -> FileTree:
        """Built once per version of the room; a reloaded document is another room."""
        version, _clocks = room.mark()
        known, index = self._indexes.get(room, (-1, None))
        if index is None or known != version:
            index = FileTree(read_tree(room.document().raw).values())
            self._indexes[room] = version, index
        return index


class TreeWriter:
    """A tree in the hands of the one who may change it now."""

    def __init__(self, room: Room, tree: FileTree, author: str) -> None:
        self.tree = tree
        self.author = author
        self.changes = 0
        self._room = room

    def trash(self) -> dict[str, FileEntry]:
        """Deleted entries by id."""
        return read_trash(self._room.document().raw)

    async def change(self, *, put: Collection[FileEntry] = (), trash: Collection[FileEntry] = ()) -> None:
        """Adds, replaces or restores `put` and deletes `trash` in one edit; returns when that is durable and sent."""

        def edit(doc: pycrdt.Doc[Any]) -> None:
            for entry in trash:
                remove_entry(doc, entry.id)
                put_in_trash(doc, entry)
            for entry in put:
                put_entry(doc, entry)
                take_from_trash(doc, entry.id)

        await self._room.edit(self.author, edit)
        self.changes += 1
        self.tree = self.tree.changed(put=put, gone=trash)
