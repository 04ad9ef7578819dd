"""Roles: named permissions that may inherit others; those that every server has, and those that somebody defined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from server.access.errors import RoleCycle
from server.access.model import Action, Role, ServerRole
from server.access.permission import EVERYTHING, Permission

GUEST: Final = "guest"
"""The name that is shown for who has grants in a project, but no role."""

READ, WRITE, EXECUTE, DELETE, ADMIN = Action


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """What a role may do: its own permissions and those of the roles that it inherits."""

    name: str
    description: str
    inherits: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    built_in: bool = False


Path = tuple[str, ...]


class RoleBook:
    """All roles by name. A role that is not in it allows nothing."""

    def __init__(self, defined: Iterable[RoleDefinition] = ()) -> None:
        self._roles: dict[str, RoleDefinition] = {role.name: role for role in defined} | dict(SHIPPED)
        self._expanded: dict[str, tuple[tuple[Permission, Path], ...]] = {}

    def get(self, name: str) -> RoleDefinition | None:
        return self._roles.get(name)

    def all(self) -> Sequence[RoleDefinition]:
        """The roles by name."""
        return sorted(self._roles.values(), key=lambda role: role.name)

    def permissions(self, name: str) -> tuple[tuple[Permission, Path], ...]:
        """The permissions of a role and of all that it inherits, each once, with the roles that led to it."""
        if name not in self._expanded:
            self._expanded[name] = tuple(self._expand(name, (), set()))
        return self._expanded[name]

    def heirs(self, name: str) -> list[str]:
        """The roles that inherit `name` directly."""
        return [role.name for role in self._roles.values() if name in role.inherits]

    def refuse_cycle(self, role: RoleDefinition) -> None:
        """Raises `RoleCycle` if `role` would inherit itself."""
        above: list[tuple[str, Path]] = [(name, (role.name, name)) for name in role.inherits]
        seen: set[str] = set()
        while above:
            name, path = above.pop()
            if name == role.name:
                raise RoleCycle(f"The role would inherit itself: {' > '.join(path)}.")
            found = self._roles.get(name)
            if found and name not in seen:
                seen.add(name)
                above += [(inherited, (*path, inherited)) for inherited in found.inherits]

    def _expand(self, name: str, path: Path, seen: set[str]) -> Iterator[tuple[Permission, Path]]:
        """Depth first; a role that has been seen is not entered again, so that a cycle ends."""
        role = self._roles.get(name)
        if role is None or name in seen:
            return
        seen.add(name)
        path = (*path, name)
        yield from ((permission, path) for permission in role.permissions)
        for inherited in role.inherits:
            yield from self._expand(inherited, path, seen)


def _shipped(name: str, description: str, *rules: tuple[str, Sequence[Action]], inherits: Path = ()) -> RoleDefinition:
    """A role whose rules are (names relative to a project, unless they begin with a slash; actions)."""
    permissions = tuple(
        Permission(f"{name}.{number}", full, frozenset(actions))
        for number, (full, actions) in enumerate(
            ((_full(resource), actions) for resources, actions in rules for resource in resources.split()), 1
        )
    )
    return RoleDefinition(name, description, inherits, permissions, built_in=True)


def _full(resource: str) -> str:
    if resource in ("/system/projects", f"/{EVERYTHING}"):
        return resource.removeprefix("/")
    return "project/*" if resource == "." else f"project/*/{resource}"


SHIPPED: Final[Mapping[str, RoleDefinition]] = MappingProxyType(
    {
        role.name: role
        for role in (
            _shipped(
                Role.VIEWER,
                "Reads everything in a project, and exports it.",
                (". file/** doc/** chat/** tree live session/** lease/** job/** op/export", [READ]),
            ),
            _shipped(
                Role.COMMENTER,
                "Reads, and writes what others say about the work.",
                ("chat/** doc/comments/**", [WRITE]),
                inherits=(Role.VIEWER,),
            ),
            _shipped(
                Role.EDITOR,
                "Changes and deletes files and documents, holds leases, runs jobs; on the server, makes projects.",
                (". file/** doc/** chat/** tree live", [WRITE, DELETE]),
                ("session/** lease/** job/** op/**", [WRITE, EXECUTE]),
                ("/system/projects", [WRITE]),
                inherits=(Role.COMMENTER,),
            ),
            _shipped(
                Role.MAINTAINER,
                "Also manages members, grants and settings; neither deletes the project nor makes owners.",
                ("file/** doc/** chat/** session/** lease/** job/** op/** members settings audit", [ADMIN]),
                inherits=(Role.EDITOR,),
            ),
            _shipped(
                Role.OWNER,
                "Does everything in a project.",
                (EVERYTHING, [ADMIN]),
                inherits=(Role.MAINTAINER,),
            ),
            _shipped(
                Role.AGENT,
                "A program that works along: changes files and documents, holds leases and runs jobs; no imports.",
                (". file/** doc/** chat/**", [WRITE, DELETE]),
                ("session/** lease/** job/**", [WRITE, EXECUTE]),
                inherits=(Role.VIEWER,),
            ),
            _shipped(
                Role.WORKER,
                "A machine that executes jobs: reads the project, holds leases, reports on jobs; changes no files.",
                ("lease/** job/**", [WRITE, EXECUTE]),
                inherits=(Role.VIEWER,),
            ),
            _shipped(
                ServerRole.ADMIN,
                "Administers the server and every project; as a role on the server only.",
                (f"/{EVERYTHING}", [ADMIN]),
            ),
        )
    }
)
