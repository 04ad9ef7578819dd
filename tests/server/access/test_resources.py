from __future__ import annotations

import pytest

from crdt_docs.names import DocumentName
from server.access import file_resource, resource_of


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("acme/files/src/a.py", "file/src/a.py"),
        ("acme/docs/notes/today", "doc/notes/today"),
        ("acme/chat/main", "chat/main"),
        ("acme/tree", "tree"),
        ("acme/live", "live"),
    ],
)
def test_a_document_is_a_resource(name: str, resource: str) -> None:
    """Every kind of document has its name in the policy."""
    assert resource_of(DocumentName.parse(name)) == resource


def test_a_file_is_called_the_same_by_its_path() -> None:
    """A file's path and its document's name lead to the same resource."""
    assert file_resource("src/a.py") == resource_of(DocumentName.parse("acme/files/src/a.py"))
