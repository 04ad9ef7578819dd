from __future__ import annotations

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt_docs.shapes.tree import FileEntry, FileKind
from server.files.errors import FileNotFound, InvalidPath, IsFolder, MoveIntoItself, PathTaken
from server.files.model import FileTree, Precondition, plan_move
from server.files.paths import MAX_PATH_BYTES, parents


def entry(path: str, kind: FileKind = "text") -> FileEntry:
    return FileEntry(f"id:{path}", path, kind)


def tree(*paths: str) -> FileTree:
    """A tree of these paths; one that ends with '/' is a folder entry."""
    return FileTree(entry(path.removesuffix("/"), "directory" if path.endswith("/") else "text") for path in paths)


def paths(entries: list[FileEntry]) -> list[str]:
    return [found.path for found in entries]


def test_a_folder_holds_what_lies_below_it_and_nothing_beside() -> None:
    """`under` tells a folder from names that merely begin like it."""
    files = tree("a/", "a/x", "a/b/y", "a-b", "a.txt", "ab/z", "b")
    assert paths(files.under("a")) == ["a", "a/b/y", "a/x"]
    assert paths(files.under("ab")) == ["ab/z"]
    assert paths(files.under("b")) == ["b"]
    with pytest.raises(FileNotFound):
        files.under("c")


def test_a_page_goes_on_after_the_last_path() -> None:
    """Pages put together are the whole tree in order."""
    files = tree("b", "a/", "a/x", "c")
    first = files.page(None, 2)
    assert paths(first) == ["a", "a/x"]
    assert paths(files.page(first[-1].path, 10)) == ["b", "c"]


def test_only_a_file_has_content() -> None:
    """A folder, with an entry or implied by what is in it, is told apart from a missing file."""
    files = tree("a/", "b/x")
    for folder in ("a", "b"):
        with pytest.raises(IsFolder):
            files.file(folder)
    with pytest.raises(FileNotFound):
        files.file("c")
    assert files.file("b/x").path == "b/x"


@pytest.mark.parametrize("taken", ["a", "a/b", "a/b/c", "a/b/c/d", "e"])
def test_a_path_is_taken_by_files_folders_and_files_above(taken: str) -> None:
    """Neither two things at one path nor something inside of a file."""
    with pytest.raises(PathTaken):
        tree("a/b/c", "e/").require_free([taken])


def test_new_entries_must_not_collide_with_each_other() -> None:
    """Entries that fit the tree but not each other are refused."""
    with pytest.raises(PathTaken):
        tree().adding([entry("a"), entry("a/b")])
    with pytest.raises(PathTaken):
        tree().adding([entry("a"), FileEntry("other", "a")])
    assert len(tree("x").adding([entry("a/b"), entry("a/c")])) == 3


def test_moving_a_folder_moves_everything_below_it() -> None:
    """The folder's entry and all that lies in it get the new beginning, ids stay."""
    moves = plan_move(tree("src/", "src/a", "src/b/c", "srcs").under("src"), "src", "lib/src")
    assert [(move.entry.path, move.to) for move in moves] == [
        ("src", "lib/src"),
        ("src/a", "lib/src/a"),
        ("src/b/c", "lib/src/b/c"),
    ]
    assert [move.moved.id for move in moves] == ["id:src", "id:src/a", "id:src/b/c"]


def test_a_move_is_refused_when_it_cannot_be() -> None:
    """Into itself, or to too long a path."""
    moving = tree("a/x", "b").under("a")
    with pytest.raises(MoveIntoItself):
        plan_move(moving, "a", "a/y")
    with pytest.raises(InvalidPath):
        plan_move(moving, "a", "y" * MAX_PATH_BYTES)


def test_what_is_not_there_is_not_under_anything() -> None:
    """A path that names neither a file nor a folder is not found."""
    with pytest.raises(FileNotFound):
        tree("a/x", "b").under("c")


def test_moving_to_where_it_is_changes_nothing() -> None:
    """A move to the same path is no change and no error."""
    assert plan_move(tree("a").under("a"), "a", "a") == []


SEGMENT = st.text(alphabet=ascii_lowercase[:3], min_size=1, max_size=2)
PATHS = st.lists(st.lists(SEGMENT, min_size=1, max_size=3).map("/".join), max_size=12)
PATH = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)


@given(PATHS, PATH, PATH)
def test_no_sequence_of_moves_gives_two_files_one_path(created: list[str], source: str, target: str) -> None:
    """After any accepted creation and move: unique paths, no file inside of a file, nothing lost."""
    files = FileTree([])
    for path in created:
        try:
            files = files.adding([entry(path)])
        except PathTaken:
            continue
    try:
        moving = files.under(source)
        moves = plan_move(moving, source, target)
        files.changed(gone=moving).require_free([move.to for move in moves])
    except (FileNotFound, MoveIntoItself, PathTaken):
        moves = []
    moved = files.changed(put=[move.moved for move in moves])
    assert len(moved) == len(files)
    assert {found.id for found in moved} == {found.id for found in files}
    everything = {found.path for found in moved}
    assert not any(parent in everything for path in everything for parent in parents(path))


def test_a_precondition_admits_what_it_names() -> None:
    """Absent, any and a set of versions."""
    assert Precondition(absent=True).admits(None)
    assert not Precondition(absent=True).admits("v1")
    assert Precondition(anything=True).admits("v1")
    assert not Precondition(anything=True).admits(None)
    some = Precondition(hashes=frozenset({"v1", "v2"}))
    assert some.admits("v2")
    assert not some.admits("v3")
    assert not some.admits(None)
    assert some.base is None
    assert Precondition(hashes=frozenset({"v1"})).base == "v1"
