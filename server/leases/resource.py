"""What a lease is about: public names (`git:main`) and the paths on which leases conflict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, unquote

from crdt_docs.errors import BadName
from crdt_docs.names import normalise_path
from server.leases.errors import InvalidResource

EVERYTHING, PROJECT, ROLES = "x", "x/p", "role"
ROOTS = (ROLES, EVERYTHING)
BRANCHES = "refs/heads/"
OWN_REPOSITORY = "-"
WHOLE = "*"


class LockType(StrEnum):
    """Kinds of things that do not merge. A `ROLE` is the server's own: it is given, not asked for."""

    FILE = "file"
    GIT = "git"
    PROJECT = "project"
    DATABASE = "database"
    EXCLUSIVE = "exclusive"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing to lease, in one project.

    `id` is canonical: a file's or directory's path (`/` is all files), `[repository:]branch`, a database's name or a
    role's; `*` for `project` and `exclusive`, of which there is one each.
    """

    type: LockType
    id: str

    @classmethod
    def of(cls, lock_type: str, resource_id: str) -> Resource:
        """The resource with this public name, in its canonical form; raises `InvalidResource`."""
        if lock_type not in LockType.__members__.values() or lock_type == LockType.ROLE:
            known = ", ".join(kind for kind in LockType if kind is not LockType.ROLE)
            raise InvalidResource(f"A lock type is one of {known}.")
        kind = LockType(lock_type)
        return cls(kind, CANONICAL[kind](resource_id))

    @classmethod
    def role(cls, name: str) -> Resource:
        """A role among the sessions of a project, such as `primary`."""
        return cls(LockType.ROLE, name)

    @staticmethod
    @lru_cache(maxsize=4096)
    def at(path: str) -> Resource:
        """The resource with this path: the inverse of `path`."""
        for kind, below in BELOW.items():
            if path == below or path.startswith(below + "/"):
                return Resource(kind, _id(kind, [unquote(part) for part in path[len(below) + 1 :].split("/")]))
        return Resource(LockType.PROJECT if path == PROJECT else LockType.EXCLUSIVE, WHOLE)

    @property
    def path(self) -> str:
        """Where it is among the project's resources: percent-encoded components, joined by `/`."""
        return _path(self)

    @property
    def parts(self) -> list[str]:
        """The components of its path below its type's."""
        if self.type is LockType.FILE:
            return [] if self.id == "/" else self.id.split("/")
        if self.type is LockType.GIT:
            repository, _, branch = self.id.rpartition(":")
            return [part for part in (repository or OWN_REPOSITORY, branch) if part]
        return [self.id]

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


ALL = Resource(LockType.EXCLUSIVE, WHOLE)
"""Everything that may be asked for: all but roles."""

BELOW = {
    LockType.FILE: f"{PROJECT}/f",
    LockType.GIT: f"{PROJECT}/g",
    LockType.DATABASE: f"{PROJECT}/d",
    # Beside the rest, not below the project: somebody always has the role, and nobody could ever lease the project.
    LockType.ROLE: ROLES,
}


@lru_cache(maxsize=4096)
def _path(resource: Resource) -> str:
    if resource.type is LockType.EXCLUSIVE:
        return EVERYTHING
    if resource.type is LockType.PROJECT:
        return PROJECT
    return "/".join([BELOW[resource.type], *(quote(part, safe="") for part in resource.parts)])


def _id(kind: LockType, parts: list[str]) -> str:
    if kind is LockType.FILE:
        return "/".join(parts) or "/"
    if kind is LockType.GIT:
        repository, branch = parts[0], "".join(parts[1:])
        return branch if repository == OWN_REPOSITORY else f"{repository}:{branch}"
    return "/".join(parts)


def _file(raw: str) -> str:
    return "/" if raw == "/" else _name(raw.removesuffix("/"))


def _branch(raw: str) -> str:
    repository, separator, branch = raw.rpartition(":")
    branch = branch.removeprefix(BRANCHES)
    if branch:
        _name(branch)
    if separator:
        repository = _name(repository)
    if (not separator and not branch) or repository == OWN_REPOSITORY or ":" in repository:
        raise InvalidResource("A git resource is BRANCH, REPOSITORY:BRANCH or REPOSITORY: for all its branches.")
    return f"{repository}:{branch}" if separator else branch


def _single(raw: str) -> str:
    if "/" in _name(raw):
        raise InvalidResource("This name has no '/'.")
    return _name(raw)


def _whole(raw: str) -> str:
    """There is only one: whatever it is called, it is the same."""
    _name(raw)
    return WHOLE


def _name(raw: str) -> str:
    try:
        return normalise_path(raw)
    except BadName as error:
        raise InvalidResource(str(error)) from None


CANONICAL: dict[LockType, Callable[[str], str]] = {
    LockType.FILE: _file,
    LockType.GIT: _branch,
    LockType.PROJECT: _whole,
    LockType.DATABASE: _single,
    LockType.EXCLUSIVE: _whole,
}
