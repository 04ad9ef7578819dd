"""Who is let in at a socket, by which credential."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from server.access import Principal
from server.services import Services
from tests.support.atrium import ADMIN_TOKEN
from tests.support.clients import hocuspocus, open_socket, y_websocket
from tests.support.gateway import ADMINISTRATOR, Serving, serving

DOCUMENT = "acme/docs/a"
UNAUTHENTICATED, FORBIDDEN = 4401, 4403
UNKNOWN = "atr_pat_abcdefgh_" + "x" * 43 + "_000000"


async def administrator(services: Services) -> Principal:
    return await services.authenticator.token(ADMIN_TOKEN)


async def ticket(server: Serving) -> str:
    """A socket ticket of the administrator for the project."""
    project = await server.project()
    return (await server.services.tokens.create_ticket(await administrator(server.services), project.id)).text


async def cookie(server: Serving) -> str:
    """A web session's cookie, as a browser sends it back."""
    async with server.client({"Origin": server.url}) as browser:
        answer = await browser.post("/api/v1/session", json={"token": ADMIN_TOKEN})
        return f"atrium={answer.cookies['atrium']}"


async def closing(server: Serving, path: str, **options: object) -> tuple[int | None, str]:
    """The close code and reason for a socket that says the first word of a y-websocket client."""
    async with open_socket(server.sync_url + path, **options) as socket:
        with suppress(ConnectionClosed):
            await socket.send(b"\x00\x00\x01\x00")
        await socket.wait_closed()
        return socket.close_code, socket.close_reason or ""


async def test_a_bearer_token_in_the_header(server: Serving) -> None:
    """Programs put their token into the Authorization header."""
    async with y_websocket(server.sync_url, DOCUMENT, additional_headers=ADMINISTRATOR) as client:
        await client.synced()


async def test_a_token_in_the_query(server: Serving) -> None:
    """y-websocket's `params: {token}` works on loopback."""
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.synced()


async def test_a_token_in_the_query_where_urls_are_logged(tmp_path: Path) -> None:
    """Where query tokens are off, a long-lived one is refused and told what to do; a ticket works."""
    async with serving(tmp_path / "data", allow_query_token=False) as server:
        await server.project()
        code, reason = await closing(server, f"/{DOCUMENT}?token={ADMIN_TOKEN}")
        assert code == UNAUTHENTICATED
        assert "/api/v1/tickets" in reason
        async with y_websocket(server.sync_url, DOCUMENT, await ticket(server)) as client:
            await client.synced()


async def test_a_ticket_in_the_query(server: Serving) -> None:
    """A ticket is good for more than one connection: clients reconnect by themselves."""
    url = f"{server.sync_url}/{DOCUMENT}?ticket={await ticket(server)}"
    for _ in range(2):
        async with open_socket(url) as socket:
            await socket.send(b"\x00\x00\x01\x00")
            assert (await socket.recv())[:2] == b"\x00\x00"


async def test_a_ticket_as_subprotocol(server: Serving) -> None:
    """Where only subprotocols can be set, a ticket goes there; the answer names our protocol, never the ticket."""
    offered = ["atrium.v1", f"atrium.ticket.{await ticket(server)}"]
    async with open_socket(f"{server.sync_url}/{DOCUMENT}", subprotocols=offered) as socket:
        assert socket.subprotocol == "atrium.v1"
        await socket.send(b"\x00\x00\x01\x00")
        assert (await socket.recv())[:2] == b"\x00\x00"


async def test_a_cookie_from_our_own_page(server: Serving) -> None:
    """The browser's sign-in opens sockets from pages of this server, in both dialects."""
    headers = {"Cookie": await cookie(server), "Origin": server.url}
    async with (
        y_websocket(server.sync_url, DOCUMENT, additional_headers=headers) as one,
        hocuspocus(server.sync_url, DOCUMENT, "", additional_headers=headers) as two,
    ):
        await one.synced()
        await two.synced()


@pytest.mark.parametrize("origin", ["https://evil.example", None])
async def test_a_cookie_from_elsewhere(origin: str | None, server: Serving) -> None:
    """A foreign page's socket is refused, although the browser sends the cookie with it."""
    headers = {"Cookie": await cookie(server)} | ({"Origin": origin} if origin else {})
    code, _reason = await closing(server, f"/{DOCUMENT}", additional_headers=headers)
    assert code == FORBIDDEN


@pytest.mark.parametrize("path", [f"/{DOCUMENT}", f"/{DOCUMENT}?token={UNKNOWN}", f"/{DOCUMENT}?ticket=nonsense"])
async def test_nobody_is_let_in(path: str, server: Serving) -> None:
    """No token and a wrong token are both 4401: the client does not come again with the same."""
    assert (await closing(server, path))[0] == UNAUTHENTICATED


async def test_a_wrong_header_is_not_a_visitor(tmp_path: Path) -> None:
    """Where visitors are let in, somebody with a bad token still learns that it is bad."""
    async with serving(tmp_path / "data", anonymous_role="editor") as server:
        await server.project()
        bad = {"Authorization": f"Bearer {UNKNOWN}"}
        assert (await closing(server, f"/{DOCUMENT}", additional_headers=bad))[0] == UNAUTHENTICATED
        async with y_websocket(server.sync_url, DOCUMENT) as visitor:
            await visitor.synced()


async def test_an_auth_message(server: Serving) -> None:
    """Hocuspocus clients bring their token in a message; the socket itself may be nobody's."""
    async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        assert await client.hears("authenticated") == "read-write"


async def test_a_refused_auth_message_leaves_the_socket(server: Serving) -> None:
    """A bad token is denied for that document; the right one on the same socket is taken."""
    async with hocuspocus(server.sync_url, DOCUMENT, UNKNOWN) as client:
        assert "token" in await client.hears("denied")
        await client.authenticate(ADMIN_TOKEN)
        await client.hears("authenticated")
        await client.synced()


async def test_an_empty_token_is_the_sockets_own(server: Serving) -> None:
    """An Auth message without a token stands for whoever opened the socket, and denies nobody."""
    async with hocuspocus(server.sync_url, DOCUMENT, "", additional_headers=ADMINISTRATOR) as client:
        await client.hears("authenticated")
    async with hocuspocus(server.sync_url, DOCUMENT, "") as stranger:
        await stranger.hears("denied")


async def test_no_auth_message_at_all(server: Serving) -> None:
    """Version 2 without a token sends none: the socket's own principal, or denied."""
    async with hocuspocus(server.sync_url, DOCUMENT, None, additional_headers=ADMINISTRATOR) as client:
        await client.synced()
        assert client.kinds()[:3] == ["authenticated", "step1", "step2"]
    async with hocuspocus(server.sync_url, DOCUMENT, None) as stranger:
        await stranger.step1()
        await stranger.hears("denied")
