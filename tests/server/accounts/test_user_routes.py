from __future__ import annotations

from typing import Any

import pytest

from server.access import AccessChanged, TokenRevoked
from tests.support.access import ADMIN_TOKEN, ORIGIN, Access

USERS, SESSION = "/api/v1/users", "/api/v1/session"
PASSWORD = "correct horse"


async def test_a_person_is_made_changed_and_shown(access: Access) -> None:
    """With a password, a server role and a name; each change is in force with its answer."""
    async with access.client(ADMIN_TOKEN) as admin, access.client(Origin=ORIGIN) as browser:
        body = {"name": "ada", "password": PASSWORD, "server_role": "editor"}
        made = await admin.post(USERS, json=body)
        assert made.status_code == 201
        shown = made.json()
        assert (shown["name"], shown["kind"], shown["server_role"]) == ("ada", "person", "editor")
        assert (shown["has_password"], shown["disabled"], shown["last_seen_at"]) == (True, False, None)
        assert shown["created_at"] == "2026-01-01T00:00:00Z"
        assert (await browser.post(SESSION, json={"user": "ada", "password": PASSWORD})).status_code == 201
        changed = (await admin.patch(f"{USERS}/ada", json={"name": "Ada", "server_role": None})).json()
        assert (changed["id"], changed["name"], changed["server_role"]) == (shown["id"], "Ada", None)
        assert changed["last_seen_at"] == "2026-01-01T00:00:00Z"
        assert (await admin.get(f"{USERS}/{shown['id']}")).json() == changed


