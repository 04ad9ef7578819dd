"""Paths of files inside a project."""

from __future__ import annotations

from collections.abc import Iterator

from crdt_docs.errors import BadName
from crdt_docs.names import MAX_NAME_BYTES, normalise_path
from server.files.errors import InvalidPath

MAX_PATH_BYTES = MAX_NAME_BYTES - len("/files/") - 63
"""A file can always be opened as a document, whatever slug of up to 63 letters its project gets."""


def clean_path(raw: str) -> str:
    """The canonical form of a path; raises `InvalidPath` for what cannot name a file."""
    try:
        path = normalise_path(raw)
    except BadName as error:
        raise InvalidPath(error.detail) from error
    size = len(path.encode())
    if size > MAX_PATH_BYTES:
        raise InvalidPath(f"A path has at most {MAX_PATH_BYTES} bytes; this one has {size}.")
    return path


def parents(path: str) -> Iterator[str]:
    """The folders that a path lies in, nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def base_name(path: str) -> str:
    """The last segment of a path."""
    return path.rpartition("/")[2]
