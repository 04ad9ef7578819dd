from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.access import Role
from tests.support.access import Access, open_access

API = "/api/v1"
ACME = f"{API}/projects/acme"
READ_SRC = {"user": "eve", "resource": "file/src/**", "actions": ["read"]}
REVIEWER = {
    "description": "Reads the code, writes reviews.",
    "inherits": ["viewer"],
    "permissions": [{"resource": "project/*/doc/reviews/**", "actions": ["write"]}],
}


@pytest.fixture
async def access(tmp_path: Path) -> AsyncIterator[Access]:
    """A project with ada as owner, mia as maintainer, bob as viewer, and eve, who is nobody."""
    async with open_access(tmp_path) as opened:
        project = await opened.projects.create("acme", "Acme", owner=await opened.principal("ada"))
        for name, role in (("mia", Role.MAINTAINER), ("bob", Role.VIEWER)):
            await opened.roles.set_role(project.id, (await opened.principal(name)).id, role)
        await opened.roles.ensure_user("eve")
        opened.acts.clear()
        yield opened


async def ask(
    access: Access, name: str, method: str, path: str, body: Any = None, role: str | None = None
) -> httpx.Response:
    async with access.client(await access.token(name, role)) as client:
        return await client.request(method, path, json=body)


async def as_admin(access: Access, method: str, path: str, body: Any = None) -> httpx.Response:
    return await ask(access, "root", method, path, body, "admin")


# Roles


async def test_shipped_roles_are_listed(access: Access) -> None:
    """Everybody who signed in sees which roles there are; a visitor does not."""
    items = (await ask(access, "eve", "GET", f"{API}/roles")).json()["items"]
    assert [item["name"] for item in items] == sorted([*Role, "admin"])
    viewer = next(item for item in items if item["name"] == "viewer")
    assert viewer["built_in"]
    assert viewer["effective_permissions"] == len(viewer["permissions"])
    assert set(viewer["permissions"][0]) == {
        "id", "resource", "actions", "effect", "conditions", "not_before", "expires",
    }  # fmt: skip
    async with access.client() as nobody:
        assert (await nobody.get(f"{API}/roles")).status_code == 401


async def test_roles_come_in_pages(access: Access) -> None:
    """A page after the other, each role once."""
    async with access.client(await access.token("eve")) as client:
        first = (await client.get(f"{API}/roles?limit=5")).json()
        rest = (await client.get(f"{API}/roles?cursor={first['next_cursor']}")).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == sorted([*Role, "admin"])


