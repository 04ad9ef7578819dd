"""Deleted files in the tree document: root Y.Map `trash`, file id → JSON text of the entry.

In the same document as the tree, so that deleting and restoring are one edit each.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pycrdt

from crdt_docs.shapes.tree import FileEntry

TRASH = "trash"


def read_trash(doc: pycrdt.Doc[Any]) -> dict[str, FileEntry]:
    """Deleted entries by id."""
    trash = doc.get(TRASH, type=pycrdt.Map)
    return {id: FileEntry(**json.loads(trash[id])) for id in trash}


def put_in_trash(doc: pycrdt.Doc[Any], entry: FileEntry) -> None:
    """Remembers a deleted entry."""
    doc.get(TRASH, type=pycrdt.Map)[entry.id] = json.dumps(asdict(entry))


def take_from_trash(doc: pycrdt.Doc[Any], id: str) -> None:
    """Forgets a deleted entry, if there is one."""
    doc.get(TRASH, type=pycrdt.Map).pop(id, None)
