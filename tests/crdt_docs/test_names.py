"""Document names and paths: one canonical form, or a refusal."""

from __future__ import annotations

import pytest

from crdt_docs.errors import BadName
from crdt_docs.names import DocumentName, Kind, normalise_path


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("acme/files/README.md", ("acme", Kind.FILES, "README.md")),
        ("acme/files/src/deep/main.py", ("acme", Kind.FILES, "src/deep/main.py")),
        ("acme/tree", ("acme", Kind.TREE, "")),
        ("acme/live", ("acme", Kind.LIVE, "")),
        ("a-1/docs/board", ("a-1", Kind.DOCS, "board")),
    ],
)
def test_names_have_three_parts(raw: str, expected: tuple[str, Kind, str]) -> None:
    """A name is project, kind and id, and prints as it was."""
    name = DocumentName.parse(raw)
    assert (name.project, name.kind, name.id) == expected
    assert str(name) == raw


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "name.length"),
        ("a" * 513, "name.length"),
        ("acme", "name.kind"),
        ("acme/unknown/x", "name.kind"),
        ("ACME/files/x", "name.kind"),
        ("acme/files", "name.id"),
        ("acme/tree/x", "name.id"),
        ("/acme/files/x", "name.segment"),
        ("acme/files/../x", "name.segment"),
        ("acme/files/./x", "name.segment"),
        ("acme/files//x", "name.segment"),
        ("acme/files/x/", "name.segment"),
        ("acme/files/a\\b", "name.backslash"),
        ("acme/files/a\0b", "name.control_character"),
        ("acme/files/a\nb", "name.control_character"),
        ("acme/files/\ud800", "name.encoding"),
    ],
)
def test_bad_names_are_refused(raw: str, code: str) -> None:
    """A name that could mean two things, or another place, is refused with its rule."""
    with pytest.raises(BadName) as caught:
        DocumentName.parse(raw)
    assert caught.value.code == code


def test_paths_are_composed() -> None:
    """Two spellings of the same characters are the same path (NFC)."""
    assert normalise_path("cafe\u0301.md") == normalise_path("caf\u00e9.md") == "caf\u00e9.md"


def test_foreign_names_fall_into_the_default_project() -> None:
    """With a default project, another server's room names keep working; known names keep their meaning."""
    assert str(DocumentName.parse("my-room", default_project="main")) == "main/docs/my-room"
    assert str(DocumentName.parse("a/b/c", default_project="main")) == "main/docs/a/b/c"
    assert str(DocumentName.parse("acme/files/x", default_project="main")) == "acme/files/x"
