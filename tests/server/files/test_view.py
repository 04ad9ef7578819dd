"""The files of a project for somebody who may not read all of them."""

from __future__ import annotations

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt_docs.shapes.tree import FileEntry
from server.files.errors import FileNotFound, IsFolder
from server.files.model import FileIndex, FileTree
from server.files.view import VisibleFiles
from tests.support.rights import capabilities

ALL = "allow read file/**"


def tree(*paths: str) -> FileTree:
    """Texts, and folders whose paths end with a slash."""
    return FileTree(
        FileEntry(path, path.removesuffix("/"), "directory" if path.endswith("/") else "text") for path in paths
    )


def seen(files: FileTree, *rules: str) -> VisibleFiles:
    return VisibleFiles(files, capabilities(*rules))


def paths(files: FileIndex) -> list[str]:
    return [entry.path for entry in files]


PROJECT = tree("a", "src/", "src/main", "src/lib/x", "secret/", "secret/key", "void/")


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ([ALL], ["a", "secret", "secret/key", "src", "src/lib/x", "src/main", "void"]),
        ([ALL, "deny read file/secret/**"], ["a", "src", "src/lib/x", "src/main", "void"]),
        ([ALL, "deny read file/secret/key"], ["a", "src", "src/lib/x", "src/main", "void"]),
        ([ALL, "deny read file/void/later"], ["a", "secret", "secret/key", "src", "src/lib/x", "src/main"]),
        (["allow read file/src/**"], ["src", "src/lib/x", "src/main"]),
        (["allow read file/src/lib/x"], ["src", "src/lib/x"]),
        (["allow write file/a"], ["a"]),
        (["allow read file/void"], []),
        (["allow read doc/x"], []),
    ],
)
def test_what_may_not_be_read_is_not_there(rules: list[str], shown: list[str]) -> None:
    """Files one by one; a folder is there when something readable lies in it, or might without being hidden."""
    assert paths(seen(PROJECT, *rules)) == shown


def test_a_folder_of_hidden_files_is_no_folder() -> None:
    """Neither an entry of its own nor what lies in it gives away that there is one."""
    files = seen(tree("secret/", "secret/key", "deep/er/key", "a"), ALL, "deny read file/*/**/key")
    for path in ("secret", "secret/key", "deep", "deep/er", "deep/er/key", "none"):
        assert not files.is_folder(path)
        with pytest.raises(FileNotFound) as missing:
            files.file(path)
        assert missing.value.detail == f"There is no file {path!r}."
        with pytest.raises(FileNotFound) as nothing:
            files.under(path)
        assert nothing.value.detail == f"There is no file or folder {path!r}."


def test_a_folder_that_one_sees_in_part() -> None:
    """It is a folder, and under it is what one sees."""
    files = seen(PROJECT, "allow read file/src/main")
    with pytest.raises(IsFolder):
        files.file("src")
    assert [entry.path for entry in files.under("src")] == ["src", "src/main"]
    assert files.file("src/main").path == "src/main"


def test_pages_are_full() -> None:
    """What is left out leaves no gap: a page has as many entries as were asked for."""
    files = seen(tree(*(f"{name}{number}" for number in range(10) for name in "ab")), "allow read file/b*")
    first = files.page(None, 4)
    assert [entry.path for entry in first] == ["b0", "b1", "b2", "b3"]
    assert [entry.path for entry in files.page("b3", 100)] == ["b4", "b5", "b6", "b7", "b8", "b9"]


SEGMENT = st.text(alphabet=ascii_lowercase[:3], min_size=1, max_size=1)
PATH = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
GLOB = st.lists(st.sampled_from(["a", "b", "c", "*", "**"]), min_size=1, max_size=3).map("/".join)
RULE = st.builds("{} read file/{}".format, st.sampled_from(["allow", "deny"]), GLOB)


@given(st.sets(PATH, max_size=12), st.lists(RULE, max_size=5), PATH)
def test_it_is_the_tree_without_the_rest(files: set[str], rules: list[str], path: str) -> None:
    """Every question is answered as by a tree that has the readable files only."""
    whole = tree(*(each for each in files if not any(other.startswith(f"{each}/") for other in files)))
    can = capabilities(*rules)
    readable = FileTree(entry for entry in whole if can.allows("read", f"file/{entry.path}"))
    files_seen = VisibleFiles(whole, can)
    assert paths(files_seen) == paths(readable)
    assert files_seen.is_folder(path) == readable.is_folder(path)
    assert files_seen.get(path) == readable.get(path)
    assert list(files_seen.below(path)) == list(readable.below(path))
    assert files_seen.page(path, 3) == readable.page(path, 3)
