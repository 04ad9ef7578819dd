"""Who somebody is and what they may do: tokens, web sessions, users, roles, and the policy that every edge asks."""

from __future__ import annotations

from server.access.authenticator import Authenticator, CurrentPrincipal, current_principal
from server.access.errors import (
    Forbidden,
    InvalidUser,
    LastOwner,
    OriginRefused,
    TokenNotFound,
    Unauthenticated,
    UserNotFound,
)
from server.access.events import AccessChanged, TokenRevoked
from server.access.model import (
    SERVER,
    SERVER_WIDE,
    Action,
    Decision,
    Issued,
    Kind,
    Member,
    Principal,
    Role,
    ServerRole,
    Token,
    TokenKind,
    User,
)
from server.access.policy import AccessPolicy, RolePolicy
from server.access.responses import problems
from server.access.role_service import RoleService
from server.access.routes import routes
from server.access.site import Site
from server.access.token_service import TokenService
from server.access.verifier import TokenVerifier

__all__ = [
    "SERVER",
    "SERVER_WIDE",
    "AccessChanged",
    "AccessPolicy",
    "Action",
    "Authenticator",
    "CurrentPrincipal",
    "Decision",
    "Forbidden",
    "InvalidUser",
    "Issued",
    "Kind",
    "LastOwner",
    "Member",
    "OriginRefused",
    "Principal",
    "Role",
    "RolePolicy",
    "RoleService",
    "ServerRole",
    "Site",
    "Token",
    "TokenKind",
    "TokenNotFound",
    "TokenRevoked",
    "TokenService",
    "TokenVerifier",
    "Unauthenticated",
    "User",
    "UserNotFound",
    "current_principal",
    "problems",
    "routes",
]
