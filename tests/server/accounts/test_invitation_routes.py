from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from server.access import Principal, TokenKind, new_token
from tests.support.access import ADMIN_TOKEN, ORIGIN, Access

INVITATIONS, OFFERS, SESSION = "/api/v1/projects/acme/invitations", "/api/v1/invitations", "/api/v1/session"
ACCOUNT = {"name": "Newcomer", "password": "correct horse"}


@pytest.fixture
async def owner(access: Access) -> Principal:
    """Olga, who owns the project acme."""
    olga = await access.principal("olga", "editor")
    await access.projects.create("acme", "Acme", owner=olga)
    return olga


async def invite(access: Access, **chosen: Any) -> dict[str, Any]:
    async with access.client(await access.token("olga")) as olga:
        answer = await olga.post(INVITATIONS, json={"role": "editor"} | chosen)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def role_of(access: Access, name: str) -> str | None:
    project = await access.projects.get_by_slug("acme")
    standing = await access.roles.standing((await access.roles.user(name)).id)
    return next((bound.role for bound in standing.bindings if bound.project_id == project.id), None)


async def accept(client: httpx.AsyncClient, token: str, body: Any = None) -> httpx.Response:
    return await client.post(f"{OFFERS}/{token}:accept", json=body or {})


async def test_a_newcomer_joins(access: Access, owner: Principal) -> None:
    """The link says what it is for, makes the account, its membership and the web session, once."""
    made = await invite(access, note="Welcome!", role="viewer")
    assert made["url"] == f"{ORIGIN}/join/{made['token']}"
    assert (made["uses_left"], made["created_by"]["name"]) == (1, "olga")
    async with access.client(Origin=ORIGIN) as browser:
        assert (await browser.get(f"{OFFERS}/{made['token']}")).json() == {
            "project": {"slug": "acme", "name": "Acme"},
            "inviter": {"name": "olga", "hue": owner.hue},
            "role": "viewer",
            "expires_at": "2026-01-08T00:00:00Z",
            "note": "Welcome!",
        }
        answer = await accept(browser, made["token"], ACCOUNT)
        assert answer.status_code == 201, answer.text
        assert answer.json() == {"project": {"slug": "acme", "name": "Acme"}, "role": "viewer"}
        session = (await browser.get(SESSION)).json()
        assert (session["user"]["name"], session["has_password"]) == ("Newcomer", True)
        assert (await browser.get("/api/v1/projects/acme")).json()["role"] == "viewer"
        assert (await browser.get(f"{OFFERS}/{made['token']}")).status_code == 404
    async with access.client() as other:
        assert (await accept(other, made["token"], ACCOUNT | {"name": "Second"})).status_code == 404
        signing_in = {"user": ACCOUNT["name"], "password": ACCOUNT["password"]}
        assert (await other.post(SESSION, json=signing_in)).status_code == 201


async def test_who_is_signed_in_needs_no_account(access: Access, owner: Principal) -> None:
    """A user becomes a member; whoever is one already keeps their role, and takes no use away."""
    made = await invite(access, role="viewer")
    async with access.client(await access.token("olga")) as olga:
        assert (await accept(olga, made["token"])).status_code == 201
    assert await role_of(access, "olga") == "owner"
    async with access.client(await access.token("ada")) as ada:
        assert (await accept(ada, made["token"])).json()["role"] == "viewer"
    assert await role_of(access, "ada") == "viewer"
    async with access.client(await access.token("eve")) as eve:
        assert (await accept(eve, made["token"])).status_code == 404


async def test_uses_are_counted(access: Access, owner: Principal) -> None:
    """Of many who accept at the same moment no more get in than were invited, and no account is left behind."""
    made = await invite(access, uses=3)
    async with access.client() as client:
        tries = [accept(client, made["token"], ACCOUNT | {"name": f"user {number}"}) for number in range(8)]
        codes = sorted([answer.status_code for answer in await asyncio.gather(*tries)])
        assert codes == [201] * 3 + [404] * 5
    assert len(await access.accounts.users.list("user ")) == 3


async def test_every_dead_invitation_answers_alike(access: Access, owner: Principal) -> None:
    """Expired, used up, taken back, unknown, malformed: the same 404, to look at and to accept."""
    expired = await invite(access, expires_in_s=60)
    access.clock.advance(61)
    used, revoked = await invite(access), await invite(access)
    async with access.client() as client:
        await accept(client, used["token"], ACCOUNT)
    async with access.client(await access.token("olga")) as olga:
        assert (await olga.delete(f"{INVITATIONS}/{revoked['id']}")).status_code == 204
        assert (await olga.get(INVITATIONS)).json()["items"] == []
    dead = [
        *(made["token"] for made in (expired, used, revoked)),
        new_token(TokenKind.INVITATION)[0],
        await access.token("mallory"),
        used["token"][:-1],
        "x",
        "a" * 5000,
        "%00",
    ]
    async with access.client() as client:
        looks = [await client.get(f"{OFFERS}/{token}") for token in dead]
        accepts = [await accept(client, token, ACCOUNT | {"name": "other"}) for token in dead]
    assert {answer.status_code for answer in looks + accepts} == {404}
    assert len({answer.content for answer in looks + accepts}) == 1
    assert await access.accounts.users.find("other") is None


