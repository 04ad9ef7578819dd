"""The shape of a project's file tree."""

from __future__ import annotations

from dataclasses import replace

import pycrdt
import pytest

from crdt_docs.document import Document
from crdt_docs.errors import DocumentPoisoned
from crdt_docs.shapes.tree import FILES, FileEntry, put_entry, read_tree, remove_entry

TEXT = FileEntry("0190-a", "src/main.py", eol="crlf", bom=True, mode=0o755)
BINARY = FileEntry("0190-b", "logo.png", kind="binary", blob="ab" * 32, size=2**40 + 1)
FOLDER = FileEntry("0190-c", "empty", kind="directory")


def tree(*entries: FileEntry) -> Document:
    document = Document()
    for entry in entries:
        document.edit(lambda doc, entry=entry: put_entry(doc, entry))
    return document


def test_entries_round_trip() -> None:
    """What was put is read, in types and values, also after the document travelled."""
    copy = Document()
    copy.apply([tree(TEXT, BINARY, FOLDER).state()])
    assert read_tree(copy.raw) == {entry.id: entry for entry in (TEXT, BINARY, FOLDER)}


def test_the_map_is_as_its_schema_says() -> None:
    """Other clients find the fields of docs/reference/shapes.md in the root map `files`."""
    assert tree(TEXT, BINARY).raw[FILES].to_py() == {
        "0190-a": {
            "path": "src/main.py", "kind": "text", "eol": "crlf", "encoding": "utf-8", "bom": True, "mode": 493
        },
        "0190-b": {
            "path": "logo.png", "kind": "binary", "eol": "lf", "encoding": "utf-8", "bom": False, "mode": 420,
            "blob": "ab" * 32, "size": 2**40 + 1,
        },
    }  # fmt: skip


def test_an_equal_entry_writes_nothing() -> None:
    """Putting what is there already makes no update."""
    document = tree(TEXT, BINARY)
    assert document.edit(lambda doc: (put_entry(doc, TEXT), put_entry(doc, BINARY)))[1] == b""


def test_a_rename_writes_the_path_alone() -> None:
    """Renaming changes one field; a field that no longer applies is removed."""
    document = tree(TEXT, BINARY)
    _, update = document.edit(lambda doc: put_entry(doc, replace(TEXT, path="src/app.py")))
    assert b"src/app.py" in update
    assert b"utf-8" not in update
    document.edit(lambda doc: put_entry(doc, FileEntry(BINARY.id, "logo.svg")))
    assert read_tree(document.raw)[BINARY.id] == FileEntry(BINARY.id, "logo.svg")


def test_removing() -> None:
    """A removed entry is gone; removing it again changes nothing."""
    document = tree(TEXT, FOLDER)
    document.edit(lambda doc: remove_entry(doc, TEXT.id))
    assert read_tree(document.raw) == {FOLDER.id: FOLDER}
    assert document.edit(lambda doc: remove_entry(doc, TEXT.id))[1] == b""


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("a string", "not a map"),
        ({"path": "a"}, "'kind' is None"),
        ({"path": 7, "kind": "text"}, "'path' is 7"),
        ({"path": "a", "kind": "socket"}, "'kind' is 'socket', not one of text, binary, directory"),
        ({"path": "a", "kind": "text", "eol": "lf", "encoding": "utf-8", "bom": False, "mode": 1.5}, "'mode' is 1.5"),
        ({"path": "a", "kind": "text", "eol": "lf", "encoding": "utf-8", "bom": 1, "mode": 1}, "'bom' is 1"),
    ],
)
def test_a_malformed_entry_poisons_the_document(record: object, reason: str) -> None:
    """An entry that the server cannot have written is told with its id and what is wrong with it."""
    document = tree(TEXT)
    value = pycrdt.Map(record) if isinstance(record, dict) else record
    document.edit(lambda doc: doc[FILES].update({"odd": value}))
    with pytest.raises(DocumentPoisoned, match="'odd' in 'files' is malformed") as error:
        read_tree(document.raw)
    assert reason in error.value.detail