async def test_a_role_is_defined_used_and_deleted(access: Access) -> None:
    """A defined role counts for its members at once, changes for them, and goes when nobody has it."""
    path = f"{API}/roles/reviewer"
    made = await as_admin(access, "PUT", path, REVIEWER)
    assert made.status_code == 201
    assert made.json()["effective_permissions"] > len(made.json()["permissions"]) == 1
    assert (await ask(access, "ada", "PUT", f"{ACME}/members/eve", {"role": "reviewer"})).status_code == 200
    assert (await ask(access, "eve", "GET", ACME)).json()["role"] == "reviewer"
    asked = {"user": "eve", "action": "write", "project": "acme", "resource": "doc/reviews/1"}
    assert (await ask(access, "ada", "POST", f"{API}/access/explain", asked)).json()["allowed"]
    assert (await as_admin(access, "PUT", path, REVIEWER | {"permissions": []})).status_code == 200
    assert not (await ask(access, "ada", "POST", f"{API}/access/explain", asked)).json()["allowed"]
    in_use = await as_admin(access, "DELETE", path)
    assert (in_use.status_code, in_use.json()["code"]) == (409, "role.in_use")
    await ask(access, "ada", "DELETE", f"{ACME}/members/eve")
    assert (await as_admin(access, "DELETE", path)).status_code == 204
    assert [act.action for act in access.acts if act.action.startswith("role.")] == [
        "role.saved", "role.saved", "role.deleted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("reviewer", {"inherits": ["king"]}, 422, "access.invalid"),
        ("reviewer", {"inherits": ["admin"]}, 422, "access.invalid"),
        ("reviewer", {"inherits": ["reviewer"]}, 409, "role.cycle"),
        ("reviewer", {"inherits": ["loop"]}, 409, "role.cycle"),
        ("owner", {}, 409, "role.fixed"),
        ("admin", {}, 409, "role.fixed"),
        ("guest", {}, 409, "role.fixed"),
        ("No-Name", {}, 422, "request.invalid"),
        ("reviewer", {"permissions": [{"resource": "project/*/file/**", "actions": ["fly"]}]}, 422, "request.invalid"),
        ("reviewer", {"permissions": [{"resource": "project/*/file/**", "actions": []}]}, 422, "request.invalid"),
        ("reviewer", {"permissions": [{"resource": "project/7/file/**", "actions": ["read"]}]}, 422, "request.invalid"),
        ("reviewer", {"permissions": [{"resource": "**", "actions": ["admin"]}]}, 422, "request.invalid"),
        ("reviewer", {"permissions": [{"resource": "project/*/../x", "actions": ["read"]}]}, 422, "request.invalid"),
        (
            "reviewer",
            {"permissions": [{"resource": "project/*/tree", "actions": ["read"], "conditions": ["mfa"]}]},
            422,
            "request.invalid",
        ),
        (
            "reviewer",
            {"permissions": [{"resource": "project/*/tree", "actions": ["read"], "effect": "maybe"}]},
            422,
            "request.invalid",
        ),
        ("reviewer", {"powers": ["all"]}, 422, "request.invalid"),
    ],
)
async def test_a_bad_role_is_refused(access: Access, name: str, body: Any, status: int, code: str) -> None:
    """Unknown actions, conditions, effects and roles are 422, cycles and shipped roles 409; nothing is saved."""
    await as_admin(access, "PUT", f"{API}/roles/reviewer", REVIEWER)
    await as_admin(access, "PUT", f"{API}/roles/loop", {"inherits": ["reviewer"]})
    before = (await as_admin(access, "GET", f"{API}/roles")).json()
    answer = await as_admin(access, "PUT", f"{API}/roles/{name}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await as_admin(access, "GET", f"{API}/roles")).json() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "roles/reviewer", REVIEWER),
        ("DELETE", "roles/viewer", None),
        ("PUT", "access-templates/x", {}),
        ("DELETE", "access-templates/x", None),
        ("POST", "access/explain", {"user": "eve", "action": "read"}),
    ],
)
async def test_the_policy_of_the_server_is_for_administrators(
    access: Access, method: str, path: str, body: Any
) -> None:
    """Not for a project's owner, nor for an owner of all projects; and the refusal is an act."""
    for name, role in (("ada", None), ("vip", "owner")):
        access.acts.clear()
        answer = await ask(access, name, method, f"{API}/{path}", body, role)
        assert answer.status_code == 403
        assert "access.denied" in [act.action for act in access.acts]


# Grants


async def test_a_grant_goes_down_to_one_file(access: Access) -> None:
    """With a grant somebody sees the project and that file, until it is taken back."""
    made = await ask(access, "ada", "POST", f"{ACME}/grants", READ_SRC | {"resource": "file/src/a.py", "reason": "bug"})
    grant = made.json()
    assert made.status_code == 201
    assert (grant["user"]["name"], grant["granted_by"]["name"], grant["resource"]) == ("eve", "ada", "file/src/a.py")
    assert (await ask(access, "ada", "GET", f"{ACME}/grants")).json()["items"] == [grant]
    assert (await ask(access, "eve", "GET", ACME)).json()["role"] == "guest"
    eve, project_id = await access.principal("eve"), await access.projects.find_id("acme")
    can = await access.policy.capabilities(eve, project_id)
    assert can.allows("read", "file/src/a.py")  # type: ignore[arg-type]
    assert not can.allows("read", "file/src/b.py")  # type: ignore[arg-type]
    assert (await ask(access, "ada", "DELETE", f"{ACME}/grants/{grant['id']}")).status_code == 204
    assert (await ask(access, "eve", "GET", ACME)).status_code == 404
    assert (await ask(access, "ada", "DELETE", f"{ACME}/grants/{grant['id']}")).status_code == 404