async def test_an_invitation_is_worth_what_its_maker_is(access: Access, owner: Principal) -> None:
    """Once its maker is no owner any more, is disabled or gone, it lets nobody in."""
    project = await access.projects.get_by_slug("acme")
    eve = await access.principal("eve")
    made = await invite(access)
    await access.roles.set_role(project.id, eve.id, "owner")
    await access.roles.set_role(project.id, owner.id, "editor")
    async with access.client() as client:
        assert (await client.get(f"{OFFERS}/{made['token']}")).status_code == 404
        assert (await accept(client, made["token"], ACCOUNT)).status_code == 404
        await access.roles.set_role(project.id, owner.id, "owner")
        assert (await client.get(f"{OFFERS}/{made['token']}")).status_code == 200
        await access.accounts.users.disable(await access.accounts.users.get("olga"))
        assert (await accept(client, made["token"], ACCOUNT)).status_code == 404


async def test_only_who_manages_members_invites(access: Access, owner: Principal) -> None:
    """An editor is refused; for a stranger there is no such project; a foreign project's invitation is not there."""
    project = await access.projects.get_by_slug("acme")
    ed = await access.principal("ed")
    await access.roles.set_role(project.id, ed.id, "editor")
    made = await invite(access)
    await access.projects.create("other", "Other", owner=await access.principal("zoe", "editor"))
    for name, status in (("ed", 403), ("stranger", 404)):
        async with access.client(await access.token(name)) as client:
            assert (await client.get(INVITATIONS)).status_code == status
            assert (await client.post(INVITATIONS, json={"role": "viewer"})).status_code == status
            assert (await client.delete(f"{INVITATIONS}/{made['id']}")).status_code == status
    async with access.client(await access.token("zoe")) as zoe:
        assert (await zoe.delete(f"/api/v1/projects/other/invitations/{made['id']}")).status_code == 404


async def test_a_listed_invitation_has_no_token(access: Access, owner: Principal) -> None:
    """The text is shown once."""
    made = await invite(access)
    async with access.client(await access.token("olga")) as olga:
        (listed,) = (await olga.get(INVITATIONS)).json()["items"]
    assert listed == {name: value for name, value in made.items() if name not in ("token", "url")}


async def test_links_are_made_with_our_own_address(access: Access, owner: Principal) -> None:
    """A Host header leads nobody's link elsewhere."""
    async with access.client(await access.token("olga"), Host="evil.example") as olga:
        answer = await olga.post(INVITATIONS, json={"role": "viewer"}, headers={"X-Forwarded-Host": "evil.example"})
    assert answer.json()["url"].startswith(f"{ORIGIN}/join/")
    assert "evil" not in answer.text


async def test_a_foreign_page_accepts_nothing(access: Access, owner: Principal) -> None:
    """Neither for who is signed in, nor by signing them in behind their back."""
    made = await invite(access)
    foreign = {"Origin": "http://evil.example"}
    async with access.sign_in(await access.token("ada")) as browser, access.client() as client:
        for visitor in (browser, client):
            answer = await visitor.post(f"{OFFERS}/{made['token']}:accept", json=ACCOUNT, headers=foreign)
            assert answer.status_code == 403
        bad = await client.post(
            f"{OFFERS}/{made['token']}:accept", json=ACCOUNT, headers={"Authorization": "Bearer nonsense"}
        )
        assert bad.status_code == 401
    assert await role_of(access, "ada") is None


async def test_acts_are_told_without_the_token(access: Access, owner: Principal) -> None:
    """Made, accepted and taken back, by whom and where."""
    made, other = await invite(access), await invite(access)
    async with access.client() as client:
        await accept(client, made["token"], ACCOUNT)
    async with access.client(ADMIN_TOKEN) as admin:
        await admin.delete(f"{INVITATIONS}/{other['id']}")
    told = [(act.action, act.actor.name) for act in access.acts if act.action.startswith("invitation")]
    assert told == [
        ("invitation.created", "olga"),
        ("invitation.created", "olga"),
        ("invitation.accepted", "Newcomer"),
        ("invitation.revoked", "admin"),
    ]
    assert "atr_inv" not in repr(access.acts)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"role": "king"}, 422),
        ({"role": "admin"}, 422),
        ({"role": "viewer", "uses": 0}, 422),
        ({"role": "viewer", "uses": 1001}, 422),
        ({"role": "viewer", "expires_in_s": 0}, 422),
        ({"role": "viewer", "expires_in_s": 10**12}, 422),
        ({"role": "viewer", "note": "x" * 501}, 422),
        ({"role": "viewer", "note": "a\u0000b"}, 422),
        ({"role": "viewer", "project": "other"}, 422),
    ],
    ids=str,
)
async def test_bad_invitations_are_refused(access: Access, owner: Principal, body: Any, status: int) -> None:
    """Unknown roles, the administrator's, and numbers out of bounds."""
    async with access.client(await access.token("olga")) as olga:
        assert (await olga.post(INVITATIONS, json=body)).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": "x"}, 422),
        ({"password": "correct horse"}, 422),
        (ACCOUNT | {"password": "short"}, 422),
        (ACCOUNT | {"name": "admin"}, 422),
        (ACCOUNT | {"name": "olga"}, 409),
        (ACCOUNT | {"role": "owner"}, 422),
    ],
    ids=str,
)
async def test_bad_acceptances_take_no_use(access: Access, owner: Principal, body: Any, status: int) -> None:
    """What is refused can be corrected and sent again."""
    made = await invite(access)
    async with access.client() as client:
        assert (await accept(client, made["token"], body)).status_code == status
        assert (await accept(client, made["token"], ACCOUNT)).status_code == 201
