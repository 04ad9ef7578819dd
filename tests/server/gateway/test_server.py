"""The process around the application: its address, and signals."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from server.gateway.errors import CannotListen
from tests.support.atrium import ADMIN_TOKEN, STOP_TIMEOUT_S, Atrium
from tests.support.clients import y_websocket
from tests.support.gateway import serving


async def test_an_address_in_use(tmp_path: Path) -> None:
    """A port that somebody else has is an error that says so and what to do, not the end of the process."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = serving(tmp_path / "data", port=taken.getsockname()[1])
        with pytest.raises(CannotListen, match=r"127\.0\.0\.1:\d+: Address already in use.*--port"):
            await server.__aenter__()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_addresses(host: str, tmp_path: Path) -> None:
    """The server says under which URL it listens."""
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    async with serving(tmp_path / "data", host=host) as server, server.client() as rest:
        assert (await rest.get("/healthz")).status_code == 200


async def test_a_second_signal(tmp_path: Path) -> None:
    """Who does not want to wait for the drain sends the signal twice; what was admitted is stored all the same."""
    with Atrium(tmp_path / "data", ATRIUM_DRAIN_S="300") as atrium:
        document = f"{atrium.create_project()}/docs/a"
        async with y_websocket(atrium.sync_url, document, ADMIN_TOKEN) as client:
            await client.synced()
            await client.type("kept")
            await client.y_sweet_status(1)
            await client.hears("echo")
            clients = [y_websocket(atrium.sync_url, document, ADMIN_TOKEN) for _ in range(10)]
            for other in clients:
                await other.__aenter__()
            atrium.process.send_signal(signal.SIGTERM)
            await client.closed()
            atrium.process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(atrium.process.wait, STOP_TIMEOUT_S)
            for other in clients:
                await other.__aexit__(None, None, None)
        assert code == 0
