"""May this principal do that? The port that every edge asks, and its implementation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from server.access.actor import actor_of
from server.access.capabilities import Capabilities
from server.access.decision import Decision
from server.access.errors import Forbidden
from server.access.model import SERVER_WIDE, Action, Principal
from server.access.resources import AUDIT, MEMBERS, OPERATIONS, PROJECT, SETTINGS
from server.access.role_service import RoleService
from server.kit.audit import Act, Outcome
from server.kit.errors import NotFound

ANY_PROJECT: Final = "*"
"""In the place of a project's id: one in which nobody has a role of their own."""


class AccessPolicy(Protocol):
    """Decides; the default is no.

    `resource` is relative to the project: "" the project itself, `file/{path}`, `doc/{name}`, `tree`, `live`,
    `session/{id}`, `lease/{kind}:{name}`, `job/{id}`, `op/{operation}`, `members`, `audit`. In the place of a project,
    `SERVER_WIDE` asks for what concerns the whole server: `users`, `roles`, `audit`, `projects`, …
    """

    async def capabilities(self, principal: Principal, project_id: str) -> Capabilities:
        """What `principal` may do in a project, to ask again and again without waiting."""

    async def decide(
        self, principal: Principal, action: Action, project_id: str, resource: str = "", *, owner: str = ""
    ) -> Decision:
        """Whether `principal` may do `action` to `resource`, which belongs to the principal `owner`, and why."""

    async def require(
        self, principal: Principal, action: Action, project_id: str, resource: str = "", *, owner: str = ""
    ) -> None:
        """Raises `Forbidden`; or `NotFound`, as if there were no such thing, when reading is not allowed either."""

    async def role(self, principal: Principal, project_id: str) -> str | None:
        """The name of the role to show; None for somebody for whom the project does not exist."""

    async def readable(self, principal: Principal) -> frozenset[str] | None:
        """The ids of the projects that exist for `principal`; None = all, but for those where a grant denies it."""


class RolePolicy:
    """Roles and grants decide: those of the user in the project, on the server, and everybody's.

    A token's scopes and a ticket's project narrow that. A refusal is published as an `Act`.
    """

    def __init__(self, roles: RoleService) -> None:
        self._data = roles.data

    async def capabilities(self, principal: Principal, project_id: str) -> Capabilities:
        return await self._data.capabilities(principal, project_id)

    async def decide(
        self, principal: Principal, action: Action, project_id: str, resource: str = "", *, owner: str = ""
    ) -> Decision:
        return (await self.capabilities(principal, project_id)).decide(action, resource, owner=owner)

    async def require(
        self, principal: Principal, action: Action, project_id: str, resource: str = "", *, owner: str = ""
    ) -> None:
        can = await self.capabilities(principal, project_id)
        decision = can.decide(action, resource, owner=owner)
        if decision.allowed:
            return
        detail = {"wanted": action, "reason": decision.reason}
        self._data.events.publish(
            Act("access.denied", actor_of(principal), project_id, resource, Outcome.DENIED, detail)
        )
        if is_known(can, project_id, resource) or can.allows(Action.READ, resource, owner=owner):
            raise Forbidden(decision.reason)
        raise NotFound

    async def role(self, principal: Principal, project_id: str) -> str | None:
        if not (await self.capabilities(principal, project_id)).visible:
            return None
        return (await self._data.standing(principal.id)).shown_role(project_id, self._data.clock.now())

    async def readable(self, principal: Principal) -> frozenset[str] | None:
        if principal.project_scope is not None:
            return await self._visible(principal, {principal.project_scope})
        if (await self.capabilities(principal, ANY_PROJECT)).visible:
            return None
        standing = await self._data.standing(principal.id)
        return await self._visible(principal, standing.projects(self._data.clock.now()))

    async def _visible(self, principal: Principal, project_ids: Iterable[str]) -> frozenset[str]:
        return frozenset([id for id in project_ids if (await self.capabilities(principal, id)).visible])


def is_known(can: Capabilities, project_id: str, resource: str) -> bool:
    """Whether it is no secret that there is such a thing: every project that one knows has members and settings."""
    if project_id == SERVER_WIDE:
        return True
    return can.visible and (resource in (PROJECT, MEMBERS, AUDIT, SETTINGS) or resource.startswith(OPERATIONS))
