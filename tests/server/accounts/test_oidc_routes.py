"""Sign-in with a certified OpenID Connect provider: signed ID tokens, PKCE enforced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from server.settings import OidcSettings
from tests.support.gateway import Serving, serving
from tests.support.identity import CLIENT_ID, CLIENT_SECRET, IdentityProvider, free_port, identity_provider

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]
START, CALLBACK, SESSION = "/api/v1/oidc/start", "/api/v1/oidc/callback", "/api/v1/session"


def settings(provider: IdentityProvider, **changed: Any) -> OidcSettings:
    chosen = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "Acme ID", "create_users": True}
    return OidcSettings(issuer=provider.issuer, **(chosen | changed))


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider(free_port()) as running:
        yield running


@pytest.fixture
async def server(provider: IdentityProvider, tmp_path: Path) -> AsyncIterator[Serving]:
    port = int(provider.server_url.rpartition(":")[2])
    async with serving(tmp_path, port=port, oidc=settings(provider)) as running:
        yield running


async def until_callback(browser: httpx.AsyncClient, next: str = "/p/acme") -> str:
    """Goes to the provider and signs in there; returns where it sends the browser then."""
    response = await browser.get(START, params={"next": next})
    while response.has_redirect_location and CALLBACK not in response.headers["location"]:
        response = await browser.get(httpx.URL(response.url).join(response.headers["location"]))
    return str(response.headers["location"])


async def problem_of(response: httpx.Response) -> str:
    """What the sign-in page is told."""
    assert response.status_code == 303
    assert response.headers["location"].startswith("/login?")
    assert "atrium" not in response.cookies
    return parse_qs(urlsplit(response.headers["location"]).query)["problem"][0]


async def test_signing_in(server: Serving, provider: IdentityProvider) -> None:
    """There and back: a web session of whom the provider vouches for, and the page one came from."""
    async with provider.browser("s1|Ada") as browser:
        assert (await browser.get("/api/v1/sign-in")).json()["oidc"] == [{"name": "Acme ID", "url": START}]
        response = await browser.get(await until_callback(browser))
        assert (response.status_code, response.headers["location"]) == (303, "/p/acme")
        session = (await browser.get(SESSION)).json()
        assert (session["user"]["name"], session["user"]["kind"], session["has_password"]) == ("Ada", "person", False)
        assert session["signed_in_at"] is not None
        assert "atrium-oidc" not in browser.cookies


async def test_the_subject_is_who_it_is(server: Serving, provider: IdentityProvider) -> None:
    """The same subject is the same user; another of the same name is another, whoever has that name here already."""
    local = await server.services.roles.ensure_user("Ada")
    ids = []
    for account in ("s1|Ada", "s1|Ada", "s2|Ada"):
        async with provider.browser(account) as browser:
            await browser.get(await until_callback(browser))
            ids.append((await browser.get(SESSION)).json()["user"]["id"])
    assert ids[0] == ids[1]
    assert len({local.id, *ids}) == 3


@pytest.mark.parametrize("next", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", ""])
async def test_the_way_on_stays_here(server: Serving, provider: IdentityProvider, next: str) -> None:
    """Nobody is sent to another site after signing in."""
    async with provider.browser("s1|Ada") as browser:
        response = await browser.get(await until_callback(browser, next))
        assert response.headers["location"] == "/"


async def test_an_answer_counts_once_and_for_one_browser(server: Serving, provider: IdentityProvider) -> None:
    """The callback's address is of no use again, changed, or in another browser: no login CSRF, no replay."""
    async with provider.browser("s1|Ada") as browser, provider.browser(None) as other:
        callback = await until_callback(browser)
        cookies = dict(browser.cookies)
        assert await problem_of(await other.get(callback)) == "oidc.failed"
        changed = callback.replace("state=", "state=x")
        assert await problem_of(await other.get(changed, headers=cookie(cookies))) == "oidc.failed"
        foreign = callback.replace("iss=http%3A%2F%2F127", "iss=http%3A%2F%2F128")
        assert foreign != callback
        assert await problem_of(await other.get(foreign, headers=cookie(cookies))) == "oidc.failed"
        assert (await browser.get(callback)).headers["location"] == "/p/acme"
        assert await problem_of(await other.get(callback, headers=cookie(cookies))) == "oidc.failed"


def cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


