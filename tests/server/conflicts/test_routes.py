from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.access import Kind, Principal
from server.leases import LeaseHeld, Resource
from tests.support.gateway import Serving, serving

PATH = "/api/v1/projects/acme/conflicts"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "data") as server:
        yield server


async def contest(server: Serving, *resources: Resource) -> dict[str, dict[str, str]]:
    """Ada has the resources, and bob could get none of them; the headers of both, and of a viewer."""
    project, sessions = await server.project(), {}
    headers = {}
    for name, role in (("ada", "editor"), ("bob", "editor"), ("vic", "viewer")):
        headers[name] = {"Authorization": f"Bearer {await server.member(project, role, name)}"}
        user = await server.services.roles.user(name)
        principal = Principal(user.id, user.name, user.hue)
        sessions[name] = (await server.services.sessions.connect(principal, project.id, kind=Kind.TERMINAL)).session.id
    for resource in resources:
        await server.services.leases.acquire(project.id, sessions["ada"], resource)
        with pytest.raises(LeaseHeld):
            await server.services.leases.acquire(project.id, sessions["bob"], resource)
    return headers


async def listed(server: Serving, headers: dict[str, str], **params: Any) -> list[dict[str, Any]]:
    async with server.client(headers) as client:
        answer = await client.get(PATH, params=params)
        return list(answer.raise_for_status().json()["items"])


async def test_conflicts_are_listed(server: Serving) -> None:
    """Everybody who may read the project sees what is contested, page by page."""
    headers = await contest(server, Resource.of("git", "main"), Resource.of("database", "crm"))
    found = await listed(server, headers["vic"])
    assert {(item["lock_type"], item["resource_id"]) for item in found} == {("git", "main"), ("database", "crm")}
    assert {item["state"] for item in found} == {"notified"}
    assert len(await listed(server, headers["vic"], limit=1)) == 1


async def test_conflicts_about_hidden_files_are_hidden(server: Serving) -> None:
    """Who may not read a file does not learn its name from a conflict, and resolves none about it."""
    headers = await contest(server, Resource.of("file", "secret/plan.txt"), Resource.of("file", "/"))
    async with server.client() as admin:
        deny = {"user": "vic", "resource": "file/secret/**", "actions": ["read"], "effect": "deny"}
        (await admin.post("/api/v1/projects/acme/grants", json=deny)).raise_for_status()
    assert await listed(server, headers["vic"]) == []
    [first, _] = await listed(server, headers["ada"])
    async with server.client(headers["vic"]) as client:
        answer = await client.post(f"{PATH}/{first['id']}:resolve", json={"strategy": "manual"})
        assert (answer.status_code, answer.json()["code"]) == (404, "conflict.not_found")


async def test_conflicts_are_resolved(server: Serving) -> None:
    """By who may hold the lease; once; and with a strategy that exists."""
    headers = await contest(server, Resource.of("git", "main"))
    [conflict] = await listed(server, headers["ada"])
    url, body = f"{PATH}/{conflict['id']}:resolve", {"strategy": "manual", "resolution": "ada first"}
    for name, json, status in (
        ("vic", body, 403),
        ("ada", {"strategy": "dice"}, 422),
        ("ada", {"strategy": "wait_and_retry"}, 409),
        ("ada", body, 200),
        ("ada", body, 409),
    ):
        async with server.client(headers[name]) as client:
            assert (await client.post(url, json=json)).status_code == status
    assert await listed(server, headers["ada"], open=True) == []
    [over] = await listed(server, headers["ada"])
    assert (over["state"], over["resolution"]) == ("resolved", "ada first")
