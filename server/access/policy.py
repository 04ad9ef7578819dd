"""May this principal do that? The port that every edge asks, and its first implementation."""

from __future__ import annotations

from typing import Protocol

from server.access.errors import Forbidden
from server.access.model import ALLOWED, SERVER_WIDE, Action, Decision, Principal, Role
from server.access.role_service import RoleService
from server.kit.errors import NotFound


class AccessPolicy(Protocol):
    """Decides; the default is no."""

    async def decide(self, principal: Principal, action: Action, project_id: str, resource: str = "") -> Decision:
        """Whether `principal` may do `action` to `resource` (a document's key; "" = the project itself), and why."""

    async def require(self, principal: Principal, action: Action, project_id: str, resource: str = "") -> None:
        """Raises `Forbidden`; or `NotFound`, as if there were no such project, when reading is not allowed either."""

    async def role(self, principal: Principal, project_id: str) -> Role | None:
        """The role to show; None for somebody who may not read."""

    async def readable(self, principal: Principal) -> frozenset[str] | None:
        """The ids of the projects that `principal` may read; None = all."""


class RolePolicy:
    """Roles decide: a viewer reads, an editor also writes and deletes, an owner does everything in a project.

    A principal has the strongest of their roles: in the project, on the server, and everybody's. A token's scopes
    and a ticket's project narrow that.
    """

    def __init__(self, roles: RoleService) -> None:
        self._roles = roles

    async def decide(self, principal: Principal, action: Action, project_id: str, resource: str = "") -> Decision:  # noqa: ARG002 roles hold for every resource
        if principal.project_scope not in (None, project_id):
            return Decision(False, "The ticket is for another project.")
        if principal.scopes is not None and action not in principal.scopes:
            return Decision(False, f"The token's scopes do not include '{action}'.")
        role = await self._roles.role(principal.id, project_id)
        if role is None:
            return Decision(False, "You have no role here.")
        allowed = action in ALLOWED[role]
        return Decision(allowed, f"The role '{role}' {'includes' if allowed else 'does not include'} '{action}'.")

    async def require(self, principal: Principal, action: Action, project_id: str, resource: str = "") -> None:
        decision = await self.decide(principal, action, project_id, resource)
        if decision.allowed:
            return
        if not (await self.decide(principal, Action.READ, project_id, resource)).allowed:
            raise NotFound
        raise Forbidden(decision.reason)

    async def role(self, principal: Principal, project_id: str) -> Role | None:
        if principal.project_scope not in (None, project_id):
            return None
        return await self._roles.role(principal.id, project_id)

    async def readable(self, principal: Principal) -> frozenset[str] | None:
        if principal.project_scope is not None:
            mine = await self.decide(principal, Action.READ, principal.project_scope)
            return frozenset({principal.project_scope} if mine.allowed else ())
        if await self._roles.role(principal.id, SERVER_WIDE):
            return None
        return frozenset((await self._roles.standing(principal.id)).projects)
