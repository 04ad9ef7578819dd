"""The shape of a project's file tree: the record of which files exist, written by the server alone.

Root Y.Map `files`: file id → Y.Map of the fields of `FileEntry`. Renaming a file changes its `path` and nothing else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

import pycrdt

from crdt_docs.shapes.maps import field, malformed, put_record, read_records, remove_record

FILES = "files"

FileKind = Literal["text", "binary", "directory"]
LineEnding = Literal["lf", "crlf"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What is known of a file beside its text.

    `eol`, `encoding` and `bom` say how the text is written to disk; `mode` is POSIX permission bits; `blob` (SHA-256
    in hex) and `size` (bytes) belong to binary files only.
    """

    id: str
    path: str
    kind: FileKind = "text"
    eol: LineEnding = "lf"
    encoding: str = "utf-8"
    bom: bool = False
    mode: int = 0o644
    blob: str | None = None
    size: int | None = None


def read_tree(doc: pycrdt.Doc[Any]) -> dict[str, FileEntry]:
    """All entries by file id; raises `DocumentPoisoned`, naming the id, for one that the server cannot have written."""
    return {id: _entry(id, record) for id, record in read_records(doc, FILES).items()}


def put_entry(doc: pycrdt.Doc[Any], entry: FileEntry) -> None:
    """Adds the entry or changes the one with its id; writes only fields that differ."""
    fields = {key: value for key, value in asdict(entry).items() if key != "id" and value is not None}
    put_record(doc, FILES, entry.id, fields)


def remove_entry(doc: pycrdt.Doc[Any], id: str) -> None:
    """Removes the entry, if there is one."""
    remove_record(doc, FILES, id)


def _entry(id: str, record: dict[str, Any]) -> FileEntry:
    return FileEntry(
        id=id,
        path=field(FILES, id, record, "path", str),
        kind=cast(FileKind, _choice(id, record, "kind", get_args(FileKind))),
        eol=cast(LineEnding, _choice(id, record, "eol", get_args(LineEnding))),
        encoding=field(FILES, id, record, "encoding", str),
        bom=field(FILES, id, record, "bom", bool),
        mode=field(FILES, id, record, "mode", int),
        blob=field(FILES, id, record, "blob", str) if "blob" in record else None,
        size=field(FILES, id, record, "size", int) if "size" in record else None,
    )


def _choice(id: str, record: dict[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = field(FILES, id, record, key, str)
    if value not in allowed:
        raise malformed(FILES, id, f"{key!r} is {value!r}, not one of {', '.join(allowed)}")
    return value