PAST = "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("who", "change", "status", "code"),
    [
        ("ada", {"user": "nobody"}, 404, "user.not_found"),
        ("ada", {"user": "anonymous"}, 404, "user.not_found"),
        ("ada", {"actions": ["fly"]}, 422, "request.invalid"),
        ("ada", {"actions": []}, 422, "request.invalid"),
        ("ada", {"effect": "perhaps"}, 422, "request.invalid"),
        ("ada", {"resource": "/file"}, 422, "request.invalid"),
        ("ada", {"resource": "file/../tree"}, 422, "request.invalid"),
        ("ada", {"resource": "file/a**"}, 422, "request.invalid"),
        ("ada", {"conditions": ["moon"]}, 422, "request.invalid"),
        ("ada", {"conditions": ["ip:999.0.0.0/8"]}, 422, "request.invalid"),
        ("ada", {"until": PAST}, 422, "access.invalid"),
        ("ada", {"until": "2027-01-01T00:00:00"}, 422, "request.invalid"),
        ("ada", {"until": "soon"}, 422, "request.invalid"),
        ("ada", {"not_before": "2027-01-02T00:00:00Z", "until": "2027-01-01T00:00:00Z"}, 422, "access.invalid"),
        ("ada", {"reason": "a\nb"}, 422, "request.invalid"),
        ("ada", {"granted_by": "eve"}, 422, "request.invalid"),
        ("ada", {"user": "ada", "resource": "**", "effect": "deny"}, 409, "project.last_owner"),
        ("mia", {"user": "mia", "resource": "", "actions": ["admin"]}, 403, "access.lacks_itself"),
        ("mia", {"resource": "**"}, 403, "access.lacks_itself"),
        ("bob", {"user": "bob", "actions": ["admin"]}, 403, "access.denied"),
        ("eve", {"user": "eve"}, 404, "not_found"),
    ],
)
async def test_a_bad_grant_is_refused(access: Access, who: str, change: Any, status: int, code: str) -> None:
    """What is malformed, unknown or over is 422, what one lacks is 403, and a stranger finds nothing."""
    answer = await ask(access, who, "POST", f"{ACME}/grants", READ_SRC | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await ask(access, "ada", "GET", f"{ACME}/grants")).json()["items"] == []


@pytest.mark.parametrize(
    ("who", "user", "role", "until", "status", "code"),
    [
        ("mia", "mia", "owner", None, 403, "access.lacks_itself"),
        ("mia", "eve", "owner", None, 403, "access.lacks_itself"),
        ("mia", "ada", "viewer", None, 409, "project.last_owner"),
        ("bob", "bob", "owner", None, 403, "access.denied"),
        ("eve", "eve", "viewer", None, 404, "not_found"),
        ("ada", "ada", "viewer", None, 409, "project.last_owner"),
        ("ada", "ada", "owner", "2030-01-01T00:00:00Z", 409, "project.last_owner"),
        ("ada", "eve", "viewer", PAST, 422, "access.invalid"),
        ("ada", "eve", "king", None, 422, "access.invalid"),
        ("ada", "eve", "admin", None, 422, "access.invalid"),
        ("ada", "nobody", "viewer", None, 404, "user.not_found"),
    ],
)
async def test_a_bad_membership_is_refused(
    access: Access, who: str, user: str, role: str, until: str | None, status: int, code: str
) -> None:
    """Nobody promotes themselves, gives what they lack, gives what is over, or leaves a project without an owner."""
    answer = await ask(access, who, "PUT", f"{ACME}/members/{user}", {"role": role, "until": until})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# Bulk and templates


