from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.access import Role
from server.access.model import TokenKind
from server.access.token_format import new_token
from tests.support.access import ADMIN_TOKEN, ORIGIN, Access, open_access

SESSION, TOKENS, TICKETS = "/api/v1/session", "/api/v1/tokens", "/api/v1/tickets"

BAD_TOKENS = {
    "empty": "",
    "blank": "   ",
    "not a token": "hello",
    "unknown": new_token(TokenKind.PERSONAL)[0],
    "unknown login link": new_token(TokenKind.LOGIN)[0],
    "other kind of thing": "eyJhbGciOiJub25lIn0.e30.",
    "truncated": new_token(TokenKind.PERSONAL)[0][:-1],
    "wrong checksum": new_token(TokenKind.PERSONAL)[0][:-8] + "00000000",
    "unknown kind": new_token(TokenKind.PERSONAL)[0].replace("pat", "xxx"),
    "oversized": "atr_pat_" + "a" * 100_000,
    "non-ASCII": "atr_pat_é",
    "SQL": "' OR 1=1 --",
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
async def test_every_bad_token_answers_alike(access: Access, token: str) -> None:
    """Malformed, unknown, oversized: always 401 with the same body, as a bearer and at sign-in."""
    async with access.client() as client:
        nothing = await client.get(SESSION)
        signing_in = await client.post(SESSION, json={"token": token})
        bearer = await client.get(SESSION, headers={"Authorization": f"Bearer {token}".encode()})
    assert nothing.status_code == signing_in.status_code == bearer.status_code == 401
    assert nothing.content == signing_in.content == bearer.content
    assert nothing.headers["content-type"] == "application/problem+json"
    assert nothing.headers["www-authenticate"].startswith("Bearer")
    assert "set-cookie" not in signing_in.headers


async def test_the_login_link_signs_the_administrator_in(access: Access) -> None:
    """The link's token is exchanged for a cookie that carries on; a second use is refused."""
    link = await access.tokens.create_login_link()
    async with access.sign_in(link) as browser:
        answer = await browser.get(SESSION)
        assert answer.json() == {
            "user": {"id": "admin", "name": "admin", "hue": 2, "kind": "person"},
            "is_admin": True,
            "anonymous": False,
        }
        assert (await browser.post(SESSION, json={"token": link})).status_code == 401


async def test_sign_in_answers_with_a_safe_cookie(access: Access) -> None:
    """201 with who one is, and a cookie that scripts cannot read; the body has no token."""
    async with access.client() as client:
        answer = await client.post(SESSION, json={"token": ADMIN_TOKEN})
    assert answer.status_code == 201
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert "atr_ses" not in answer.text


async def test_over_tls_the_cookie_is_a_host_cookie(access: Access) -> None:
    """Over https the cookie is Secure with the __Host- prefix, and it is the one that is read."""
    async with access.client(scheme="https", Origin=ORIGIN.replace("http:", "https:")) as client:
        answer = await client.post(SESSION, json={"token": ADMIN_TOKEN})
        assert answer.headers["set-cookie"].startswith("__Host-atrium=")
        assert "Secure" in answer.headers["set-cookie"]
        assert (await client.get(SESSION)).json()["is_admin"]


async def test_signing_out_ends_the_session(access: Access) -> None:
    """After DELETE the cookie is gone from the browser, and useless to who kept a copy."""
    async with access.sign_in(ADMIN_TOKEN) as browser:
        copy = browser.cookies["atrium"]
        assert (await browser.delete(SESSION)).status_code == 204
        assert "atrium" not in browser.cookies
        assert (await browser.get(SESSION, headers={"Cookie": f"atrium={copy}"})).status_code == 401
        assert (await browser.delete(SESSION)).status_code == 204


async def test_a_foreign_page_signs_nobody_in_or_out(access: Access) -> None:
    """Neither login CSRF nor sign-out CSRF: a foreign origin is refused, and the session stays."""
    foreign = {"Origin": "http://evil.example"}
    async with access.sign_in(ADMIN_TOKEN) as browser:
        signing_in = await browser.post(SESSION, json={"token": ADMIN_TOKEN}, headers=foreign)
        signing_out = await browser.delete(SESSION, headers=foreign)
        assert (signing_in.status_code, signing_out.status_code) == (403, 403)
        assert signing_in.json()["code"] == "access.origin"
        assert (await browser.get(SESSION)).status_code == 200


async def test_a_form_cannot_sign_in(access: Access) -> None:
    """What an HTML form can send is not taken for JSON."""
    async with access.client() as client:
        for type in ("text/plain", "application/x-www-form-urlencoded"):
            body = f'{{"token": "{ADMIN_TOKEN}"}}'
            answer = await client.post(SESSION, content=body, headers={"Content-Type": type})
            assert answer.status_code == 422


async def test_a_visitor_is_shown_as_one(tmp_path: Path) -> None:
    """Where visitors are allowed the session names a guest."""
    async with open_access(tmp_path, anonymous_role=Role.VIEWER) as access, access.client() as client:
        answer = await client.get(SESSION, headers={"Host": "localhost"})
        assert answer.json()["anonymous"] is True
        assert answer.json()["user"]["name"].startswith("Guest ")


async def test_a_token_is_made_listed_and_revoked(access: Access) -> None:
    """The text is shown once; the id inside it lists and revokes it."""
    async with access.client(await access.token("ada")) as client:
        made = await client.post(TOKENS, json={"kind": "agt", "name": "bot", "expires_in_s": 3600, "scopes": ["write"]})
        assert made.status_code == 201
        token, id = made.json()["token"], made.json()["id"]
        assert token.split("_")[1:3] == ["agt", id]
        listed = {item["id"]: item for item in (await client.get(TOKENS)).json()["items"]}
        assert listed[id] == {key: value for key, value in made.json().items() if key != "token"}
        assert listed[id]["scopes"] == ["read", "write"]
        assert listed[id]["expires_at"] == "2026-01-01T01:00:00Z"
        async with access.client(token) as bot:
            assert (await bot.get(SESSION)).json()["user"]["kind"] == "agent"
            assert (await client.delete(f"{TOKENS}/{id}")).status_code == 204
            assert (await bot.get(SESSION)).status_code == 401
        assert (await client.delete(f"{TOKENS}/{id}")).status_code == 204
        assert id not in [item["id"] for item in (await client.get(TOKENS)).json()["items"]]


async def test_tokens_come_in_pages(access: Access) -> None:
    """`next_cursor` leads through the whole list, nothing twice, and is null at its end."""
    async with access.client(await access.token("ada")) as client:
        for number in range(4):
            await client.post(TOKENS, json={"kind": "pat", "name": f"{number}"})
        seen, cursor = [], ""
        while cursor is not None:
            page = (await client.get(TOKENS, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", SESSION, {}, 422),
        ("POST", SESSION, {"token": 5}, 422),
        ("POST", SESSION, {"token": None}, 422),
        ("POST", SESSION, {"token": ADMIN_TOKEN, "remember": True}, 422),
        ("POST", SESSION, [], 422),
        ("POST", TOKENS, {"kind": "ses", "name": "x"}, 422),
        ("POST", TOKENS, {"kind": "bst", "name": "x"}, 422),
        ("POST", TOKENS, {"kind": "pat"}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": ""}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "  "}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "x" * 101}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "a\u0000b"}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "x", "expires_in_s": 0}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "x", "expires_in_s": -1}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "x", "expires_in_s": 10**30}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "x", "scopes": []}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "x", "scopes": ["fly"]}, 422),
        ("POST", TOKENS, {"kind": "pat", "name": "x", "user": "admin"}, 422),
        ("GET", TOKENS + "?limit=0", None, 422),
        ("GET", TOKENS + "?limit=201", None, 422),
        ("GET", TOKENS + "?cursor=%ff", None, 422),
        ("DELETE", TOKENS + "/unknown0", None, 404),
        ("DELETE", TOKENS + "/%00", None, 404),
        ("DELETE", TOKENS + "/" + "a" * 5000, None, 404),
        ("POST", TICKETS, {"project": "nowhere"}, 404),
        ("POST", TICKETS, {"project": "../.."}, 404),
        ("POST", TICKETS, {}, 422),
    ],
)
async def test_bad_input_is_refused(access: Access, method: str, path: str, body: Any, status: int) -> None:
    """Every bad request is a problem that says what is wrong, and never a failure of the server."""
    async with access.client(ADMIN_TOKEN) as client:
        answer = await client.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_a_ticket_opens_the_sockets_of_a_project(access: Access) -> None:
    """Who may read a project gets a ticket for it, good for ten minutes."""
    principal = await access.principal("ada", "owner")
    project = await access.projects.create("acme", "Acme", owner=principal)
    async with access.client(await access.token("ada")) as client:
        answer = await client.post(TICKETS, json={"project": "acme"})
    assert (answer.status_code, answer.json()["expires_in_s"]) == (201, 600)
    by_ticket = await access.authenticator.token(answer.json()["ticket"])
    assert (by_ticket.id, by_ticket.project_scope) == (principal.id, project.id)


async def test_a_hidden_project_gives_no_ticket(access: Access) -> None:
    """Without read access the answer is the same as for a project that does not exist."""
    await access.projects.create("acme", "Acme", owner=await access.principal("ada", "owner"))
    async with access.client(await access.token("eve")) as client:
        hidden = await client.post(TICKETS, json={"project": "acme"})
        missing = await client.post(TICKETS, json={"project": "nowhere"})
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content


async def test_every_answer_is_declared(access: Access) -> None:
    """The OpenAPI document names the errors of every route as problem+json."""
    paths = access.app.openapi()["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            errors = [answer["content"] for status, answer in operation["responses"].items() if status >= "400"]
            assert errors, f"{method} {path}"
            assert all("application/problem+json" in content for content in errors), f"{method} {path}"
