from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from server.access import Role, TokenKind
from server.access.model import Action
from tests.support.access import ADMIN_TOKEN, Access, open_access

PROJECTS = "/api/v1/projects"
ACME = {"slug": "acme", "name": "Acme"}
MEMBERS = f"{PROJECTS}/acme/members"


@pytest.fixture
async def acme(access: Access) -> Access:
    """A server with the project acme, owned by ada; eve edits, bob views, mallory has no role."""
    owner = await access.principal("ada", "editor")
    project = await access.projects.create("acme", "Acme", owner=owner)
    for name, role in (("eve", Role.EDITOR), ("bob", Role.VIEWER)):
        await access.roles.set_role(project.id, (await access.principal(name)).id, role)
    return access


async def test_a_project_is_made_and_read(access: Access) -> None:
    """201 with the project, of which one is the owner; it reads back the same."""
    async with access.client(await access.token("ada", "editor")) as client:
        made = await client.post(PROJECTS, json=ACME)
        assert made.status_code == 201
        assert made.json() | {"id": ""} == ACME | {"id": "", "role": "owner", "created_at": "2026-01-01T00:00:00Z"}
        assert (await client.get(f"{PROJECTS}/acme")).json() == made.json()


@pytest.mark.parametrize(
    ("role", "status"), [(None, 403), ("viewer", 403), ("editor", 201), ("owner", 201), ("admin", 201)]
)
async def test_who_makes_projects(access: Access, role: str | None, status: int) -> None:
    """Editors, owners and administrators of the whole server make projects."""
    async with access.client(await access.token("ada", role)) as client:
        assert (await client.post(PROJECTS, json=ACME)).status_code == status


async def test_a_member_of_one_project_makes_no_other(acme: Access) -> None:
    """A role in a project is no role on the server; and a token that may not write makes nothing."""
    async with acme.client(await acme.token("eve")) as client:
        assert (await client.post(PROJECTS, json={"slug": "new", "name": "New"})).status_code == 403
    owner = await acme.principal("ada")
    scopes = frozenset({Action.READ})
    reader = await acme.tokens.create(owner, TokenKind.PERSONAL, "reader", scopes=scopes)
    async with acme.client(reader.text) as client:
        assert (await client.post(PROJECTS, json={"slug": "new", "name": "New"})).status_code == 403


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.EDITOR, 201)])
async def test_visitors_make_projects_on_a_trusted_machine(tmp_path: Path, role: Role, status: int) -> None:
    """Where visitors are editors they make projects, from our own pages."""
    async with open_access(tmp_path, anonymous_role=role) as access, access.client(Host="localhost") as client:
        assert (await client.post(PROJECTS, json=ACME)).status_code == status
        foreign = await client.post(PROJECTS, json=ACME, headers={"Origin": "http://evil.example"})
        assert foreign.status_code == 401


async def test_only_readable_projects_are_listed(acme: Access) -> None:
    """Everybody sees their own projects with their role there; strangers see none."""
    await acme.projects.create("other", "Other", owner=await acme.principal("carol"))
    expected = {
        "ada": [("acme", "owner"), ("other", "editor")],
        "eve": [("acme", "editor")],
        "bob": [("acme", "viewer")],
        "mallory": [],
    }
    for name, projects in expected.items():
        async with acme.client(await acme.token(name)) as client:
            items = (await client.get(PROJECTS)).json()["items"]
            assert [(item["slug"], item["role"]) for item in items] == projects


async def test_the_list_comes_in_pages(access: Access) -> None:
    """`next_cursor` leads through all projects in the order of their slugs, and is null at the end."""
    async with access.client(ADMIN_TOKEN) as client:
        for slug in ("d", "a", "c", "b", "e"):
            await client.post(PROJECTS, json={"slug": slug, "name": slug})
        pages, cursor = [], ""
        while cursor is not None:
            page = (await client.get(PROJECTS, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            pages.append("".join(item["slug"] for item in page["items"]))
            cursor = page["next_cursor"]
    assert pages == ["ab", "cd", "e"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"name": "New"}),
        ("DELETE", "", None),
        ("GET", "/members", None),
        ("PUT", "/members/bob", {"role": "owner"}),
        ("DELETE", "/members/bob", None),
    ],
)
async def test_only_owners_govern(acme: Access, method: str, path: str, body: Any) -> None:
    """Who may read is told that it is forbidden; for anybody else there is no such project."""
    for name, status in (("eve", 403), ("bob", 403), ("mallory", 404)):
        async with acme.client(await acme.token(name)) as client:
            answer = await client.request(method, f"{PROJECTS}/acme{path}", json=body)
            assert answer.status_code == status
            missing = await client.request(method, f"{PROJECTS}/nowhere{path}", json=body)
            assert (answer.content == missing.content) is (status == 404)


async def test_a_renamed_project_is_found_under_its_old_slug(acme: Access) -> None:
    """The old address answers with the new slug; nobody else can have it."""
    async with acme.client(await acme.token("ada")) as client:
        changed = await client.patch(f"{PROJECTS}/acme", json={"slug": "apex", "name": "Apex"})
        assert (changed.json()["slug"], changed.json()["name"]) == ("apex", "Apex")
        assert (await client.get(f"{PROJECTS}/acme")).json() == changed.json()
        taken = await client.post(PROJECTS, json=ACME)
        assert (taken.status_code, taken.json()["code"]) == (409, "project.slug_taken")


