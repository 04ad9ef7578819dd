"""The shape of a file."""

from __future__ import annotations

from crdt_docs.document import Document
from crdt_docs.shapes.file import content_hash, read_text
from crdt_docs.text_edits import replace_text


def test_a_file_is_the_text_content() -> None:
    """A file's text is the root Y.Text `content`; an empty document is an empty file."""
    document = Document()
    assert read_text(document) == ""
    document.edit(lambda doc: replace_text(doc, "héllo\n"))
    assert read_text(document) == str(document.raw["content"]) == "héllo\n"


def test_content_hash_covers_the_text() -> None:
    """Two contents under the same ids, which a client id used twice makes, have two hashes."""
    documents = [Document(), Document()]
    for document, letter in zip(documents, (b"a", b"b"), strict=True):
        document.apply([b"\x01\x01\x05\x00\x04\x01\x07content\x01" + letter + b"\x00"])
    one, other = documents
    assert one.content_hash() == other.content_hash()
    assert content_hash(one) != content_hash(other)