async def test_users_are_found_in_pages(access: Access) -> None:
    """The built-in administrator first, then by age; a search takes part of the name, to the letter."""
    for name in ("ada", "Adam", "eve", "100%", "a_b"):
        await access.roles.ensure_user(name)
    async with access.client(ADMIN_TOKEN) as admin:
        names, cursor = [], None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await admin.get(USERS, params=query)).json()
            names += [item["name"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert names == ["admin", "ada", "Adam", "eve", "100%", "a_b"]
        for q, expected in (("AD", ["admin", "ada", "Adam"]), ("%", ["100%"]), ("_", ["a_b"]), ("zz", [])):
            found = (await admin.get(USERS, params={"q": q})).json()["items"]
            assert [item["name"] for item in found] == expected, q


async def test_disabling_ends_everything_at_once(access: Access) -> None:
    """Sessions, keys and what they opened are revoked and told; the password opens nothing until they are enabled."""
    token = await access.token("ada")
    user = await access.roles.user("ada")
    async with access.client(ADMIN_TOKEN) as admin, access.sign_in(token) as browser, access.client(token) as program:
        await admin.patch(f"{USERS}/ada", json={"password": PASSWORD})
        access.published.clear()
        assert (await admin.patch(f"{USERS}/ada", json={"disabled": True})).json()["disabled"] is True
        assert (await browser.get(SESSION)).status_code == (await program.get(SESSION)).status_code == 401
        assert AccessChanged(None, user.id) in access.published
        assert sum(isinstance(event, TokenRevoked) for event in access.published) >= 1
        answer = await browser.post(SESSION, json={"user": "ada", "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in.failed")
        await admin.patch(f"{USERS}/ada", json={"disabled": False})
        assert (await program.get(SESSION)).status_code == 401
        assert (await browser.post(SESSION, json={"user": "ada", "password": PASSWORD})).status_code == 201


async def test_agents_and_workers_get_keys(access: Access) -> None:
    """An administrator makes a key for a machine, under its own name and kind; people make their own."""
    async with access.client(ADMIN_TOKEN) as admin:
        for kind in ("agent", "worker"):
            await admin.post(USERS, json={"name": f"the {kind}", "kind": kind})
            made = await admin.post(f"{USERS}/the {kind}/tokens", json={"name": "laptop", "scopes": ["write"]})
            assert made.status_code == 201
            assert made.json()["token"].split("_")[1:3] == ["agt", made.json()["id"]]
            async with access.client(made.json()["token"]) as machine:
                user = (await machine.get(SESSION)).json()["user"]
                assert (user["name"], user["kind"]) == (f"the {kind}", kind)
        await access.roles.ensure_user("ada")
        refused = await admin.post(f"{USERS}/ada/tokens", json={"name": "laptop"})
        assert (refused.status_code, refused.json()["code"]) == (422, "user.not_a_machine")


async def test_a_new_password_ends_sessions(access: Access) -> None:
    """Whoever knew the former one is signed out; keys stay."""
    token = await access.token("ada")
    async with access.client(ADMIN_TOKEN) as admin, access.sign_in(token) as browser, access.client(token) as program:
        await admin.patch(f"{USERS}/ada", json={"password": PASSWORD})
        assert (await browser.get(SESSION)).status_code == 401
        assert (await program.get(SESSION)).status_code == 200


async def test_signing_somebody_out(access: Access) -> None:
    """All their web sessions end; keys stay."""
    token = await access.token("ada")
    async with access.client(ADMIN_TOKEN) as admin, access.sign_in(token) as browser, access.client(token) as program:
        assert (await admin.post(f"{USERS}/ada:sign-out")).status_code == 204
        assert (await browser.get(SESSION)).status_code == 401
        assert (await program.get(SESSION)).status_code == 200


async def test_the_administrator_is_built_in(access: Access) -> None:
    """It is listed, is given a password, and neither renamed, disabled nor demoted."""
    async with access.client(ADMIN_TOKEN) as admin, access.client(Origin=ORIGIN) as browser:
        for change in ({"name": "root"}, {"disabled": True}, {"server_role": "viewer"}, {"server_role": None}):
            assert (await admin.patch(f"{USERS}/admin", json=change)).status_code == 422, change
        shown = (await admin.patch(f"{USERS}/admin", json={"password": PASSWORD})).json()
        assert (shown["server_role"], shown["has_password"], shown["created_at"]) == ("admin", True, None)
        assert (await browser.post(SESSION, json={"user": "admin", "password": PASSWORD})).json()["is_admin"]


async def test_the_last_administrator_stays(access: Access) -> None:
    """One administrator with a name of their own is neither disabled nor demoted before there is another."""
    async with access.client(await access.token("ada", "admin")) as ada:
        for change in ({"disabled": True}, {"server_role": "editor"}, {"server_role": None}):
            refused = await ada.patch(f"{USERS}/ada", json=change)
            assert (refused.status_code, refused.json()["code"]) == (409, "user.last_administrator")
        await access.token("eve", "admin")
        assert (await ada.patch(f"{USERS}/ada", json={"server_role": "editor"})).status_code == 200
        assert (await ada.get(USERS)).status_code == 403


@pytest.mark.parametrize("role", [None, "viewer", "editor", "owner"])
async def test_only_administrators_see_users(access: Access, role: str | None) -> None:
    """Nobody else lists, makes, changes or signs out anybody, nor promotes themselves."""
    token = await access.token("mallory", role)
    async with access.client(token) as mallory:
        for method, path, body in (
            ("GET", USERS, None),
            ("GET", f"{USERS}/admin", None),
            ("GET", f"{USERS}/nobody", None),
            ("POST", USERS, {"name": "x"}),
            ("PATCH", f"{USERS}/mallory", {"server_role": "admin"}),
            ("PATCH", f"{USERS}/admin", {"password": PASSWORD}),
            ("POST", f"{USERS}/admin:sign-out", None),
            ("POST", f"{USERS}/mallory/tokens", {"name": "x"}),
        ):
            answer = await mallory.request(method, path, json=body)
            assert answer.status_code in (403, 404), path
    assert (await access.roles.user("mallory")).server_role == role


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", USERS, {}, 422),
        ("POST", USERS, {"name": ""}, 422),
        ("POST", USERS, {"name": "  "}, 422),
        ("POST", USERS, {"name": "x" * 65}, 422),
        ("POST", USERS, {"name": "a/b"}, 422),
        ("POST", USERS, {"name": "a:b"}, 422),
        ("POST", USERS, {"name": "a\u202eb"}, 422),
        ("POST", USERS, {"name": "a\u0000b"}, 422),
        ("POST", USERS, {"name": "Admin"}, 422),
        ("POST", USERS, {"name": "guest"}, 422),
        ("POST", USERS, {"name": "ada"}, 409),
        ("POST", USERS, {"name": "x", "kind": "terminal"}, 422),
        ("POST", USERS, {"name": "x", "password": "short"}, 422),
        ("POST", USERS, {"name": "xxxxxxxxxxxx", "password": "XXXXXXXXXXXX"}, 422),
        ("POST", USERS, {"name": "x", "kind": "agent", "password": PASSWORD}, 422),
        ("POST", USERS, {"name": "x", "server_role": "king"}, 422),
        ("POST", USERS, {"name": "x", "admin": True}, 422),
        ("PATCH", f"{USERS}/nobody", {}, 404),
        ("PATCH", f"{USERS}/guest", {}, 404),
        ("PATCH", f"{USERS}/anonymous", {"disabled": True}, 404),
        ("PATCH", f"{USERS}/server", {"disabled": True}, 404),
        ("PATCH", f"{USERS}/%00", {}, 404),
        ("PATCH", f"{USERS}/ada", {"name": "eve"}, 409),
        ("PATCH", f"{USERS}/ada", {"server_role": "king"}, 422),
        ("PATCH", f"{USERS}/ada", {"id": "x"}, 422),
        ("POST", f"{USERS}/bot/tokens", {"name": ""}, 422),
        ("POST", f"{USERS}/bot/tokens", {"name": "x", "scopes": ["fly"]}, 422),
        ("POST", f"{USERS}/bot/tokens", {"name": "x", "expires_in_s": 0}, 422),
        ("POST", f"{USERS}/nobody/tokens", {"name": "x"}, 404),
        ("POST", f"{USERS}/nobody:sign-out", None, 404),
        ("GET", f"{USERS}?limit=0", None, 422),
        ("GET", f"{USERS}?cursor=%ff", None, 422),
        ("GET", f"{USERS}?q={'x' * 65}", None, 422),
        ("GET", f"{USERS}?q=%00", None, 200),
    ],
)
async def test_bad_input_is_refused(access: Access, method: str, path: str, body: Any, status: int) -> None:
    """Every bad request is a problem that says what is wrong; nothing is left half done."""
    await access.roles.ensure_user("ada")
    await access.roles.ensure_user("eve")
    async with access.client(ADMIN_TOKEN) as admin:
        await admin.post(USERS, json={"name": "bot", "kind": "agent"})
        before = (await admin.get(USERS)).json()
        answer = await admin.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        assert (await admin.get(USERS)).json() == before
