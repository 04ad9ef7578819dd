"""All REST of accounts."""

from __future__ import annotations

from fastapi import APIRouter

from server.access import AccessPolicy, Authenticator, Site
from server.accounts.accounts import Accounts
from server.accounts.invitation_routes import Invitations, invitation_routes
from server.accounts.oidc_routes import OidcEntrance, oidc_routes
from server.accounts.session_routes import Entrance, session_routes
from server.accounts.user_routes import user_routes
from server.projects import ProjectService


def routes(
    accounts: Accounts,
    *,
    projects: ProjectService,
    policy: AccessPolicy,
    authenticator: Authenticator,
    site: Site,
    anonymous: bool,
) -> APIRouter:
    """Signing in and out, users, invitations; `anonymous` is whether visitors may come in."""
    entrance = Entrance(accounts.sign_in, authenticator, site)
    provider = OidcEntrance(entrance, accounts.oidc)
    invitations = Invitations(accounts.invitations, projects, accounts.users, policy)
    router = APIRouter()
    router.include_router(session_routes(entrance, provider.providers, anonymous=anonymous), tags=["session"])
    router.include_router(oidc_routes(provider), tags=["session"])
    router.include_router(user_routes(accounts.administration), tags=["users"])
    router.include_router(invitation_routes(invitations, entrance), tags=["invitations"])
    return router
