from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from server.access import OriginRefused, Role, Site, TokenKind, Unauthenticated
from server.access.errors import FormRefused
from tests.support.access import ADMIN_TOKEN, ORIGIN, Access, connection, open_access

FOREIGN = "http://evil.example"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
@pytest.mark.parametrize("type", ["http", "websocket"])
async def test_a_bearer_token_needs_no_origin(access: Access, scheme: str, type: str) -> None:
    """A token in the Authorization header was sent on purpose, wherever the page is from."""
    headers = {"Authorization": f"{scheme} {await access.token('ada')}", "Origin": FOREIGN}
    assert (await access.authenticator.connection(connection(headers, type=type, method="POST"))).name == "ada"


async def test_a_bad_bearer_is_not_a_visitor(tmp_path: Path) -> None:
    """Whoever gives a token that does not count is refused, also where visitors are allowed."""
    async with open_access(tmp_path, anonymous_role=Role.EDITOR) as access:
        for header in ("Bearer", "Bearer ", "Bearer x", f"Bearer {ADMIN_TOKEN} x"):
            with pytest.raises(Unauthenticated):
                await access.authenticator.connection(connection({"Authorization": header, "Host": "localhost"}))


async def test_tickets_are_for_sockets(access: Access) -> None:
    """A ticket opens sockets and makes no requests; a session's or login link's token does neither."""
    principal = await access.principal("ada")
    ticket = (await access.tokens.create_ticket(principal, "project")).text
    session = (await access.tokens.sign_in(await access.token("ada")))[0].text
    login = await access.tokens.create_login_link()
    handshake = connection({"Authorization": f"Bearer {ticket}"}, type="websocket")
    assert (await access.authenticator.connection(handshake)).project_scope == "project"
    for token in (ticket, session, login):
        with pytest.raises(Unauthenticated):
            await access.authenticator.connection(connection({"Authorization": f"Bearer {token}"}))
    for token in (session, login):
        with pytest.raises(Unauthenticated):
            await access.authenticator.token(token)


@pytest.mark.parametrize(
    ("type", "method", "origin", "allowed"),
    [
        ("http", "GET", None, True),
        ("http", "HEAD", None, True),
        ("http", "GET", FOREIGN, True),
        ("http", "POST", ORIGIN, True),
        ("http", "POST", None, False),
        ("http", "POST", FOREIGN, False),
        ("http", "POST", "null", False),
        ("http", "PUT", FOREIGN, False),
        ("http", "DELETE", FOREIGN, False),
        ("http", "BREW", FOREIGN, False),
        ("websocket", "GET", ORIGIN, True),
        ("websocket", "GET", FOREIGN, False),
        ("websocket", "GET", None, False),
    ],
)
async def test_a_cookie_counts_from_our_own_pages(
    access: Access, type: str, method: str, origin: str | None, allowed: bool
) -> None:
    """A foreign page cannot change anything or open a socket in the name of whoever looks at it."""
    issued, _ = await access.tokens.sign_in(await access.token("ada"))
    headers = {"Cookie": f"atrium={issued.text}"} | ({"Origin": origin} if origin else {})
    request = connection(headers, type=type, method=method)
    if allowed:
        assert (await access.authenticator.connection(request)).name == "ada"
    else:
        with pytest.raises(OriginRefused):
            await access.authenticator.connection(request)


async def test_only_a_session_is_a_cookie(access: Access) -> None:
    """No other token counts in the cookie, the administrator's included."""
    for token in (await access.token("ada"), await access.tokens.create_login_link(), ADMIN_TOKEN, "x", ""):
        with pytest.raises(Unauthenticated):
            await access.authenticator.connection(connection({"Cookie": f"atrium={token}"}))


async def test_nobody_is_let_in_by_default(access: Access) -> None:
    """Without credentials, and with no role for visitors, there is no access."""
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Cookie": "other=1"}):
        with pytest.raises(Unauthenticated):
            await access.authenticator.connection(connection(headers))


