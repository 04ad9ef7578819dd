"""Who acts, what they may do, and the tokens that prove who they are."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

HUES = 12
ADMIN_ID = "admin"
ANONYMOUS_ID = "anonymous"
SERVER_ID = "server"
SERVER_WIDE = ""
"""In the place of a project id: the server itself, e.g. may somebody create projects?"""

FindProject = Callable[[str], Awaitable[str]]
"""From a slug to the project's id; raises `NotFound`. Projects stand above access, so it is handed in."""


class Kind(StrEnum):
    """What acts for a principal; shown beside the name."""

    PERSON = "person"
    TERMINAL = "terminal"
    AGENT = "agent"
    WORKER = "worker"


class SessionKind(StrEnum):
    """How a principal came in: a browser's web session, a personal key, an agent's key."""

    WEB = "web"
    KEY = "key"
    AGENT = "agent"


class Action(StrEnum):
    """What a principal wants to do; `admin` is to change names and members, or to delete the project."""

    READ = "read"
    WRITE = "write"
    EXECUTE = "execute"
    DELETE = "delete"
    ADMIN = "admin"


class Role(StrEnum):
    """The roles that every server has; others are made under names of their own."""

    VIEWER = "viewer"
    COMMENTER = "commenter"
    AGENT = "agent"
    WORKER = "worker"
    EDITOR = "editor"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class ServerRole(StrEnum):
    """A role on every project; `admin` also administers the server."""

    VIEWER = "viewer"
    COMMENTER = "commenter"
    AGENT = "agent"
    WORKER = "worker"
    EDITOR = "editor"
    MAINTAINER = "maintainer"
    OWNER = "owner"
    ADMIN = "admin"


def with_implied(scopes: Iterable[Action]) -> frozenset[Action]:
    """`scopes` and what they imply: every action implies read, admin implies all."""
    given = frozenset(scopes)
    if Action.ADMIN in given:
        return frozenset(Action)
    return given | {Action.READ} if given else given


def hue_of(id: str) -> int:
    """The colour that goes with an id, 0 to 11: the same on every screen and after every restart."""
    return zlib.crc32(id.encode()) % HUES


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, as authenticated: by `token_id`, None for anonymous visitors.

    `project_scope` (a project id) and `scopes` narrow what the principal's roles allow; None narrows nothing.
    `address` is the client's, "" when it is not known; `signed_in_at` is when the web session began.
    """

    id: str
    name: str
    hue: int
    kind: Kind = Kind.PERSON
    is_admin: bool = False
    token_id: str | None = None
    project_scope: str | None = None
    scopes: frozenset[Action] | None = None
    address: str = ""
    signed_in_at: datetime | None = None
    session_kind: SessionKind | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.id == ANONYMOUS_ID


SERVER = Principal(SERVER_ID, "Atrium", hue_of(SERVER_ID), Kind.AGENT)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a name; `id` is ``user:<uuid7>`` or one of the built-in ones."""

    id: str
    name: str
    server_role: str | None = None
    kind: Kind = Kind.PERSON
    created_at: datetime | None = None
    disabled_at: datetime | None = None
    last_seen_at: datetime | None = None

    @property
    def hue(self) -> int:
        return hue_of(self.id)


BUILT_IN: Mapping[str, User] = {
    user.id: user
    for user in (
        User(ADMIN_ID, "admin", ServerRole.ADMIN),
        User(ANONYMOUS_ID, "Guest"),
        User(SERVER_ID, SERVER.name, ServerRole.ADMIN),
    )
}
RESERVED_NAMES = frozenset({"atrium", "guest", "server", "anonymous"})


@dataclass(frozen=True, slots=True)
class Member:
    """A user and their role in a project, until when (None: until somebody takes it away)."""

    user: User
    role: str
    until: datetime | None = None


class TokenKind(StrEnum):
    """What a token is for; the second part of its text."""

    SESSION = "ses"
    PERSONAL = "pat"
    AGENT = "agt"
    TICKET = "wst"
    LOGIN = "bst"
    INVITATION = "inv"


BEARER_KINDS = frozenset({TokenKind.PERSONAL, TokenKind.AGENT})
SOCKET_KINDS = BEARER_KINDS | {TokenKind.TICKET}
SIGN_IN_KINDS = BEARER_KINDS | {TokenKind.LOGIN}
LISTED_KINDS = BEARER_KINDS | {TokenKind.SESSION}
SHORT_LIVED_KINDS = frozenset({TokenKind.SESSION, TokenKind.TICKET, TokenKind.LOGIN})


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret."""

    id: str
    kind: TokenKind
    user_id: str
    name: str
    acts_as: Kind
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    scopes: frozenset[Action] | None = None
    project_id: str | None = None
    parent_id: str | None = None
    address: str = ""
    user_agent: str = ""
    signed_in_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token and its text, which is shown once and kept nowhere."""

    token: Token
    text: str