async def test_bulk_changes_are_all_or_none(access: Access) -> None:
    """A dry run tells what the real one does; a fault names its change and leaves everything as it was."""
    grant = {"op": "grant", "user": "eve", "resource": "file/a", "actions": ["read"]}
    changes = [{"op": "set_role", "user": "bob", "role": "editor"}, {"op": "remove", "user": "mia"}, grant]
    dry = await ask(access, "ada", "POST", f"{ACME}/access:bulk", {"dry_run": True, "changes": changes})
    assert not dry.json()["applied"]
    assert len((await ask(access, "ada", "GET", f"{ACME}/members")).json()["items"]) == 3
    bad = [*changes, {"op": "set_role", "user": "nobody", "role": "viewer"}]
    fault = await ask(access, "ada", "POST", f"{ACME}/access:bulk", {"changes": bad})
    assert fault.status_code == 422
    assert fault.json()["errors"][0]["loc"] == ["body", "changes", 3]
    assert len((await ask(access, "ada", "GET", f"{ACME}/members")).json()["items"]) == 3
    done = await ask(access, "ada", "POST", f"{ACME}/access:bulk", {"changes": changes})
    assert done.json()["applied"]
    assert [(item["op"], item["user"]) for item in done.json()["results"]] == [
        ("set_role", "bob"), ("remove", "mia"), ("grant", "eve"),
    ]  # fmt: skip
    assert done.json()["results"][0]["before"] == {"role": "viewer", "until": None}
    members = (await ask(access, "ada", "GET", f"{ACME}/members")).json()["items"]
    assert {item["user"]["name"]: item["role"] for item in members} == {"ada": "owner", "bob": "editor"}
    (given,) = (await ask(access, "ada", "GET", f"{ACME}/grants")).json()["items"]
    back = {"changes": [{"op": "revoke_grant", "id": given["id"]}]}
    assert (await ask(access, "ada", "POST", f"{ACME}/access:bulk", back)).json()["applied"]


@pytest.mark.parametrize(
    ("who", "changes", "status"),
    [
        ("ada", [], 422),
        ("ada", [{"op": "fly"}], 422),
        ("ada", [{"op": "set_role", "user": "eve"}], 422),
        ("ada", [{"op": "revoke_grant", "id": "none"}], 422),
        ("ada", [{"op": "remove", "user": "ada"}], 409),
        ("mia", [{"op": "set_role", "user": "mia", "role": "owner"}], 403),
        ("bob", [{"op": "remove", "user": "mia"}], 403),
        ("eve", [{"op": "remove", "user": "mia"}], 404),
    ],
)
async def test_bad_bulk_changes_are_refused(access: Access, who: str, changes: Any, status: int) -> None:
    """The same rules hold for one change and for many."""
    assert (await ask(access, who, "POST", f"{ACME}/access:bulk", {"changes": changes})).status_code == status


async def test_a_template_is_copied(access: Access) -> None:
    """What a template gives is given as it is now: changing or deleting it takes nothing back."""
    path = f"{API}/access-templates/auditor"
    grant = {"resource": "audit", "actions": ["read"], "effect": "allow", "conditions": ["session:web"]}
    template = {"description": "For a day.", "role": "viewer", "lasts_s": 86400, "grants": [grant]}
    made = await as_admin(access, "PUT", path, template)
    assert made.status_code == 201
    assert made.json() == template | {"name": "auditor"}
    assert (await ask(access, "eve", "GET", f"{API}/access-templates")).json()["items"] == [made.json()]
    applied = await ask(
        access, "ada", "POST", f"{ACME}/access:apply-template", {"template": "auditor", "users": ["eve"]}
    )
    assert [item["op"] for item in applied.json()["results"]] == ["set_role", "grant"]
    assert (await as_admin(access, "PUT", path, {"role": "editor"})).status_code == 200
    assert (await as_admin(access, "DELETE", path)).status_code == 204
    (given,) = (await ask(access, "ada", "GET", f"{ACME}/grants")).json()["items"]
    ends = (access.clock.now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert (given["resource"], given["conditions"], given["until"]) == ("audit", ["session:web"], ends)
    members = (await ask(access, "ada", "GET", f"{ACME}/members")).json()["items"]
    assert {item["user"]["name"]: item["until"] for item in members}["eve"] == ends
    assert (await as_admin(access, "DELETE", path)).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"template": "none", "users": ["eve"]}, 404),
        ({"template": "t", "users": []}, 422),
        ({"template": "t", "users": ["eve", "nobody"]}, 422),
        ({"template": "t", "users": ["eve"], "until": PAST}, 422),
        ({"template": "t", "users": ["ada"]}, 409),
    ],
)
async def test_a_bad_application_is_refused(access: Access, body: Any, status: int) -> None:
    """Unknown templates and users, ends in the past and last owners; nothing is given to anybody."""
    await as_admin(access, "PUT", f"{API}/access-templates/t", {"role": "viewer"})
    assert (await ask(access, "ada", "POST", f"{ACME}/access:apply-template", body)).status_code == status
    assert len((await ask(access, "ada", "GET", f"{ACME}/members")).json()["items"]) == 3


