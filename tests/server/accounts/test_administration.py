"""What an administrator does to users is felt where they are connected."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.clients import hocuspocus, y_websocket
from tests.support.gateway import Serving, serving

DOCUMENT = "acme/docs/a"
UNAUTHENTICATED = 4401
USER, PASSWORD = "/api/v1/users/mia", "correct horse"


async def web_session_ticket(server: Serving, browser: httpx.AsyncClient) -> str:
    """A socket ticket of mia's web session."""
    body = {"user": "mia", "password": PASSWORD}
    (await browser.post("/api/v1/session", json=body)).raise_for_status()
    return str((await browser.post("/api/v1/tickets", json={"project": "acme"})).json()["ticket"])


@pytest.mark.parametrize(
    ("method", "path", "body", "ends_keys"),
    [
        ("PATCH", USER, {"disabled": True}, True),
        ("PATCH", USER, {"password": "another horse"}, False),
        ("POST", f"{USER}:sign-out", None, False),
    ],
)
async def test_live_sockets_are_closed(
    tmp_path: Path, method: str, path: str, body: dict[str, object] | None, ends_keys: bool
) -> None:
    """Disabling closes every socket of the user with 4401; a new password and signing out, those of web sessions."""
    async with serving(tmp_path / "data") as server:
        key = await server.member(await server.project(), "editor")
        async with server.client() as admin, server.client({"Origin": server.url}) as browser:
            await admin.patch(USER, json={"password": PASSWORD})
            ticket = await web_session_ticket(server, browser)
            async with (
                y_websocket(server.sync_url, DOCUMENT, ticket) as in_browser,
                hocuspocus(server.sync_url, DOCUMENT, key) as by_key,
            ):
                await in_browser.synced()
                await by_key.synced()
                (await admin.request(method, path, json=body)).raise_for_status()
                assert await in_browser.closed() == UNAUTHENTICATED
                if ends_keys:
                    assert await by_key.closed() == UNAUTHENTICATED
                else:
                    await by_key.type("still here")
                    await by_key.all_saved()
