"""What somebody was given: roles and grants, everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from server.access.globs import parse_glob
from server.access.model import SERVER_WIDE, Role, ServerRole
from server.access.permission import Permission, Rule, Source, earliest, relative
from server.access.roles import GUEST, RoleBook

LADDER = (Role.VIEWER, Role.COMMENTER, Role.EDITOR, Role.MAINTAINER, Role.OWNER)


@dataclass(frozen=True, slots=True)
class Binding:
    """A user's role in a project."""

    user_id: str
    project_id: str
    role: str
    expires: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.expires is None or now < self.expires


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission for one user in one project; why, from whom and since when."""

    user_id: str
    project_id: str
    permission: Permission
    reason: str
    granted_by: str
    created_at: datetime

    @property
    def id(self) -> str:
        return self.permission.id


@dataclass(frozen=True, slots=True)
class Standing:
    """All that one principal was given. `everybody` is the role that all have, signed in or not."""

    server_role: str | None = None
    bindings: tuple[Binding, ...] = ()
    grants: tuple[Grant, ...] = ()
    disabled: bool = False
    everybody: str | None = None

    @property
    def administers(self) -> bool:
        return self.server_role == ServerRole.ADMIN and not self.disabled

    def projects(self, now: datetime) -> frozenset[str]:
        """The projects in which they have a role of their own, or grants."""
        live = {binding.project_id for binding in self.bindings if binding.is_live(now)}
        return frozenset(live | {grant.project_id for grant in self.grants})

    def shown_role(self, project_id: str, now: datetime) -> str:
        """The name that says best what they are in a project."""
        if self.administers:
            return Role.OWNER
        here = [b.role for b in self.bindings if b.project_id == project_id and b.is_live(now)]
        roles = [*here, *filter(None, (self.server_role, self.everybody))]
        strongest = max(
            (role for role in roles if role in LADDER), key=lambda role: LADDER.index(Role(role)), default=""
        )
        special = next((role for role in here if role not in LADDER), None)
        return special or strongest or next(iter(roles), GUEST)

    def rules(self, project_id: str, book: RoleBook) -> list[Rule]:
        """What concerns them in a project, or `SERVER_WIDE`.

        An administrator has the administrators' rules alone: no role and no grant takes anything away from one.
        """
        if self.disabled:
            return []
        if self.administers:
            return list(_of_role(ServerRole.ADMIN, Source.SERVER, project_id, book))
        return [*self._roles_on_server(project_id, book), *self._in_project(project_id, book)]

    def _roles_on_server(self, project_id: str, book: RoleBook) -> Iterator[Rule]:
        if self.everybody:
            yield from _of_role(self.everybody, Source.EVERYBODY, project_id, book)
        if self.server_role:
            yield from _of_role(self.server_role, Source.SERVER, project_id, book)

    def _in_project(self, project_id: str, book: RoleBook) -> Iterator[Rule]:
        if project_id == SERVER_WIDE:
            return
        for binding in self.bindings:
            if binding.project_id == project_id and binding.role != ServerRole.ADMIN:
                yield from _of_role(binding.role, Source.MEMBER, project_id, book, binding.expires)
        for grant in self.grants:
            rule = grant.project_id == project_id and _rule(grant.permission, f"project/{project_id}", Source.GRANT)
            if rule:
                yield rule


def _of_role(
    name: str, source: Source, project_id: str, book: RoleBook, expires: datetime | None = None
) -> Iterator[Rule]:
    base = "system" if project_id == SERVER_WIDE else "project/*"
    for permission, path in book.permissions(name):
        rule = _rule(permission, base, source, path, expires)
        if rule:
            yield rule


def _rule(
    permission: Permission, base: str, source: Source, path: tuple[str, ...] = (), expires: datetime | None = None
) -> Rule | None:
    resource = relative(permission.resource, base)
    if resource is None:
        return None
    ends = earliest((permission.expires, expires))
    return Rule(permission, parse_glob(resource), source, path, permission.not_before, ends)
