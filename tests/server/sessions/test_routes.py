from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.access import Kind, Principal
from server.sessions import Connected
from tests.support.gateway import Serving, serving

PATH = "/api/v1/projects/acme/sessions"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "data") as server:
        yield server


async def join(server: Serving, name: str, role: str = "editor") -> tuple[Connected, dict[str, str]]:
    """A session of a new member, and the headers of that member's requests."""
    project = await server.project()
    token = await server.member(project, role, name)
    user = await server.services.roles.user(name)
    principal = Principal(user.id, user.name, user.hue)
    connected = await server.services.sessions.connect(principal, project.id, kind=Kind.TERMINAL, name="laptop")
    return connected, {"Authorization": f"Bearer {token}"}


async def test_the_list_shows_who_is_here(server: Serving) -> None:
    """Everybody who may read the project sees its sessions, page by page, without any token."""
    ada, _ = await join(server, "ada")
    bob, headers = await join(server, "bob", "viewer")
    async with server.client(headers) as client:
        first = (await client.get(PATH, params={"limit": 1})).json()
        second = (await client.get(PATH, params={"cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in (*first["items"], *second["items"])] == sorted([ada.session.id, bob.session.id])
    assert second["next_cursor"] is None
    item = next(item for item in (*first["items"], *second["items"]) if item["id"] == ada.session.id)
    assert (item["user"]["name"], item["kind"], item["name"]) == ("ada", "terminal", "laptop")
    assert (item["role"], item["state"], item["liveness"]) == ("primary", "active", "active")
    assert ada.resume_token not in str(item)


async def test_one_ends_one_s_own(server: Serving) -> None:
    """An editor ends no session but theirs, an owner any; and each only once."""
    ada, adas = await join(server, "ada")
    bob, bobs = await join(server, "bob")
    _, owners = await join(server, "olga", "owner")
    for headers, session, status in (
        (bobs, ada, 403),
        (adas, ada, 204),
        (adas, ada, 404),
        (owners, bob, 204),
    ):
        async with server.client(headers) as client:
            assert (await client.delete(f"{PATH}/{session.session.id}")).status_code == status


async def test_a_session_is_addressed_in_its_project(server: Serving) -> None:
    """Under another project's address it does not exist, not even for its user."""
    ada, _ = await join(server, "ada")
    await server.project("other")
    async with server.client() as admin:
        assert (await admin.delete(f"/api/v1/projects/other/sessions/{ada.session.id}")).status_code == 404
        assert (await admin.delete(f"{PATH}/{ada.session.id}")).status_code == 204
