"""A real OpenID Connect provider, in a Node process of its own: `tests/identity/provider.mjs`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.node import ENVIRONMENT, install, node
from tests.support.waiting import PATIENCE_S

IDENTITY = Path(__file__).parents[1] / "identity"
CLIENT_ID, CLIENT_SECRET = "atrium", "a secret/with+signs%"


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """A provider that knows one client: this server, at `server_url`."""

    issuer: str
    server_url: str

    def browser(self, account: str | None) -> httpx.AsyncClient:
        """A browser that goes where it is sent; at the provider it is `account`, None is somebody who gives up.

        An account is its subject and, after a `|`, what the provider calls it.
        """
        headers = {} if account is None else {"X-Account": account}
        return httpx.AsyncClient(base_url=self.server_url, headers=headers, timeout=PATIENCE_S)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@asynccontextmanager
async def identity_provider(server_port: int) -> AsyncIterator[IdentityProvider]:
    """Runs until the block ends."""
    port, server_url = free_port(), f"http://127.0.0.1:{server_port}"
    process = await asyncio.create_subprocess_exec(
        node(),
        str(install(IDENTITY) / "provider.mjs"),
        str(port),
        f"{server_url}/api/v1/oidc/callback",
        env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        assert line == b"listening\n", line
        yield IdentityProvider(f"http://127.0.0.1:{port}", server_url)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
