from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.access import Role, TokenKind, new_token
from tests.support.access import ADMIN_TOKEN, ORIGIN, Access, open_access

SESSION = "/api/v1/session"

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
            "signed_in_at": "2026-01-01T00:00:00Z",
            "has_password": False,
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


PASSWORD = "correct horse"


async def give_password(access: Access, name: str = "ada", password: str = PASSWORD) -> None:
    await access.roles.ensure_user(name)
    async with access.client(ADMIN_TOKEN) as admin:
        (await admin.patch(f"/api/v1/users/{name}", json={"password": password})).raise_for_status()


async def test_how_one_may_sign_in(access: Access) -> None:
    """Everybody is told; passwords are offered once somebody has one."""
    async with access.client() as client:
        assert (await client.get("/api/v1/sign-in")).json() == {"password": False, "oidc": [], "anonymous": False}
        await give_password(access)
        assert (await client.get("/api/v1/sign-in")).json()["password"] is True


async def test_a_password_signs_in(access: Access) -> None:
    """The answer and the cookie are those of any web session."""
    await give_password(access)
    async with access.client(Origin=ORIGIN) as browser:
        answer = await browser.post(SESSION, json={"user": "ada", "password": PASSWORD})
        assert answer.status_code == 201
        assert (answer.json()["user"]["name"], answer.json()["has_password"]) == ("ada", True)
        assert (await browser.get(SESSION)).json() == answer.json()


async def test_wrong_and_unknown_answer_alike(access: Access) -> None:
    """The same status, headers and body for a wrong password, an unknown user and one without a password."""
    await give_password(access)
    await access.roles.ensure_user("eve")
    async with access.client() as client:
        answers = [
            await client.post(SESSION, json={"user": user, "password": "wrong password"})
            for user in ("ada", "nobody", "eve", "guest")
        ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert "set-cookie" not in answers[0].headers


async def test_too_many_attempts(access: Access) -> None:
    """The eleventh at a name is 429 and says when to come back, whether anybody has that name or not."""
    await give_password(access)
    async with access.client() as client:
        for user in ("ada", "nobody"):
            body = {"user": user, "password": "wrong password"}
            codes = [(await client.post(SESSION, json=body)).status_code for _ in range(10)]
            limited = await client.post(SESSION, json=body)
            assert codes == [401] * 10
            assert (limited.status_code, limited.json()["code"]) == (429, "rate.limited")
            assert limited.headers["retry-after"] == "300"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"token": 5},
        {"token": None},
        {"token": ADMIN_TOKEN, "remember": True},
        {"user": "ada"},
        {"password": PASSWORD},
        {"user": "ada", "password": None},
        {"user": 1, "password": PASSWORD},
        {"user": "ada", "password": "x" * 1025},
        {"user": "x" * 257, "password": PASSWORD},
        {"user": "ada", "password": PASSWORD, "token": ADMIN_TOKEN},
    ],
    ids=lambda body: f"{body!r:.40}",
)
async def test_bad_sign_ins_are_refused(access: Access, body: Any) -> None:
    """A body that is no way to sign in is 422, and the answer repeats no secret."""
    async with access.client() as client:
        answer = await client.post(SESSION, json=body)
    assert answer.status_code == 422
    assert ADMIN_TOKEN not in answer.text
    assert PASSWORD not in answer.text


async def test_sign_in_makes_a_new_session_and_ends_the_former(access: Access) -> None:
    """No session fixation: what was in the browser before counts no more, whoever's it was."""
    await give_password(access)
    async with access.sign_in(await access.token("mallory")) as browser:
        planted = browser.cookies["atrium"]
        await browser.post(SESSION, json={"user": "ada", "password": PASSWORD})
        assert browser.cookies["atrium"] != planted
        assert (await browser.get(SESSION)).json()["user"]["name"] == "ada"
    async with access.client(Cookie=f"atrium={planted}") as other:
        assert (await other.get(SESSION)).status_code == 401


async def test_a_failed_sign_in_ends_nothing(access: Access) -> None:
    """A typing error leaves the browser's session as it is."""
    async with access.sign_in(ADMIN_TOKEN) as browser:
        assert (await browser.post(SESSION, json={"user": "ada", "password": "wrong one"})).status_code == 401
        assert (await browser.get(SESSION)).status_code == 200


