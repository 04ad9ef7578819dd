"""REST of projects: `/api/v1/projects` and the members of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from crdt_docs.names import SLUG
from server.access import (
    SERVER_WIDE,
    AccessPolicy,
    Action,
    CurrentPrincipal,
    Forbidden,
    Kind,
    Member,
    Principal,
    RoleService,
)
from server.kit.errors import NotFound
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems
from server.projects.model import Project
from server.projects.service import ProjectService

Slug = Annotated[str, StringConstraints(pattern=f"^(?:{SLUG.pattern})$")]
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)]


RoleName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MEMBERS, SETTINGS = "members", "settings"


class Body(BaseModel):
    """A request's body: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class NewProject(Body):
    """The slug is the project's address: lower-case letters, digits and inner hyphens, at most 63."""

    slug: Slug
    name: Name


class ProjectChange(Body):
    """What is left out stays as it is. The former slug keeps leading to the project."""

    slug: Slug | None = None
    name: Name | None = None


class ProjectOut(BaseModel):
    """A project, and what you are in it."""

    id: str
    slug: str
    name: str
    role: str
    created_at: datetime


class RoleChange(Body):
    """The role to give, and until when; without `until` for good."""

    role: RoleName
    until: AwareDatetime | None = None


class MemberUser(BaseModel):
    """A user as others see them."""

    id: str
    name: str
    hue: int = Field(ge=0, le=11)
    kind: Kind


class MemberOut(BaseModel):
    """A user and their role in the project."""

    user: MemberUser
    role: str
    until: datetime | None


class Projects:
    """What the routes do; the only way to a project is `enter`, which asks the policy."""

    def __init__(self, projects: ProjectService, roles: RoleService, policy: AccessPolicy) -> None:
        self.service = projects
        self.roles = roles
        self.policy = policy

    async def enter(self, slug: str, principal: Principal, action: Action, resource: str = "") -> Project:
        """The project, for who may do `action` there; else `NotFound` or `Forbidden`."""
        project = await self.service.get_by_slug(slug)
        await self.policy.require(principal, action, project.id, resource)
        return project

    async def shown(self, project: Project, principal: Principal) -> ProjectOut:
        """The project as `principal` sees it; raises `NotFound` when it does not exist for them any more."""
        shown = await self.glimpsed(project, principal)
        if shown is None:
            raise NotFound
        return shown

    async def glimpsed(self, project: Project, principal: Principal) -> ProjectOut | None:
        """The same; None when it does not exist for them."""
        role = await self.policy.role(principal, project.id)
        if role is None:
            return None
        return ProjectOut(id=project.id, slug=project.slug, name=project.name, role=role, created_at=project.created_at)


def routes(*, projects: ProjectService, roles: RoleService, policy: AccessPolicy) -> APIRouter:
    """`/api/v1/projects`, `/api/v1/projects/{slug}`, `/api/v1/projects/{slug}/members`."""
    entrance = Projects(projects, roles, policy)
    router = APIRouter(prefix="/api/v1")
    router.include_router(_collection_routes(entrance), tags=["projects"])
    router.include_router(_project_routes(entrance), tags=["projects"])
    router.include_router(_member_routes(entrance), tags=["members"])
    return router


def _collection_routes(projects: Projects) -> APIRouter:
    router = APIRouter(prefix="/projects")

    @router.post("", status_code=201, responses=problems(401, 403, 409, 422))
    async def create_project(body: NewProject, principal: CurrentPrincipal) -> ProjectOut:
        """Makes a project of which you are the owner; for editors and owners of the whole server."""
        try:
            await projects.policy.require(principal, Action.WRITE, SERVER_WIDE, "projects")
        except Forbidden:
            raise Forbidden("Only editors, owners and administrators of the whole server create projects.") from None
        project = await projects.service.create(body.slug, body.name, owner=principal)
        return await projects.shown(project, principal)

    @router.get("", responses=problems(401, 422))
    async def list_projects(principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None) -> Page[ProjectOut]:
        """The projects that you may read, by slug."""
        ids = await projects.policy.readable(principal)
        found = await projects.service.list(ids, after=decode_cursor(cursor) or "", limit=limit + 1)
        return Page(
            items=[shown for project in found[:limit] if (shown := await projects.glimpsed(project, principal))],
            next_cursor=encode_cursor(found[limit - 1].slug) if len(found) > limit else None,
        )

    return router


def _project_routes(projects: Projects) -> APIRouter:
    router = APIRouter(prefix="/projects")

    @router.get("/{slug}", responses=problems(401, 404, 422))
    async def get_project(slug: str, principal: CurrentPrincipal) -> ProjectOut:
        """A project under its slug, or one it had before."""
        return await projects.shown(await projects.enter(slug, principal, Action.READ), principal)

    @router.patch("/{slug}", responses=problems(401, 403, 404, 409, 422))
    async def change_project(slug: str, body: ProjectChange, principal: CurrentPrincipal) -> ProjectOut:
        """Renames a project or moves it to another slug; for maintainers and owners."""
        project = await projects.enter(slug, principal, Action.ADMIN, SETTINGS)
        changed = await projects.service.change(project.id, slug=body.slug, name=body.name, by=principal)
        return await projects.shown(changed, principal)

    @router.delete("/{slug}", status_code=204, responses=problems(401, 403, 404, 422))
    async def delete_project(slug: str, principal: CurrentPrincipal) -> None:
        """Takes a project away from everybody and closes what is open in it; for owners."""
        project = await projects.enter(slug, principal, Action.ADMIN)
        await projects.service.delete(project.id, by=principal)

    return router


def _member_routes(projects: Projects) -> APIRouter:
    router = APIRouter(prefix="/projects/{slug}/members")

    @router.get("", responses=problems(401, 403, 404, 422))
    async def list_members(
        slug: str, principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[MemberOut]:
        """The members of a project by id; for maintainers and owners."""
        project = await projects.enter(slug, principal, Action.ADMIN, MEMBERS)
        found = await projects.roles.members(project.id, after=decode_cursor(cursor) or "", limit=limit + 1)
        page = found[:limit]
        return Page(
            items=[_member_out(member) for member in page],
            next_cursor=encode_cursor(page[-1].user.id) if len(found) > limit else None,
        )

    @router.put("/{user}", responses=problems(401, 403, 404, 409, 422))
    async def set_member(slug: str, user: str, body: RoleChange, principal: CurrentPrincipal) -> MemberOut:
        """Makes a user (id or name) a member, or changes their role; you give what you have. One owner always stays."""
        project = await projects.enter(slug, principal, Action.ADMIN, MEMBERS)
        change = await projects.roles.set_role(project.id, user, body.role, until=body.until, by=principal)
        return _member_out(Member(change.user, body.role, body.until))

    @router.delete("/{user}", status_code=204, responses=problems(401, 403, 404, 409, 422))
    async def remove_member(slug: str, user: str, principal: CurrentPrincipal) -> None:
        """Ends a membership and closes what the user has open in the project."""
        project = await projects.enter(slug, principal, Action.ADMIN, MEMBERS)
        await projects.roles.remove_role(project.id, user, by=principal)

    return router


def _member_out(member: Member) -> MemberOut:
    user = member.user
    shown = MemberUser(id=user.id, name=user.name, hue=user.hue, kind=user.kind)
    return MemberOut(user=shown, role=member.role, until=member.until)
