from __future__ import annotations

from typing import Any

import pytest

from tests.support.access import ADMIN_TOKEN, Access

SESSION, TOKENS, TICKETS = "/api/v1/session", "/api/v1/tokens", "/api/v1/tickets"


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