async def test_visitors_are_told_apart(tmp_path: Path) -> None:
    """A visitor has one name and colour per browser and machine, and no rights beyond the visitors' role."""
    async with open_access(tmp_path, anonymous_role=Role.EDITOR) as access:
        host = {"Host": "localhost:8000"}
        first = await access.authenticator.connection(connection(host))
        again = await access.authenticator.connection(connection(host, method="POST"))
        other = await access.authenticator.connection(connection(host, peer="192.0.2.77"))
        assert first == again
        assert first.name != other.name
        assert (first.id, first.token_id, first.is_admin) == ("anonymous", None, False)


async def test_a_stale_cookie_makes_a_visitor(tmp_path: Path) -> None:
    """Where visitors are allowed an expired session does not lock anybody out."""
    async with open_access(tmp_path, anonymous_role=Role.VIEWER) as access:
        headers = {"Host": "localhost", "Cookie": "atrium=expired"}
        assert (await access.authenticator.connection(connection(headers))).is_anonymous


async def test_foreign_pages_are_no_visitors(tmp_path: Path) -> None:
    """On a trusted machine a foreign page in its browser still gets nothing."""
    async with open_access(tmp_path, anonymous_role=Role.OWNER) as access:
        for type in ("http", "websocket"):
            request = connection({"Host": "localhost:8000", "Origin": FOREIGN}, type=type, method="POST")
            with pytest.raises(Unauthenticated):
                await access.authenticator.connection(request)


async def test_an_agent_signs_in_as_an_agent(access: Access) -> None:
    """A web session made with an agent's token is the agent's, not its owner's."""
    issued = await access.tokens.create(await access.principal("ada"), TokenKind.AGENT, "bot")
    session, _ = await access.tokens.sign_in(issued.text)
    principal = await access.authenticator.connection(connection({"Cookie": f"atrium={session.text}"}))
    assert principal.name == "bot (ada)"


@pytest.mark.parametrize(
    ("method", "type", "refused"),
    [
        ("POST", "text/plain", True),
        ("POST", "TEXT/PLAIN; charset=utf-8", True),
        ("POST", "application/x-www-form-urlencoded", True),
        ("POST", "multipart/form-data; boundary=x", True),
        ("POST", "application/json", False),
        ("POST", "application/zip", False),
        ("PUT", "text/plain", False),
        ("GET", "text/plain", False),
    ],
)
async def test_no_form_acts_for_a_cookie(access: Access, method: str, type: str, refused: bool) -> None:
    """What a form can send is refused with a cookie, even from our own page; a bearer sends what it likes."""
    token = await access.token("ada")
    issued, _ = await access.tokens.sign_in(token)
    headers = {"Origin": ORIGIN, "Content-Type": type}
    request = connection(headers | {"Cookie": f"atrium={issued.text}"}, method=method)
    if refused:
        with pytest.raises(FormRefused):
            await access.authenticator.connection(request)
    else:
        await access.authenticator.connection(request)
    await access.authenticator.connection(connection(headers | {"Authorization": f"Bearer {token}"}, method=method))


async def test_a_principal_has_an_address(tmp_path: Path) -> None:
    """The client's, through trusted proxies only, by bearer, cookie and ticket, and for visitors."""
    site = Site(trusted_proxies=[ip_network("10.0.0.0/8")])
    async with open_access(tmp_path, anonymous_role=Role.VIEWER, site=site) as access:
        token = await access.token("ada")
        session, _ = await access.tokens.sign_in(token)
        for credential in (
            {"Authorization": f"Bearer {token}"},
            {"Cookie": f"atrium={session.text}"},
            {"Host": "localhost"},
        ):
            headers = credential | {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
            for peer, address in (("192.0.2.1", "192.0.2.1"), ("10.0.0.1", "198.51.100.7")):
                principal = await access.authenticator.connection(connection(headers, peer=peer))
                assert principal.address == address
        assert (await access.authenticator.token(token, address="192.0.2.9")).address == "192.0.2.9"