async def test_a_deleted_project_answers_like_none(acme: Access) -> None:
    """After 204 the project answers as if it had never been."""
    async with acme.client(await acme.token("ada")) as client:
        assert (await client.delete(f"{PROJECTS}/acme")).status_code == 204
        gone, missing = await client.get(f"{PROJECTS}/acme"), await client.get(f"{PROJECTS}/nowhere")
        assert gone.status_code == 404
        assert gone.content == missing.content
        assert (await client.post(PROJECTS, json=ACME)).status_code == 201


async def test_members_come_and_go(acme: Access) -> None:
    """A member is named by name or id; each change is in force with its answer."""
    mallory = await acme.principal("mallory")
    async with acme.client(await acme.token("ada")) as ada, acme.client(await acme.token("mallory")) as client:
        for user, role in (("mallory", "viewer"), (mallory.id, "editor")):
            answer = await ada.put(f"{MEMBERS}/{user}", json={"role": role})
            assert answer.status_code == 200
            assert answer.json() == {
                "user": {"id": mallory.id, "name": "mallory", "hue": mallory.hue, "kind": "person"},
                "role": role,
                "until": None,
            }
            assert (await client.get(f"{PROJECTS}/acme")).json()["role"] == role
        listed = (await ada.get(MEMBERS, params={"limit": 3})).json()
        rest = (await ada.get(MEMBERS, params={"cursor": listed["next_cursor"]})).json()
        roles = {item["user"]["name"]: item["role"] for item in listed["items"] + rest["items"]}
        assert roles == {"ada": "owner", "eve": "editor", "bob": "viewer", "mallory": "editor"}
        assert (await ada.delete(f"{MEMBERS}/mallory")).status_code == 204
        assert (await client.get(f"{PROJECTS}/acme")).status_code == 404


async def test_the_last_owner_stays(acme: Access) -> None:
    """Neither the owner nor an administrator leaves a project without one."""
    for token in (await acme.token("ada"), ADMIN_TOKEN):
        async with acme.client(token) as client:
            removal = await client.delete(f"{MEMBERS}/ada")
            demotion = await client.put(f"{MEMBERS}/ada", json={"role": "editor"})
            assert (removal.status_code, demotion.status_code) == (409, 409)
            assert removal.json()["code"] == "project.last_owner"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {"slug": "new"}, 422),
        ("POST", "", {"name": "New"}, 422),
        ("POST", "", {"slug": "", "name": "x"}, 422),
        ("POST", "", {"slug": "UPPER", "name": "x"}, 422),
        ("POST", "", {"slug": "-a", "name": "x"}, 422),
        ("POST", "", {"slug": "a-", "name": "x"}, 422),
        ("POST", "", {"slug": "a/b", "name": "x"}, 422),
        ("POST", "", {"slug": "new\n", "name": "x"}, 422),
        ("POST", "", {"slug": "é", "name": "x"}, 422),
        ("POST", "", {"slug": "a" * 64, "name": "x"}, 422),
        ("POST", "", {"slug": "new", "name": ""}, 422),
        ("POST", "", {"slug": "new", "name": "x" * 201}, 422),
        ("POST", "", {"slug": "new", "name": "a\nb"}, 422),
        ("POST", "", {"slug": "new", "name": "x", "owner": "eve"}, 422),
        ("POST", "", ACME, 409),
        ("PATCH", "/acme", {"slug": "Bad Slug"}, 422),
        ("PATCH", "/acme", {"id": "x"}, 422),
        ("PATCH", "/acme", {"name": "\u0000"}, 422),
        ("GET", "/%00", None, 404),
        ("GET", "/" + "a" * 5000, None, 404),
        ("GET", "?limit=1000", None, 422),
        ("GET", "?cursor=!", None, 422),
        ("PUT", "/acme/members/bob", {"role": "king"}, 422),
        ("PUT", "/acme/members/bob", {"role": "admin"}, 422),
        ("PUT", "/acme/members/bob", {}, 422),
        ("PUT", "/acme/members/nobody", {"role": "viewer"}, 404),
        ("PUT", "/acme/members/anonymous", {"role": "viewer"}, 404),
        ("PUT", "/acme/members/%00", {"role": "viewer"}, 404),
        ("DELETE", "/acme/members/nobody", None, 404),
        ("DELETE", "/acme/members/mallory", None, 404),
        ("GET", "/acme/members?cursor=x", None, 422),
    ],
)
async def test_bad_input_is_refused(acme: Access, method: str, path: str, body: Any, status: int) -> None:
    """Every bad request is a problem that says what is wrong, and never a failure of the server."""
    await acme.principal("mallory")
    async with acme.client(ADMIN_TOKEN) as client:
        answer = await client.request(method, PROJECTS + path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


OPEN = {
    "/api/v1/session",
    "/api/v1/sign-in",
    "/api/v1/oidc/start",
    "/api/v1/oidc/callback",
    "/api/v1/invitations/{token}",
    "/api/v1/invitations/{token}:accept",
}


async def test_nobody_gets_in_without_signing_in(acme: Access) -> None:
    """Every route asks who it is first."""
    async with acme.client() as client:
        for path, methods in acme.app.openapi()["paths"].items():
            for method in methods:
                if path not in OPEN:
                    url = path.format_map(defaultdict(lambda: "unknown0", slug="acme"))
                    assert (await client.request(method, url)).status_code == 401, f"{method} {path}"
