"""REST of invitations: `/api/v1/projects/{slug}/invitations` and `/api/v1/invitations/{token}`."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from server.access import AccessPolicy, Action, CurrentPrincipal, Principal, UserService
from server.accounts.errors import AccountNeeded
from server.accounts.invitations import MEMBERS, InvitationService
from server.accounts.model import Invitation
from server.accounts.schemas import (
    Acceptance,
    AcceptedOut,
    InvitationOut,
    Inviter,
    IssuedInvitation,
    NewInvitation,
    OfferOut,
    ProjectName,
    UserOut,
)
from server.accounts.session_routes import Entrance
from server.kit.errors import NotFound
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems
from server.projects import Project, ProjectService


class Invitations:
    """What the routes do; who may manage a project's members may invite into it."""

    def __init__(
        self, service: InvitationService, projects: ProjectService, users: UserService, policy: AccessPolicy
    ) -> None:
        self.service = service
        self.projects = projects
        self._users = users
        self._policy = policy

    async def enter(self, slug: str, principal: Principal) -> Project:
        """The project, for who may manage its members; else `NotFound` or `Forbidden`."""
        project = await self.projects.get_by_slug(slug)
        if not (await self._policy.capabilities(principal, project.id)).visible:
            raise NotFound
        await self._policy.require(principal, Action.ADMIN, project.id, MEMBERS)
        return project

    async def shown(self, invitation: Invitation) -> InvitationOut:
        """An invitation as whoever manages it sees it."""
        user = await self._users.get(invitation.created_by)
        return InvitationOut(
            id=invitation.id,
            role=invitation.role,
            uses_left=invitation.uses_left,
            expires_at=invitation.expires_at,
            note=invitation.note,
            created_by=UserOut(id=user.id, name=user.name, hue=user.hue, kind=user.kind),
            created_at=invitation.created_at,
        )

    async def named(self, invitation: Invitation) -> ProjectName:
        """The project that it leads to; raises `NotFound` when that is gone."""
        project = await self.projects.get(invitation.project_id)
        return ProjectName(slug=project.slug, name=project.name)


def invitation_routes(invitations: Invitations, entrance: Entrance) -> APIRouter:
    """Made and taken back in the project, read and accepted by token."""
    router = APIRouter(prefix="/api/v1")
    router.include_router(_project_routes(invitations, entrance))
    router.include_router(_token_routes(invitations, entrance))
    return router


def _project_routes(invitations: Invitations, entrance: Entrance) -> APIRouter:
    router = APIRouter(prefix="/projects/{slug}/invitations")
    service = invitations.service

    @router.get("", responses=problems(401, 403, 404, 422))
    async def list_invitations(
        slug: str, principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[InvitationOut]:
        """The invitations that can still be accepted; for who manages members."""
        project = await invitations.enter(slug, principal)
        found = await service.list(project.id, after=decode_cursor(cursor) or "", limit=limit + 1)
        page = found[:limit]
        return Page(
            items=[await invitations.shown(invitation) for invitation in page],
            next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
        )

    @router.post("", status_code=201, responses=problems(401, 403, 404, 422))
    async def create_invitation(slug: str, body: NewInvitation, principal: CurrentPrincipal) -> IssuedInvitation:
        """Makes a link that gives whoever opens it a role; for who manages members. It is shown this once."""
        project = await invitations.enter(slug, principal)
        invitation, token = await service.create(
            principal,
            project.id,
            body.role,
            lifetime=timedelta(seconds=body.expires_in_s),
            uses=body.uses,
            note=body.note,
        )
        shown = await invitations.shown(invitation)
        return IssuedInvitation(token=token, url=f"{entrance.site.url}/join/{token}", **shown.model_dump())

    @router.delete("/{id}", status_code=204, responses=problems(401, 403, 404, 422))
    async def revoke_invitation(slug: str, id: str, principal: CurrentPrincipal) -> None:
        """Takes an invitation back; whoever has accepted it stays a member."""
        project = await invitations.enter(slug, principal)
        await service.revoke(principal, project.id, id)

    return router


def _token_routes(invitations: Invitations, entrance: Entrance) -> APIRouter:
    router = APIRouter(prefix="/invitations")
    service = invitations.service

    @router.get("/{token}", responses=problems(404, 422))
    async def get_invitation(token: str) -> OfferOut:
        """What one is invited to; for whoever has the link."""
        invitation, inviter = await service.find(token)
        return OfferOut(
            project=await invitations.named(invitation),
            inviter=Inviter(name=inviter.name, hue=inviter.hue),
            role=invitation.role,
            expires_at=invitation.expires_at,
            note=invitation.note,
        )

    @router.post("/{token}:accept", status_code=201, responses=problems(401, 403, 404, 409, 422, 429, 503))
    async def accept_invitation(token: str, body: Acceptance, request: Request, response: Response) -> AcceptedOut:
        """Makes you a member; with a name and a password for whoever is not signed in, who then is."""
        entrance.require_own_page(request)
        principal = await entrance.visitor(request)
        if principal is not None:
            invitation = await service.accept(token, principal)
        else:
            if body.name is None or body.password is None:
                raise AccountNeeded
            client = entrance.site.client(request)
            invitation, user = await service.accept_anew(token, body.name, body.password.get_secret_value(), client)
            await entrance.begin(request, response, await entrance.service.of_new_user(user, client))
        return AcceptedOut(project=await invitations.named(invitation), role=invitation.role)

    return router
