"""Access and projects on a real database, behind a real application, on a clock moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import httpx
from argon2 import PasswordHasher
from argon2.low_level import Type
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from server import access, accounts, projects
from server.access import (
    AccessChanged,
    Authenticator,
    Principal,
    Role,
    RolePolicy,
    RoleService,
    ServerRole,
    Site,
    TokenRevoked,
    TokenService,
    TokenVerifier,
)
from server.accounts import Accounts, SignInThrottle
from server.kit.audit import Act
from server.kit.clock import ManualClock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.http import install_problem_handlers
from server.projects import ProjectDeleted, ProjectService
from tests.support.migrated import open_migrated

ADMIN_TOKEN = "an-administrator-token-of-enough-characters"
HOST = "atrium.example.com"
ORIGIN = f"http://{HOST}"


class CountingHasher(PasswordHasher):
    """argon2 with the least work it takes, and how often it was asked to work."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1, hash_len=4, salt_len=8, type=Type.ID)
        self.worked = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.worked += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.worked += 1
        return super().verify(hash, password)


class Access:
    """The features wired as the server does, and what they published."""

    def __init__(self, database: Database, *, anonymous_role: Role | None, admin_token: str, site: Site) -> None:
        self.database = database
        self.clock = ManualClock()
        self.events = EventBus()
        self.published: list[object] = []
        self.acts: list[Act] = []
        self.events.subscribe(Act, self.acts.append)
        for event in (TokenRevoked, AccessChanged, ProjectDeleted):
            self.events.subscribe(event, self.published.append)
        self.roles = RoleService(database, self.events, self.clock, anonymous_role=anonymous_role)
        self.verifier = TokenVerifier(database, self.clock, admin_token=admin_token)
        self.tokens = TokenService(database, self.events, self.clock, self.verifier)
        self.authenticator = Authenticator(self.verifier, self.roles, site)
        self.policy = RolePolicy(self.roles)
        self.projects = ProjectService(database, self.events, self.clock, roles=self.roles)
        self.hasher = CountingHasher()
        self.accounts = Accounts(
            database,
            self.events,
            self.clock,
            roles=self.roles,
            tokens=self.tokens,
            policy=self.policy,
            throttle=SignInThrottle(self.clock, per_name=10, per_address=100),
            hasher=self.hasher,
        )
        site.listens_on(ORIGIN)
        self.app = self._build_app(site)

    def _build_app(self, site: Site) -> FastAPI:
        app = FastAPI()
        app.state.authenticator = self.authenticator
        install_problem_handlers(app)
        find = self.projects.find_id
        app.include_router(access.routes(tokens=self.tokens, policy=self.policy, find_project=find))
        app.include_router(
            accounts.routes(
                self.accounts,
                projects=self.projects,
                policy=self.policy,
                authenticator=self.authenticator,
                site=site,
                anonymous=self.roles.anonymous_role is not None,
            )
        )
        app.include_router(access.policy_routes(roles=self.roles, policy=self.policy, find_project=find))
        app.include_router(projects.routes(projects=self.projects, roles=self.roles, policy=self.policy))
        return app

    def client(self, token: str | None = None, *, scheme: str = "http", **headers: str) -> httpx.AsyncClient:
        """A client of the application; a bearer if it has a token."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://{HOST}", headers=headers)

    async def token(self, name: str, role: str | None = None) -> str:
        """A personal token of a user, a new one if need be, with a role on the whole server."""
        user = await self.roles.ensure_user(name)
        if role is not None:
            await self.roles.set_server_role(user, ServerRole(role))
        return (await self.tokens.create_for(user, "test")).text

    async def principal(self, name: str, role: str | None = None) -> Principal:
        """The same, authenticated."""
        return await self.authenticator.token(await self.token(name, role))

    @asynccontextmanager
    async def sign_in(self, token: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser on our own page, signed in: it keeps the cookie."""
        async with self.client(Origin=ORIGIN) as browser:
            (await browser.post("/api/v1/session", json={"token": token})).raise_for_status()
            yield browser


@asynccontextmanager
async def open_access(
    place: Path | str, *, anonymous_role: Role | None = None, admin_token: str = ADMIN_TOKEN, site: Site | None = None
) -> AsyncIterator[Access]:
    """Access on a database by URL, or on SQLite in a folder; several at once are several processes to each other."""
    url = place if isinstance(place, str) else f"sqlite:///{place / 'atrium.db'}"
    database = open_migrated(url, "process")
    opened = Access(database, anonymous_role=anonymous_role, admin_token=admin_token, site=site or Site())
    try:
        yield opened
    finally:
        await opened.accounts.close()
        database.close()


def connection(
    headers: Mapping[str, str] | None = None,
    *,
    type: str = "http",
    method: str = "GET",
    scheme: str = "http",
    peer: str = "192.0.2.1",
) -> HTTPConnection:
    """A request or handshake as Starlette hands it over."""
    given = {"host": HOST} | {name.lower(): value for name, value in (headers or {}).items()}
    scope = {
        "type": type,
        "scheme": scheme,
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (peer, 50000),
        "server": (HOST, 80),
    }
    return HTTPConnection(scope | ({"method": method} if type == "http" else {}))
