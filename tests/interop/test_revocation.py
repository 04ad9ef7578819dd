"""Real clients of every family, unchanged, when what they may do is taken away: all close, with the right code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from httpx_ws import WebSocketDisconnect, aconnect_ws
from pycrdt import Doc, Provider, Text
from pycrdt.websocket.websocket import HttpxWebsocket

from tests.support.atrium import Atrium
from tests.support.waiting import until
from tests.support.yjs import FAMILIES, Driver

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

USERS = "/api/v1/users"
POLICY, UNAUTHENTICATED, FORBIDDEN = 1008, 4401, 4403


class ClosingWebsocket(HttpxWebsocket):  # type: ignore[misc] # pycrdt's class is not typed
    """pycrdt's channel, which remembers how its socket was closed."""

    code: int | None = None

    async def recv(self) -> bytes:
        try:
            return bytes(await super().recv())
        except WebSocketDisconnect as end:
            self.code = end.code
            raise


@asynccontextmanager
async def provided(atrium: Atrium, document: str, token: str) -> AsyncIterator[ClosingWebsocket]:
    """pycrdt's provider in step with a document of one text."""
    doc: Doc[Any] = Doc()
    url = f"{atrium.url.replace('http', 'ws', 1)}/sync/{quote(document)}?token={token}"
    async with aconnect_ws(url) as websocket:
        channel = ClosingWebsocket(websocket, document)
        async with Provider(doc, channel):
            await until(lambda: str(doc.get("content", type=Text)) == "text", what="the provider's text")
            yield channel


def revoke(atrium: Atrium, _project: str, _user: str, token: str) -> None:
    """By the command line: the server is told by nobody."""
    atrium.command("token", "revoke", token.split("_")[2])


def disable(atrium: Atrium, _project: str, user: str, _token: str) -> None:
    atrium.request("PATCH", f"{USERS}/{user}", json={"disabled": True})


def lower(atrium: Atrium, project: str, user: str, _token: str) -> None:
    atrium.request("PUT", f"/api/v1/projects/{project}/members/{user}", json={"role": "viewer"})


def expire(atrium: Atrium, project: str, user: str, _token: str) -> None:
    """All that remains is a grant, which ends by itself."""
    ends = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    grant = {"user": user, "resource": "file/**", "actions": ["write"], "until": ends}
    atrium.request("POST", f"/api/v1/projects/{project}/grants", json=grant)
    atrium.request("DELETE", f"/api/v1/projects/{project}/members/{user}")


def first_close(status: dict[str, Any]) -> int | None:
    return next((event["close"] for event in status["events"] if "close" in event), None)


@pytest.mark.parametrize(
    ("take_away", "code"),
    [(revoke, UNAUTHENTICATED), (disable, UNAUTHENTICATED), (lower, POLICY), (expire, FORBIDDEN)],
)
async def test_every_client_is_closed(
    take_away: Callable[[Atrium, str, str, str], None], code: int, shared_atrium: Atrium, yjs: Driver
) -> None:
    """Token revoked, user disabled, role lowered, grant expired: each family's socket closes with its code."""
    project = shared_atrium.create_project()
    document = shared_atrium.create_file(project, "a.txt", "text")
    user = f"user-of-{project}"
    token = shared_atrium.token(project, "editor", user)
    async with AsyncExitStack() as stack:
        peers = [
            await yjs.open(family, url=shared_atrium.sync_url, document=document, token=token) for family in FAMILIES
        ]
        for peer in peers:
            await peer.synced()
        channel = await stack.enter_async_context(provided(shared_atrium, document, token))
        take_away(shared_atrium, project, user, token)
        for family, peer in zip(FAMILIES, peers, strict=True):
            status = await peer.shows(first_close)
            assert first_close(status) == code, family
        await until(lambda: channel.code is not None, what="the provider's socket is closed")
        assert channel.code == code
