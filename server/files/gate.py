"""The way into a project: by its slug, for those who may."""

from __future__ import annotations

from server.access import AccessPolicy, Action, Principal
from server.kit.errors import NotFound
from server.projects import Project, ProjectService


class ProjectGate:
    """Says the same of a project that does not exist and of one that somebody may not see."""

    def __init__(self, projects: ProjectService, policy: AccessPolicy) -> None:
        self._projects, self._policy = projects, policy

    async def enter(self, slug: str, principal: Principal, action: Action, resource: str = "") -> Project:
        """The project, if `principal` may do `action` there; raises `NotFound`, or `Forbidden` to who may read."""
        try:
            project = await self._projects.get_by_slug(slug)
            await self._policy.require(principal, action, project.id, resource)
        except NotFound:
            raise NotFound(f"There is no project {slug!r}, or you may not see it.") from None
        return project

    async def allows(self, principal: Principal, action: Action, project: Project, resource: str = "") -> bool:
        """Whether `principal` may do `action` in a project."""
        return (await self._policy.decide(principal, action, project.id, resource)).allowed

    async def knows(self, slug: str, principal: Principal) -> bool:
        """Whether there is such a project for `principal`."""
        try:
            await self.enter(slug, principal, Action.READ)
        except NotFound:
            return False
        return True
