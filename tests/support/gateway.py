"""The whole server inside the test's own process and event loop: its services are at hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from server.access import Role
from server.app import build_app
from server.gateway import build_server
from server.kit import metrics
from server.projects import Project
from server.services import Services, open_services
from server.settings import Limits, Settings
from tests.support.atrium import ADMIN_TOKEN
from tests.support.migrated import put_migrated
from tests.support.network import CLOSE_FRAME, connect, frames, handshake, read_head
from tests.support.waiting import PATIENCE_S

# One machine, and often one user, is every client of a test.
ONE_MACHINE = {
    "connections_per_address": 5000,
    "connections_per_user": 5000,
    "requests_per_s": 100_000,
    "sign_ins_per_address": 100_000,
}
ADMINISTRATOR = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that accepts connections."""

    services: Services
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def sync_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/sync"

    def client(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """A REST client; the administrator's unless it has other headers."""
        chosen = ADMINISTRATOR if headers is None else headers
        return httpx.AsyncClient(base_url=self.url, headers=chosen, timeout=PATIENCE_S)

    async def project(self, slug: str = "acme") -> Project:
        """A project of that name."""
        await self.services.projects.ensure(slug)
        return await self.services.projects.get_by_slug(slug)

    async def member(self, project: Project, role: str, name: str = "mia") -> str:
        """A token of a user who has `role` in `project`."""
        user = await self.services.roles.ensure_user(name)
        await self.services.roles.set_role(project.id, user.id, Role(role))
        return (await self.services.tokens.create_for(user, "test")).text

    async def leave(self, project: Project, name: str = "mia") -> None:
        """The user is no member of `project` any more."""
        user = await self.services.roles.ensure_user(name)
        await self.services.roles.remove_role(project.id, user.id)


@asynccontextmanager
async def serving(data: Path, limits: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[Serving]:
    """Serves on a free port until the block ends."""
    chosen = {"data_dir": data, "port": 0, "admin_token": ADMIN_TOKEN, "durability": "process"} | settings
    checked = Settings(limits=Limits(**(ONE_MACHINE | (limits or {}))), **chosen)
    put_migrated(checked.data_dir / "atrium.db")
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def on_listening(url: str) -> None:
        services.site.listens_on(url)
        listening.set_result(url)

    async with open_services(checked) as services:
        server = build_server(build_app(services), checked, drain=services.gateway.drain, listening=on_listening)
        running = asyncio.create_task(server.serve())
        try:
            await asyncio.wait([running, listening], return_when=asyncio.FIRST_COMPLETED)
            yield Serving(services, listening.result())
        finally:
            server.should_exit = server.force_exit = True
            await running


@asynccontextmanager
async def raw_socket(port: int, path: str, *, receive_buffer: int | None = None) -> AsyncIterator[socket.socket]:
    """A WebSocket past its handshake, to be treated badly."""
    with connect(port, receive_buffer=receive_buffer) as sock:
        sock.sendall(handshake(path))
        head = await asyncio.to_thread(read_head, sock)
        assert b" 101 " in head, head
        yield sock


def reading_pauses() -> float:
    """How often the server has stopped reading from some socket."""
    return metrics.REGISTRY.get_sample_value("atrium_throttled_total") or 0


async def close_code(sock: socket.socket) -> int | None:
    """Reads to the end; the code of the close frame, None when the connection ends without one."""

    def read() -> bytes:
        received = b""
        with suppress(ConnectionError):
            while piece := sock.recv(65536):
                received += piece
        return received

    bodies = [body for opcode, body in frames(await asyncio.to_thread(read)) if opcode == CLOSE_FRAME]
    return int.from_bytes(bodies[0][:2]) if bodies else None
