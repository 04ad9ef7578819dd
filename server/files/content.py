"""Reading and writing what is in files: texts are live documents, everything else is a blob."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pycrdt

from crdt_docs.shapes.file import CONTENT
from crdt_docs.shapes.tree import FileEntry
from crdt_docs.text_edits import apply_edits, minimal_edits, replace_text
from server.blobs import BlobStore, Upload
from server.documents import DocumentService
from server.files.entries import binary_entry, document_key, file_record, initial_update, text_entry
from server.files.errors import IsFolder, VersionMismatch
from server.files.gate import Visit
from server.files.model import Precondition, Written
from server.files.text import DecodedText, decode_text, encode_text, text_hash
from server.files.trees import TreeService, TreeWriter
from server.kit.ids import uuid7
from server.rooms import Room, RoomRegistry


@dataclass(frozen=True, slots=True)
class Content:
    """A file's content at one moment; `data` is None for a binary file, whose bytes are the blob `version`."""

    entry: FileEntry
    version: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Draft:
    """One write on its way: what shall be where, by whom, instead of what; `text` is None for binary content."""

    project_id: str
    path: str
    upload: Upload
    text: DecodedText | None
    version: str
    precondition: Precondition
    author: str

    def check(self, current: str | None) -> None:
        """Raises `VersionMismatch` unless the file with the version hash `current` may be replaced."""
        if not self.precondition.admits(current):
            raise VersionMismatch(base=self.precondition.base, ours=current, theirs=self.version)


class ContentService:
    """Contents of files; every write names the version that it replaces."""

    def __init__(
        self, trees: TreeService, documents: DocumentService, rooms: RoomRegistry, blobs: BlobStore, *, text_bytes: int
    ) -> None:
        """Files of more than `text_bytes` are binary whatever is in them."""
        self._trees, self._documents, self._rooms, self._blobs = trees, documents, rooms, blobs
        self._text_bytes = text_bytes

    async def read(self, visit: Visit, path: str) -> Content:
        """The content of the file at `path`; raises `FileNotFound` and `IsFolder`."""
        tree = await self._trees.tree(visit.project.id)
        return await self.content(visit.project.id, await visit.file(tree, path))

    async def content(self, project_id: str, entry: FileEntry) -> Content:
        """The content of a file of the tree; raises `NotFound` when it was deleted meanwhile."""
        if entry.blob is not None:
            return Content(entry, entry.blob, None)
        async with self._room(project_id, entry) as room:
            text = room.document().text()
        return Content(entry, text_hash(text), encode_text(text, entry.eol, bom=entry.bom))

    async def write(
        self, project_id: str, path: str, upload: Upload, precondition: Precondition, author: str
    ) -> Written:
        """Makes `upload` the content of `path` if the version there is one that `precondition` admits.

        A text is edited into its live document with as few changes as possible. When a text becomes binary, or the
        other way round, the file is deleted and created anew under the same path. Raises `VersionMismatch`,
        `PathTaken` (something above `path` is a file) and `IsFolder`.
        """
        text = (
            self._decode(upload) if isinstance(upload.content, bytes) else await asyncio.to_thread(self._decode, upload)
        )
        version = upload.sha256 if text is None else text_hash(text.text)
        draft = Draft(project_id, path, upload, text, version, precondition, author)
        tree = await self._trees.tree(project_id)
        if tree.is_folder(path):
            raise IsFolder(f"{path!r} is a folder; only a file has content.")
        entry = tree.get(path)
        if entry is not None and entry.kind == "text" and text is not None:
            return await self._edit(entry, draft, text)
        async with self._trees.writing(project_id, author) as writer:
            return await self._replace(draft, writer)

    async def _edit(self, entry: FileEntry, draft: Draft, text: DecodedText) -> Written:
        async with self._room(draft.project_id, entry) as room:
            old = room.document().text(CONTENT)
            draft.check(text_hash(old))
            # Comparing two texts with little in common takes seconds per MB: other rooms go on meanwhile.
            edits = await asyncio.to_thread(minimal_edits, old, text.text)

            def change(doc: pycrdt.Doc[Any]) -> None:
                current = str(doc.get(CONTENT, type=pycrdt.Text))
                draft.check(text_hash(current))
                if current == old:
                    apply_edits(doc.get(CONTENT, type=pycrdt.Text), old, edits)
                else:  # somebody typed meanwhile, and the write is admitted whatever is there
                    replace_text(doc, text.text)

            await room.edit(draft.author, change)
        written = replace(entry, eol=text.eol or entry.eol, bom=text.bom)
        if written != entry:
            async with self._trees.writing(draft.project_id, draft.author) as writer:
                if writer.tree.get(entry.path) == entry:
                    await writer.change(put=[written])
        return Written(written, draft.version, created=False, eol_normalised=text.eol_normalised)

    async def _replace(self, draft: Draft, writer: TreeWriter) -> Written:
        """Creates the file, gives it another blob, or changes what kind of file it is."""
        old = writer.tree.get(draft.path)
        draft.check(None if old is None else (await self.content(draft.project_id, old)).version)
        if old is None:
            writer.tree.require_free([draft.path])
        if old is not None and old.kind == "binary" and draft.text is None:
            new = replace(await self._store(old.id, draft), mode=old.mode)
            await writer.change(put=[new])
        else:
            new = await self._store(uuid7(), draft)
            await writer.change(put=[new], trash=[old] if old else [])
        if old is not None and old.kind == "text":
            await self._documents.delete(
                (await file_record(self._documents, draft.project_id, old)).id, author=draft.author
            )
        return Written(new, draft.version, old is None, draft.text is not None and draft.text.eol_normalised)

    async def _store(self, id: str, draft: Draft) -> FileEntry:
        if draft.text is None:
            return binary_entry(id, draft.path, await self._blobs.keep(draft.upload))
        entry = text_entry(id, draft.path, draft.text)
        initial = await asyncio.to_thread(initial_update, draft.text.text)
        await self._documents.create(draft.project_id, document_key(entry), author=draft.author, initial=initial)
        return entry

    def _decode(self, upload: Upload) -> DecodedText | None:
        return decode_text(upload.read()) if upload.size <= self._text_bytes else None

    @asynccontextmanager
    async def _room(self, project_id: str, entry: FileEntry) -> AsyncIterator[Room]:
        record = self._rooms.live(project_id, document_key(entry))
        if record is None:
            record = await file_record(self._documents, project_id, entry)
        async with self._rooms.hold(record.id) as room:
            yield room