async def test_a_template_names_a_role_that_there_is(access: Access) -> None:
    """An unknown role is refused when the template is saved."""
    assert (await as_admin(access, "PUT", f"{API}/access-templates/t", {"role": "king"})).status_code == 422


# Explain


async def test_a_refusal_is_explained(access: Access) -> None:
    """The decision comes with every rule that concerns the user, and why each counts or not."""
    end = (access.clock.now() + timedelta(hours=1)).isoformat()
    grant = {"user": "bob", "resource": "file/src/**", "actions": ["write"], "until": end}
    await ask(access, "ada", "POST", f"{ACME}/grants", grant)
    asked = {"user": "bob", "action": "write", "project": "acme", "resource": "file/src/a.py"}
    allowed = (await ask(access, "ada", "POST", f"{API}/access/explain", asked)).json()
    assert (allowed["allowed"], allowed["rules"][0]["source"], allowed["rules"][0]["why"]) == (True, "grant", "allow")
    assert allowed["valid_until"] == end.replace("+00:00", "Z")
    access.clock.advance(3600)
    refused = (await ask(access, "mia", "POST", f"{API}/access/explain", asked)).json()
    assert (refused["allowed"], refused["near_miss"]) == (False, "expired")
    whys = {rule["why"] for rule in refused["rules"]}
    assert whys == {"expired", "another action"}
    elsewhere = (await as_admin(access, "POST", f"{API}/access/explain", asked | {"resource": "doc/x"})).json()
    assert "another resource" in {rule["why"] for rule in elsewhere["rules"]}


@pytest.mark.parametrize(
    ("who", "change", "status"),
    [
        ("bob", {}, 403),
        ("eve", {}, 404),
        ("ada", {"project": "none"}, 404),
        ("ada", {"user": "nobody"}, 404),
        ("ada", {"action": "fly"}, 422),
        ("mia", {}, 200),
    ],
)
async def test_who_may_ask_for_explanations(access: Access, who: str, change: Any, status: int) -> None:
    """Those who manage the members, about what there is."""
    asked = {"user": "bob", "action": "write", "project": "acme"} | change
    assert (await ask(access, who, "POST", f"{API}/access/explain", asked)).status_code == status


async def test_administrators_are_explained_too(access: Access) -> None:
    """What concerns the server is asked without a project."""
    asked = {"user": "vip", "action": "write", "resource": "projects"}
    await access.token("vip", "owner")
    answer = (await as_admin(access, "POST", f"{API}/access/explain", asked)).json()
    assert (answer["allowed"], answer["role_path"]) == (True, ["owner", "maintainer", "editor"])


# What does not exist for somebody


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "members", None),
        ("PUT", "members/eve", {"role": "viewer"}),
        ("GET", "grants", None),
        ("POST", "grants", READ_SRC),
        ("DELETE", "grants/x", None),
        ("POST", "access:bulk", {"changes": [{"op": "remove", "user": "eve"}]}),
        ("POST", "access:apply-template", {"template": "t", "users": ["eve"]}),
    ],
)
async def test_a_hidden_project_answers_like_none(access: Access, method: str, path: str, body: Any) -> None:
    """To a stranger a project that there is and one that there is not give the same bytes."""
    hidden, missing = [
        await ask(access, "eve", method, f"{API}/projects/{slug}/{path}", body) for slug in ("acme", "none")
    ]
    assert hidden.status_code == 404
    assert (hidden.content, hidden.headers) == (missing.content, missing.headers)


@pytest.mark.parametrize("id", ["none", "%00", "%F0%9F%98%80"])
async def test_an_unknown_grant_is_not_found(access: Access, id: str) -> None:
    """Whatever stands in its place, it is no grant of this project."""
    assert (await ask(access, "ada", "DELETE", f"{ACME}/grants/{id}")).status_code == 404
