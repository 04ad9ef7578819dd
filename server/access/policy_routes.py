"""REST of the policy: roles, templates, grants, changes in bulk, and why somebody may do something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Response

from server.access.authenticator import CurrentPrincipal
from server.access.errors import Forbidden
from server.access.explain import explain
from server.access.model import SERVER_WIDE, Action, FindProject, Principal
from server.access.policy import AccessPolicy
from server.access.policy_answers import bulk_out, explanation_out, grant_out, role_out, template_out
from server.access.policy_schemas import (
    Application,
    Bulk,
    BulkOut,
    ExplanationOut,
    GrantOut,
    Name,
    NewGrantIn,
    NewRole,
    NewTemplate,
    Question,
    RoleOut,
    TemplateOut,
)
from server.access.policy_steps import indexed, step_of, steps_of
from server.access.resources import MEMBERS
from server.access.role_catalogue import RoleCatalogue
from server.access.role_service import GivenGrant, RoleService
from server.access.templates import Template
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems

T = TypeVar("T")

ROLES, TEMPLATES = "roles", "templates"
RoleName = Annotated[Name, Path()]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    roles: RoleService
    catalogue: RoleCatalogue
    policy: AccessPolicy
    find_project: FindProject

    async def enter(self, slug: str, principal: Principal) -> str:
        """The id of the project, for who manages its members; else `NotFound` or `Forbidden`."""
        project_id = await self.find_project(slug)
        await self.policy.require(principal, Action.ADMIN, project_id, MEMBERS)
        return project_id

    async def administer(self, principal: Principal, resource: str) -> None:
        """Raises `Forbidden` for who does not administer this on the server."""
        await self.policy.require(principal, Action.ADMIN, SERVER_WIDE, resource)


def policy_routes(*, roles: RoleService, policy: AccessPolicy, find_project: FindProject) -> APIRouter:
    """`/api/v1/roles`, `/api/v1/access-templates`, `/api/v1/access/explain`, and `grants` and `access` of projects."""
    desk = Desk(roles, RoleCatalogue(roles.data), policy, find_project)
    router = APIRouter(prefix="/api/v1")
    for part in (_role_routes, _template_routes, _grant_routes, _bulk_routes, _explain_routes):
        router.include_router(part(desk), tags=["access"])
    return router


def refuse_visitor(principal: Principal) -> None:
    """Raises `Forbidden` for who is not signed in: which roles there are is nobody else's business."""
    if principal.is_anonymous:
        raise Forbidden("Sign in to see this.")


