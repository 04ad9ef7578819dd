"""The REST of files in this process: real services, no sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from server import files
from server.access import Role
from server.kit.http import install_problem_handlers
from server.projects import Project
from server.services import Services, open_services
from server.settings import Limits, Settings
from tests.support.migrated import put_migrated

ADMIN_TOKEN = "administrator-token-of-enough-characters"
UPLOAD_BYTES = 1_000_000
TEXT_BYTES = 200_000
UPDATE_BYTES = 100_000
FILES = "/api/v1/projects/acme/files"


@dataclass(frozen=True)
class Stack:
    """Everything under the REST of files; `client` is an administrator, the project is `acme`."""

    client: httpx.AsyncClient
    app: FastAPI
    services: Services
    project: Project

    async def client_of(self, name: str, role: Role | None) -> httpx.AsyncClient:
        """A client of a new user, who has `role` in the project."""
        user = await self.services.roles.ensure_user(name)
        if role is not None:
            await self.services.roles.set_role(self.project.id, user.id, role)
        issued = await self.services.tokens.create_for(user, "test")
        return _client(self.app, issued.text)

    async def put(self, path: str, content: bytes | str, version: str | None = None) -> httpx.Response:
        """Creates a file, or replaces its `version`."""
        headers = {"If-None-Match": "*"} if version is None else {"If-Match": version}
        return await self.client.put(f"{FILES}/{path}", content=content, headers=headers)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A file."""
        return await self.client.get(f"{FILES}/{path}", headers=headers)

    async def post(self, verb: str, body: dict[str, Any]) -> httpx.Response:
        """`files:{verb}` with a JSON body."""
        return await self.client.post(f"{FILES}:{verb}", json=body)

    async def paths(self) -> list[str]:
        """All paths of the project."""
        return [entry.path for entry in await self.services.files.tree(self.project.id)]


@asynccontextmanager
async def running_stack(folder: Path) -> AsyncIterator[Stack]:
    """Starts everything on a database in `folder`, with one project."""
    limits = Limits(upload_bytes=UPLOAD_BYTES, text_file_bytes=TEXT_BYTES, update_bytes=UPDATE_BYTES)
    settings = Settings(
        data_dir=folder, admin_token=SecretStr(ADMIN_TOKEN), durability="process", database_url=None, limits=limits
    )
    put_migrated(folder / "atrium.db")
    async with open_services(settings) as services:
        app = FastAPI()
        app.state.authenticator = services.authenticator
        install_problem_handlers(app)
        gate, blobs = services.gate, services.blobs
        for router in (
            files.routes(services.files, gate),
            files.content_routes(services.contents, blobs, gate, upload_bytes=UPLOAD_BYTES),
            files.archive_routes(services.archives, blobs, gate),
            files.documents_routes(
                services.documents,
                services.listing,
                services.resolver,
                services.rooms,
                services.files,
                gate,
                services.exporter,
                update_bytes=UPDATE_BYTES,
            ),
        ):
            app.include_router(router, prefix="/api/v1")
        admin = await services.authenticator.token(ADMIN_TOKEN)
        project = await services.projects.create("acme", "Acme", owner=admin)
        async with _client(app, ADMIN_TOKEN) as client:
            yield Stack(client, app, services, project)


def _client(app: FastAPI, token: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