async def test_without_a_cookie_or_with_garbage(server: Serving, provider: IdentityProvider) -> None:
    """A callback that nobody started is refused, whatever stands in the cookie."""
    async with provider.browser(None) as browser:
        for value in ("", "x", "e30", "W10", "bnVsbA", "é".encode().hex(), "A" * 4000):
            response = await browser.get(CALLBACK, params={"state": "x"}, headers={"Cookie": f"atrium-oidc={value}"})
            assert await problem_of(response) == "oidc.failed"


async def test_giving_up(server: Serving, provider: IdentityProvider) -> None:
    """Who is not signed in there is not signed in here."""
    async with provider.browser(None) as browser:
        assert await problem_of(await browser.get(await until_callback(browser))) == "oidc.failed"


async def test_signing_in_ends_the_session_before(server: Serving, provider: IdentityProvider) -> None:
    """The session that the browser had counts no more."""
    async with provider.browser("s1|Ada") as browser:
        await browser.get(await until_callback(browser))
        former = browser.cookies["atrium"]
        await browser.get(await until_callback(browser))
        assert browser.cookies["atrium"] != former
    async with provider.browser(None) as other:
        assert (await other.get(SESSION, headers={"Cookie": f"atrium={former}"})).status_code == 401


async def test_linking_an_account(server: Serving, provider: IdentityProvider) -> None:
    """Who is signed in links their account; from then on the provider signs them in, and nobody else can link it."""
    user = await server.services.roles.ensure_user("ada")
    async with provider.browser("s1|Somebody") as browser:
        await sign_in_with_password(server, browser, "ada")
        begun = await browser.post("/api/v1/oidc/link", json={"next": "/account"}, headers={"Origin": server.url})
        response = await follow(browser, begun.json()["url"])
        assert response.headers["location"] == "/account"
    async with provider.browser("s1|Somebody") as browser:
        await browser.get(await until_callback(browser))
        assert (await browser.get(SESSION)).json()["user"]["id"] == user.id
    await server.services.roles.ensure_user("eve")
    async with provider.browser("s1|Somebody") as browser:
        await sign_in_with_password(server, browser, "eve")
        begun = await browser.post("/api/v1/oidc/link", json={}, headers={"Origin": server.url})
        response = await follow(browser, begun.json()["url"])
        assert response.headers["location"] == "/login?problem=oidc.linked"


async def sign_in_with_password(server: Serving, browser: httpx.AsyncClient, name: str) -> None:
    async with server.client() as admin:
        (await admin.patch(f"/api/v1/users/{name}", json={"password": "correct horse"})).raise_for_status()
    body = {"user": name, "password": "correct horse"}
    (await browser.post(SESSION, json=body, headers={"Origin": server.url})).raise_for_status()


async def follow(browser: httpx.AsyncClient, url: str) -> httpx.Response:
    """Goes through the provider and back to the callback's answer."""
    response = await browser.get(url)
    while CALLBACK not in str(response.url):
        response = await browser.get(httpx.URL(response.url).join(response.headers["location"]))
    return response


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"create_users": False}, "oidc.unknown_user"),
        ({"client_secret": "wrong"}, "oidc.failed"),
    ],
)
async def test_who_is_refused(
    provider: IdentityProvider, tmp_path: Path, changed: dict[str, Any], problem: str
) -> None:
    """A subject that nobody is linked to, where none is made; and a server that the provider does not know."""
    port = int(provider.server_url.rpartition(":")[2])
    async with serving(tmp_path, port=port, oidc=settings(provider, **changed)), provider.browser("s1|Ada") as browser:
        assert await problem_of(await browser.get(await until_callback(browser))) == problem


async def test_a_provider_that_is_away(tmp_path: Path) -> None:
    """The person is sent back to the sign-in page, and the other ways stay open."""
    nobody = OidcSettings(issuer=f"http://127.0.0.1:{free_port()}", client_id=CLIENT_ID)
    async with serving(tmp_path, oidc=nobody) as server, server.client() as client:
        assert await problem_of(await client.get(START)) == "oidc.unavailable"
        assert (await client.get(SESSION)).status_code == 200


async def test_without_a_provider(tmp_path: Path) -> None:
    """Where none is configured none is offered."""
    async with serving(tmp_path) as server, server.client() as client:
        assert (await client.get("/api/v1/sign-in")).json()["oidc"] == []
        assert await problem_of(await client.get(START)) == "oidc.off"
        assert (await client.post("/api/v1/oidc/link", json={})).status_code in (403, 404)