async def test_with_a_cookie_an_origin_is_needed(access: Access) -> None:
    """A browser that has a session sends its origin; a request without one is not from our page."""
    async with access.sign_in(ADMIN_TOKEN) as browser:
        cookie = {"Cookie": f"atrium={browser.cookies['atrium']}"}
    async with access.client() as client:
        for method, path in (
            ("POST", SESSION),
            ("DELETE", SESSION),
            ("POST", f"{SESSION}:end-all"),
            ("PUT", f"{SESSION}/password"),
            ("POST", "/api/v1/oidc/link"),
            ("POST", "/api/v1/users"),
        ):
            body = {"token": ADMIN_TOKEN} if path == SESSION else {"new": PASSWORD}
            answer = await client.request(method, path, json=body, headers=cookie)
            assert (answer.status_code, answer.json()["code"]) == (403, "access.origin"), path
        assert (await client.get(SESSION, headers=cookie)).status_code == 200


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_what_a_form_sends_changes_nothing(access: Access, type: str) -> None:
    """With our own origin even, a POST in a form's content type is refused where a cookie signs it."""
    async with access.sign_in(ADMIN_TOKEN) as browser:
        for path in ("/api/v1/tokens", f"{SESSION}:end-all", "/api/v1/users", "/api/v1/projects"):
            answer = await browser.post(path, content=b'{"name": "x"}', headers={"Content-Type": type})
            assert (answer.status_code, answer.json()["code"]) == (415, "access.form"), path
        assert (await browser.get(SESSION)).status_code == 200


async def test_changing_the_password(access: Access) -> None:
    """204, and the new one is in force; a wrong current one and a bad new one are refused."""
    await give_password(access)
    async with access.client(Origin=ORIGIN) as browser:
        await browser.post(SESSION, json={"user": "ada", "password": PASSWORD})
        for body, status in (
            ({"new": "a new password"}, 403),
            ({"current": "wrong password", "new": "a new password"}, 403),
            ({"current": PASSWORD, "new": "short"}, 422),
            ({"current": PASSWORD, "new": "1234567890"}, 422),
            ({"current": PASSWORD}, 422),
            ({"current": PASSWORD, "new": "a new password"}, 204),
        ):
            assert (await browser.put(f"{SESSION}/password", json=body)).status_code == status, body
        assert (await browser.get(SESSION)).status_code == 200
        answer = await browser.post(SESSION, json={"user": "ada", "password": "a new password"})
        assert answer.status_code == 201


async def test_signing_out_everywhere(access: Access) -> None:
    """All browsers are signed out, this one too; a key goes on."""
    token = await access.token("ada")
    async with access.sign_in(token) as one, access.sign_in(token) as other, access.client(token) as program:
        assert (await one.post(f"{SESSION}:end-all")).status_code == 204
        assert "atrium" not in one.cookies
        assert (await one.get(SESSION)).status_code == (await other.get(SESSION)).status_code == 401
        assert (await program.get(SESSION)).status_code == 200


async def test_devices_are_listed_and_ended(access: Access) -> None:
    """Web sessions say where they are from and which one this is; ending one signs that browser out."""
    token = await access.token("ada")
    async with access.sign_in(token) as here, access.client(Origin=ORIGIN, **{"User-Agent": "Elsewhere/1"}) as there:
        await there.post(SESSION, json={"token": token})
        listed = [item for item in (await here.get("/api/v1/tokens")).json()["items"] if item["kind"] == "ses"]
        assert sorted(item["current"] for item in listed) == [False, True]
        other = next(item for item in listed if not item["current"])
        assert (other["user_agent"], other["address"]) == ("Elsewhere/1", "127.0.0.1")
        assert (await here.delete(f"/api/v1/tokens/{other['id']}")).status_code == 204
        assert (await there.get(SESSION)).status_code == 401
        assert (await here.get(SESSION)).status_code == 200


async def test_acts_know_the_address(access: Access) -> None:
    """Signing in and out and making keys are told with the token that it was and where it came from."""
    async with access.sign_in(ADMIN_TOKEN) as browser:
        await browser.post("/api/v1/tokens", json={"kind": "pat", "name": "laptop"})
        await browser.delete(SESSION)
    told = [act for act in access.acts if act.action != "user.server_role_set"]
    assert [act.action for act in told] == ["session.started", "token.created", "session.ended"]
    assert {act.actor.address for act in told} == {"127.0.0.1"}
    assert len({act.actor.token_id for act in told}) == 1
