"""A project's files as one principal sees them: what they may not read is not there."""

from __future__ import annotations

from collections.abc import Iterator

from crdt_docs.shapes.tree import FileEntry
from server.access import Action, Capabilities, file_resource
from server.files.model import FileIndex, FileTree

ALL_FILES = file_resource("**")


class VisibleFiles(FileIndex):
    """Those files of a tree that somebody may read, and the folders that one of them lies in.

    An empty folder is there for those who may read everything that could lie in it: whether it is empty, or only full
    of what they may not see, is not to be told. Decided file by file as they are asked for.
    """

    def __init__(self, tree: FileTree, capabilities: Capabilities) -> None:
        self._tree, self._can = tree, capabilities
        self._sees_all = capabilities.covers(Action.READ, ALL_FILES)

    def get(self, path: str) -> FileEntry | None:
        entry = self._tree.get(path)
        return entry if entry is not None and self._sees(entry) else None

    def below(self, folder: str) -> Iterator[FileEntry]:
        return filter(self._sees, self._tree.below(folder))

    def following(self, path: str | None) -> Iterator[FileEntry]:
        return filter(self._sees, self._tree.following(path))

    def _sees(self, entry: FileEntry) -> bool:
        if self._sees_all or self._may_read(entry):
            return True
        return entry.kind == "directory" and any(map(self._may_read, self._tree.below(entry.path)))

    def _may_read(self, entry: FileEntry) -> bool:
        if entry.kind == "directory":
            return self._can.covers(Action.READ, file_resource(f"{entry.path}/**"))
        return self._can.allows(Action.READ, file_resource(entry.path))