def page_of(items: Sequence[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """The first `limit` of `items`; the cursor is the `key` of the last one when there are more."""
    page = list(items[:limit])
    return Page(items=page, next_cursor=encode_cursor(key(page[-1])) if len(items) > limit else None)


def _role_routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/roles")

    @router.get("", responses=problems(401, 403, 422))
    async def list_roles(principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None) -> Page[RoleOut]:
        """All roles by name, with what each may do."""
        refuse_visitor(principal)
        book, after = await desk.catalogue.book(), decode_cursor(cursor) or ""
        return page_of(
            [role_out(role, book) for role in book.all() if role.name > after], limit, lambda role: role.name
        )

    @router.put("/{name}", responses=problems(401, 403, 409, 422) | {201: {"model": RoleOut}})
    async def save_role(name: RoleName, body: NewRole, response: Response, principal: CurrentPrincipal) -> RoleOut:
        """Defines a role (201 if it is new); for administrators. It counts at once for everybody who has it."""
        await desk.administer(principal, ROLES)
        role = body.definition(name)
        response.status_code = 201 if await desk.catalogue.save(role, principal) else 200
        return role_out(role, await desk.catalogue.book())

    @router.delete("/{name}", status_code=204, responses=problems(401, 403, 404, 409, 422))
    async def delete_role(name: RoleName, principal: CurrentPrincipal) -> None:
        """Deletes a role that nobody has and no role inherits; for administrators."""
        await desk.administer(principal, ROLES)
        await desk.catalogue.delete(name, principal)

    return router


def _template_routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/access-templates")

    @router.get("", responses=problems(401, 403, 422))
    async def list_templates(
        principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[TemplateOut]:
        """The templates by name."""
        refuse_visitor(principal)
        found = await desk.catalogue.templates(after=decode_cursor(cursor) or "", limit=limit + 1)
        return page_of([template_out(template) for template in found], limit, lambda template: template.name)

    @router.put("/{name}", responses=problems(401, 403, 422) | {201: {"model": TemplateOut}})
    async def save_template(
        name: RoleName, body: NewTemplate, response: Response, principal: CurrentPrincipal
    ) -> TemplateOut:
        """Defines a template (201 if it is new); for administrators. What was given by it before stays as it is."""
        await desk.administer(principal, TEMPLATES)
        lasts = timedelta(seconds=body.lasts_s) if body.lasts_s else None
        grants = tuple(grant.permission() for grant in body.grants)
        template = Template(name, body.description, body.role, lasts, grants)
        response.status_code = 201 if await desk.catalogue.save_template(template, principal) else 200
        return template_out(template)

    @router.delete("/{name}", status_code=204, responses=problems(401, 403, 404, 422))
    async def delete_template(name: RoleName, principal: CurrentPrincipal) -> None:
        """Deletes a template; what was given by it stays."""
        await desk.administer(principal, TEMPLATES)
        await desk.catalogue.delete_template(name, principal)

    return router


def _grant_routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/projects/{slug}/grants")

    @router.get("", responses=problems(401, 403, 404, 422))
    async def list_grants(
        slug: str, principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[GrantOut]:
        """The grants of a project that are not over, the oldest first."""
        project_id = await desk.enter(slug, principal)
        found = await desk.roles.grants(project_id, after=decode_cursor(cursor) or "", limit=limit + 1)
        return page_of([grant_out(given) for given in found], limit, lambda grant: grant.id)

    @router.post("", status_code=201, responses=problems(401, 403, 404, 409, 422))
    async def create_grant(slug: str, body: NewGrantIn, principal: CurrentPrincipal) -> GrantOut:
        """Allows or denies one user something, down to one file; you give what you have."""
        project_id = await desk.enter(slug, principal)
        (change,) = await desk.roles.change(project_id, [step_of(body)], by=principal)
        assert change.grant is not None
        by = await desk.roles.user(principal.id)
        return grant_out(GivenGrant(change.grant, change.user, by))

    @router.delete("/{id}", status_code=204, responses=problems(401, 403, 404, 422))
    async def revoke_grant(slug: str, id: str, principal: CurrentPrincipal) -> None:
        """Takes a grant back. Whoever takes back a denial must have what it denied."""
        project_id = await desk.enter(slug, principal)
        await desk.roles.change(project_id, [lambda changes: changes.revoke(id)], by=principal)

    return router


def _bulk_routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/projects/{slug}")

    @router.post("/access:bulk", responses=problems(401, 403, 404, 409, 422))
    async def change_access(slug: str, body: Bulk, principal: CurrentPrincipal) -> BulkOut:
        """Changes roles and grants, all or none; a fault names the index of its change. `dry_run` only tells."""
        project_id = await desk.enter(slug, principal)
        steps = [indexed("changes", index, step_of(change)) for index, change in enumerate(body.changes)]
        changes = await desk.roles.change(project_id, steps, by=principal, dry_run=body.dry_run)
        return bulk_out(changes, applied=not body.dry_run)

    @router.post("/access:apply-template", responses=problems(401, 403, 404, 409, 422))
    async def apply_template(slug: str, body: Application, principal: CurrentPrincipal) -> BulkOut:
        """Gives users what a template says, as copies: later changes of the template change nothing here."""
        project_id = await desk.enter(slug, principal)
        template = await desk.catalogue.template(body.template)
        until = template.ends(desk.roles.data.clock.now(), body.until)
        steps = [
            indexed("users", index, step)
            for index, user in enumerate(body.users)
            for step in steps_of(template, user, until)
        ]
        changes = await desk.roles.change(project_id, steps, by=principal, dry_run=body.dry_run)
        return bulk_out(changes, applied=not body.dry_run)

    return router


def _explain_routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/access")

    @router.post("/explain", responses=problems(401, 403, 404, 422))
    async def explain_access(body: Question, principal: CurrentPrincipal) -> ExplanationOut:
        """Why a user may or may not do something, with every rule; for who manages the project's members."""
        if body.project is None:
            await desk.administer(principal, ROLES)
        project_id = SERVER_WIDE if body.project is None else await desk.enter(body.project, principal)
        user = await desk.roles.user(body.user)
        return explanation_out(await explain(desk.roles.data, user, body.action, project_id, body.resource))

    return router
