"""Who somebody is and what they may do: tokens, web sessions, users, roles, and the policy that every edge asks."""

from __future__ import annotations

from server.access.actor import actor_of
from server.access.authenticator import Authenticator, CurrentPrincipal, current_principal
from server.access.capabilities import Capabilities
from server.access.decision import Decision
from server.access.errors import (
    Forbidden,
    InvalidPermission,
    InvalidUser,
    LacksItself,
    LastAdministrator,
    LastOwner,
    NameTaken,
    OriginRefused,
    TokenNotFound,
    Unauthenticated,
    UserNotFound,
)
from server.access.events import AccessChanged, TokenRevoked
from server.access.issuing import SESSION_LIFETIME
from server.access.model import (
    ADMIN_ID,
    BUILT_IN,
    SERVER,
    SERVER_WIDE,
    Action,
    FindProject,
    Issued,
    Kind,
    Member,
    Principal,
    Role,
    ServerRole,
    SessionKind,
    Token,
    TokenKind,
    User,
)
from server.access.policy import AccessPolicy, RolePolicy
from server.access.policy_routes import policy_routes
from server.access.resources import file_resource, resource_of
from server.access.role_service import RoleService
from server.access.routes import routes
from server.access.site import Client, Site
from server.access.token_format import new_token, parse_token, token_digest
from server.access.token_service import TokenService
from server.access.user_service import UserService
from server.access.verifier import TokenVerifier

__all__ = [
    "ADMIN_ID",
    "BUILT_IN",
    "SERVER",
    "SERVER_WIDE",
    "SESSION_LIFETIME",
    "AccessChanged",
    "AccessPolicy",
    "Action",
    "Authenticator",
    "Capabilities",
    "Client",
    "CurrentPrincipal",
    "Decision",
    "FindProject",
    "Forbidden",
    "InvalidPermission",
    "InvalidUser",
    "Issued",
    "Kind",
    "LacksItself",
    "LastAdministrator",
    "LastOwner",
    "Member",
    "NameTaken",
    "OriginRefused",
    "Principal",
    "Role",
    "RolePolicy",
    "RoleService",
    "ServerRole",
    "SessionKind",
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
    "UserService",
    "actor_of",
    "current_principal",
    "file_resource",
    "new_token",
    "parse_token",
    "policy_routes",
    "resource_of",
    "routes",
    "token_digest",
]
