"""Whole projects in and out as ZIP archives."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from zipfile import ZipFile

from crdt_docs.shapes.tree import FileEntry
from server.access import Action
from server.blobs import BlobStore, Upload
from server.documents import DocumentRecord, DocumentService
from server.files.archive import (
    ArchiveLimits,
    Member,
    Packed,
    members,
    open_archive,
    pack,
    without_noise,
    without_top_folder,
)
from server.files.content import ContentService
from server.files.entries import binary_entry, document_key, folder_entry, initial_update, text_entry
from server.files.gate import Visit
from server.files.paths import clean_path, parents
from server.files.text import decode_text
from server.files.trees import TreeService
from server.kit.errors import NotFound
from server.kit.ids import uuid7

BATCH_BYTES = 8 << 20
BATCH_FILES = 500


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought, and what it left out: path → reason."""

    entries: list[FileEntry]
    skipped: dict[str, str]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file out of an archive; `update` is the first one of its document if it is a text with something in it."""

    entry: FileEntry
    update: bytes | None = None


class ArchiveService:
    """Imports and exports the files of projects."""

    def __init__(
        self,
        trees: TreeService,
        contents: ContentService,
        documents: DocumentService,
        blobs: BlobStore,
        limits: ArchiveLimits,
        *,
        text_bytes: int,
    ) -> None:
        """Files of more than `text_bytes` are binary whatever is in them."""
        self._trees, self._contents, self._documents, self._blobs = trees, contents, documents, blobs
        self.limits = limits
        self._text_bytes = text_bytes

    async def load(self, visit: Visit, upload: Upload, *, into: str | None = None, strip: bool = False) -> Imported:
        """Imports a ZIP into the folder `into`; with `strip` without the one folder that everything lies in.

        Nobody sees any of it before all of it is there. Nothing that exists is overwritten.
        Raises `ArchiveRefused`, `ArchiveTooLarge`, `PathTaken`, `InvalidPath`, and what `Visit.require_paths` raises.
        """
        project_id, author = visit.project.id, visit.principal.id
        with ExitStack() as stack:
            archive = await asyncio.to_thread(stack.enter_context, open_archive(upload.path))
            found, skipped = without_noise(await asyncio.to_thread(members, archive, upload.size, self.limits))
            wanted = _placed(without_top_folder(found) if strip else found, into)
            await visit.require_paths(Action.WRITE, (member.path for member in wanted))
            (await self._trees.tree(project_id)).require_free(member.path for member in wanted if not member.is_folder)
            entries = await self._unpack(project_id, archive, wanted, author)
        async with self._trees.writing(project_id, author) as writer:
            new = writer.tree.without_known_folders(entries)
            writer.tree.adding(new)
            await writer.change(put=new)
        return Imported(new, skipped)

    async def export(self, visit: Visit) -> AsyncIterator[bytes]:
        """A ZIP of all files that the visitor may read, byte for byte as `PUT` or an import brought them, in pieces."""
        tree = await self._trees.tree(visit.project.id)
        return pack(self._packed(visit.project.id, visit.files(tree)))

    async def _unpack(self, project_id: str, archive: ZipFile, wanted: list[Member], author: str) -> list[FileEntry]:
        """Stores everything but the tree: until that names the new documents nobody can open them."""
        entries: list[FileEntry] = []
        created: list[DocumentRecord] = []
        try:
            for batch in _batches(wanted):
                unpacked = await asyncio.to_thread(self._read_batch, archive, batch)
                texts = [(document_key(file.entry), file.update) for file in unpacked if file.entry.kind == "text"]
                created += await self._documents.create_many(project_id, texts, author=author)
                entries += [file.entry for file in unpacked]
        except BaseException:  # whatever ends the import, also a shutdown
            for record in created:
                await self._documents.purge(record.id)
            raise
        return entries

    def _read_batch(self, archive: ZipFile, batch: list[Member]) -> list[Unpacked]:
        return [self._read(archive, member) for member in batch]

    def _read(self, archive: ZipFile, member: Member) -> Unpacked:
        if member.is_folder:
            return Unpacked(folder_entry(uuid7(), member.path))
        with archive.open(member.info) as source:
            if member.info.file_size > self._text_bytes:
                return Unpacked(binary_entry(uuid7(), member.path, self._blobs.put_file(source), member.mode))
            data = source.read()
        text = decode_text(data)
        if text is None:
            return Unpacked(binary_entry(uuid7(), member.path, self._blobs.put_file(io.BytesIO(data)), member.mode))
        return Unpacked(text_entry(uuid7(), member.path, text, member.mode), initial_update(text.text))

    async def _packed(self, project_id: str, entries: Iterable[FileEntry]) -> AsyncIterator[Packed]:
        for entry in entries:
            try:
                yield Packed(entry.path, entry.mode, await self._chunks(project_id, entry))
            except NotFound:  # deleted since the listing
                continue

    async def _chunks(self, project_id: str, entry: FileEntry) -> AsyncIterator[bytes] | None:
        if entry.kind == "directory":
            return None
        content = await self._contents.content(project_id, entry)
        return self._blobs.open(content.version) if content.data is None else _one(content.data)


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _placed(found: list[Member], into: str | None) -> list[Member]:
    """Only empty folders need an entry, a file brings its own; `into` is the folder that everything goes to."""
    full = {folder for member in found for folder in parents(member.path)}
    wanted = [member for member in found if not (member.is_folder and member.path in full)]
    return [replace(member, path=clean_path(f"{into}/{member.path}")) for member in wanted] if into else wanted


def _batches(found: Iterable[Member]) -> Iterator[list[Member]]:
    """Runs of members that fit in memory together."""
    batch: list[Member] = []
    size = 0
    for member in found:
        if batch and (size + member.info.file_size > BATCH_BYTES or len(batch) == BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(member)
        size += member.info.file_size
    if batch:
        yield batch
