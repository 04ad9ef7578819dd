"""The files of a project at one moment, and what may be done with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from crdt_docs.shapes.tree import FileEntry
from server.files.errors import FileNotFound, IsFolder, MoveIntoItself, PathTaken
from server.files.paths import clean_path, parents


class FileIndex(ABC):
    """Files and folders by path: what can be asked, whoever asks.

    A folder exists when it has an entry of its own or when something lies in it, as in git.
    """

    @abstractmethod
    def get(self, path: str) -> FileEntry | None:
        """The entry with exactly this path."""

    @abstractmethod
    def below(self, folder: str) -> Iterator[FileEntry]:
        """Everything that lies in `folder`, at any depth, in order of path."""

    @abstractmethod
    def following(self, path: str | None) -> Iterator[FileEntry]:
        """All entries in order of path, from the first one after `path`."""

    def __iter__(self) -> Iterator[FileEntry]:
        return self.following(None)

    def is_folder(self, path: str) -> bool:
        """Whether `path` is a folder."""
        entry = self.get(path)
        return any(True for _ in self.below(path)) if entry is None else entry.kind == "directory"

    def file(self, path: str) -> FileEntry:
        """The file with exactly this path; raises `FileNotFound` and `IsFolder`."""
        if self.is_folder(path):
            raise IsFolder(f"{path!r} is a folder; only a file has content.")
        entry = self.get(path)
        if entry is None:
            raise FileNotFound(f"There is no file {path!r}.")
        return entry

    def under(self, path: str) -> list[FileEntry]:
        """The entry itself and everything below it; raises `FileNotFound` when there is neither."""
        entry = self.get(path)
        found = [*([entry] if entry else []), *self.below(path)]
        if not found:
            raise no_such(path)
        return found

    def page(self, after: str | None, limit: int) -> list[FileEntry]:
        """At most `limit` entries in order of path, from the first one after the path `after`."""
        return list(islice(self.following(after), limit))


class FileTree(FileIndex):
    """An index over a project's entries; it never changes."""

    def __init__(self, entries: Iterable[FileEntry]) -> None:
        self._by_path = {entry.path: entry for entry in entries}
        self._paths = sorted(self._by_path)

    def __len__(self) -> int:
        return len(self._paths)

    def get(self, path: str) -> FileEntry | None:
        return self._by_path.get(path)

    def below(self, folder: str) -> Iterator[FileEntry]:
        return (self._by_path[path] for path in self._inside(folder))

    def following(self, path: str | None) -> Iterator[FileEntry]:
        start = 0 if path is None else bisect_right(self._paths, path)
        return (self._by_path[self._paths[place]] for place in range(start, len(self._paths)))

    def with_id(self, id: str) -> FileEntry | None:
        """The entry with this id, wherever it is now."""
        return self._by_id.get(id)

    @cached_property
    def _by_id(self) -> dict[str, FileEntry]:
        return {entry.id: entry for entry in self._by_path.values()}

    def without_known_folders(self, entries: Iterable[FileEntry]) -> list[FileEntry]:
        """`entries` without the folders that are here already."""
        return [entry for entry in entries if not (entry.kind == "directory" and self.is_folder(entry.path))]

    def require_free(self, paths: Iterable[str]) -> None:
        """Raises `PathTaken` for paths that exist, as file or folder, or lie inside of a file."""
        taken = [path for path in paths if self._is_taken(path)]
        if taken:
            raise PathTaken(taken)

    def changed(self, *, put: Collection[FileEntry] = (), gone: Collection[FileEntry] = ()) -> FileTree:
        """The tree without `gone`, and with `put` instead of what had their ids."""
        ids = {entry.id for entry in (*put, *gone)}
        return FileTree([*(entry for entry in self._by_path.values() if entry.id not in ids), *put])

    def adding(self, new: Collection[FileEntry]) -> FileTree:
        """The tree with new entries; raises `PathTaken` when they collide with it or with each other."""
        self.require_free(entry.path for entry in new)
        tree = self.changed(put=new)
        taken = [entry.path for entry in new if tree.get(entry.path) is not entry or tree._lies_in_file(entry.path)]
        if taken:
            raise PathTaken(taken)
        return tree

    def _is_taken(self, path: str) -> bool:
        return path in self._by_path or bool(self._inside(path)) or self._lies_in_file(path)

    def _lies_in_file(self, path: str) -> bool:
        above = (self.get(parent) for parent in parents(path))
        return any(entry is not None and entry.kind != "directory" for entry in above)

    def _inside(self, folder: str) -> list[str]:
        # "0" is the character after "/": what lies in a folder is one run of the sorted paths.
        return self._paths[bisect_left(self._paths, folder + "/") : bisect_left(self._paths, folder + "0")]


def no_such(path: str) -> FileNotFound:
    """The same words for what does not exist and for what somebody may not read."""
    return FileNotFound(f"There is no file or folder {path!r}.")


@dataclass(frozen=True, slots=True)
class Move:
    """An entry before and after it got another path."""

    entry: FileEntry
    to: str

    @property
    def moved(self) -> FileEntry:
        return replace(self.entry, path=self.to)


def plan_move(moving: Collection[FileEntry], source: str, target: str) -> list[Move]:
    """What changes when `source` becomes `target`; nothing when it is there already.

    `moving` is the file, or the folder and what goes with it. Raises `MoveIntoItself` and `InvalidPath` (something
    inside gets too long a path).
    """
    if target == source:
        return []
    if target.startswith(source + "/"):
        raise MoveIntoItself(f"{source!r} cannot be moved to {target!r}, which lies inside of it.")
    return [Move(entry, clean_path(target + entry.path.removeprefix(source))) for entry in moving]


@dataclass(frozen=True, slots=True)
class Precondition:
    """Which state of a file a write may replace: none, any, or one of some version hashes."""

    hashes: frozenset[str] = frozenset()
    absent: bool = False
    anything: bool = False

    def admits(self, current: str | None) -> bool:
        """Whether a file with the version hash `current` (None: no file) may be replaced."""
        if current is None:
            return self.absent
        return self.anything or current in self.hashes

    @property
    def base(self) -> str | None:
        """The one version that the writer knew, if it named one."""
        return next(iter(self.hashes)) if len(self.hashes) == 1 else None


@dataclass(frozen=True, slots=True)
class Written:
    """A file after a write."""

    entry: FileEntry
    version: str
    created: bool
    eol_normalised: bool = False
