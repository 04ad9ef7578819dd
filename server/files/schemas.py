"""JSON of the file routes."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from crdt_docs.shapes.tree import FileEntry
from server.files.model import Move, Written


class Body(BaseModel):
    """A request's body: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class FileItem(BaseModel):
    """A file or folder; `size` (bytes) and `blob` (SHA-256 in hex) are those of a binary file."""

    id: str
    path: str
    kind: str
    eol: str
    mode: int
    size: int | None = None
    blob: str | None = None

    @classmethod
    def of(cls, entry: FileEntry) -> FileItem:
        return cls.model_validate(entry, from_attributes=True)


class WrittenItem(FileItem):
    """A file after a write; `eol_normalised` says that mixed line endings became one kind."""

    version: str
    eol_normalised: bool

    @classmethod
    def of_write(cls, written: Written) -> WrittenItem:
        item = FileItem.of(written.entry)
        return cls(**item.model_dump(), version=written.version, eol_normalised=written.eol_normalised)


class PathBody(Body):
    """A path in the project."""

    path: str


class MoveBody(Body):
    """The path of a file or folder, and the one it gets."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")


class MovedItem(BaseModel):
    """One entry that moved."""

    id: str
    source: str = Field(serialization_alias="from")
    target: str = Field(serialization_alias="to")

    @classmethod
    def of(cls, move: Move) -> MovedItem:
        return cls(id=move.entry.id, source=move.entry.path, target=move.to)


class Moved(BaseModel):
    """All entries that moved."""

    moved: list[MovedItem]


class EntryRef(BaseModel):
    """An entry by id, and where it is or was."""

    id: str
    path: str


class Deleted(BaseModel):
    """All entries that were deleted; `files:restore` takes their ids."""

    deleted: list[EntryRef]


class IdsBody(Body):
    """Ids of deleted entries."""

    ids: list[str] = Field(min_length=1, max_length=10_000)


class Restored(BaseModel):
    """All entries that are back."""

    restored: list[FileItem]


class SkippedItem(BaseModel):
    """A path of an archive that was left out."""

    path: str
    reason: str


class ImportResult(BaseModel):
    """How many files and folders an archive brought."""

    imported: int
    skipped: list[SkippedItem]


class DocumentItem(BaseModel):
    """A document; `seq` is the number of its newest log row."""

    name: str
    id: int
    kind: str
    epoch: int
    seq: int
    created_at: datetime
    updated_at: datetime


class DocumentDetail(DocumentItem):
    """A document, its size in bytes when encoded, and whether the caller may change it."""

    bytes: int
    writable: bool


class Stored(BaseModel):
    """The log row of an update that is durable now."""

    seq: int
