"""The log of a whole server: what people do is in it."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from server.activity.model import Entry, Filter
from tests.support.gateway import ADMIN_TOKEN, Serving, raw_socket, serving
from tests.support.network import client_frame
from tests.support.waiting import eventually

PROJECT = "/api/v1/projects/acme"
NEW = {"If-None-Match": "*"}
SYNC_STEP_1 = b"\x00\x00\x01\x00"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Serving]:
    """A server with a project."""
    async with serving(tmp_path / "data", allow_query_token=True) as server:
        async with server.client() as rest:
            (await rest.post("/api/v1/projects", json={"slug": "acme", "name": "Acme"})).raise_for_status()
        yield server


async def acts(server: Serving, prefix: str) -> list[Entry]:
    """What the log has of an area, oldest first."""
    return (await server.services.activity.page(Filter(action=prefix), limit=200))[::-1]


async def told(server: Serving, prefix: str) -> list[tuple[str, str, str]]:
    """The same as (action, resource, detail)."""
    return [(entry.note.action, entry.note.resource, entry.note.detail) for entry in await acts(server, prefix)]


async def ok(answer: httpx.Response) -> httpx.Response:
    return answer.raise_for_status()


async def test_file_operations(server: Serving) -> None:
    """Every change of a file, by whom and from where, without its content."""
    async with server.client() as rest:
        made = await ok(await rest.put(f"{PROJECT}/files/a.txt", content=b"very secret text", headers=NEW))
        changed = await ok(
            await rest.put(f"{PROJECT}/files/a.txt", content=b"other", headers={"If-Match": made.headers["ETag"]})
        )
        await ok(await rest.post(f"{PROJECT}/files:mkdir", json={"path": "docs"}))
        await ok(await rest.post(f"{PROJECT}/files:move", json={"from": "a.txt", "to": "b.txt"}))
        gone = (await ok(await rest.delete(f"{PROJECT}/files/b.txt"))).json()["deleted"]
        await ok(await rest.post(f"{PROJECT}/files:restore", json={"ids": [entry["id"] for entry in gone]}))
        for _ in range(3):
            await ok(await rest.get(f"{PROJECT}/files/b.txt"))
    version = changed.json()["version"]
    listed = await told(server, "file")
    assert [(action, resource) for action, resource, _ in listed] == [
        ("file.created", "file/a.txt"),
        ("file.written", "file/a.txt"),
        ("file.moved", "file/a.txt"),
        ("file.deleted", "file/b.txt"),
        ("file.restored", ""),
        ("file.read", "file/b.txt"),
    ]
    assert json.loads(listed[1][2]) == {"version": version, "forced": False}
    assert json.loads(listed[2][2]) == {"to": "b.txt", "files": 1}
    assert json.loads(listed[4][2]) == {"files": 1, "paths": ["b.txt"]}
    assert await told(server, "folder") == [("folder.created", "file/docs", "{}")]
    assert "secret" not in str(listed)
    [first, *_] = await acts(server, "file")
    assert (first.note.actor_id, first.note.address) == ("admin", "127.0.0.1")


async def test_archives(server: Serving) -> None:
    """Everything that goes in or out at once."""
    archive = io.BytesIO()
    with ZipFile(archive, "w") as zip:
        zip.writestr("x.txt", "x")
    async with server.client() as rest:
        await ok(await rest.post(f"{PROJECT}/files:import", content=archive.getvalue()))
        await ok(await rest.get(f"{PROJECT}/files:export"))
    assert await told(server, "project") == [
        ("project.created", "", '{"slug":"acme"}'),
        ("project.imported", "op/import", '{"files":1,"into":""}'),
        ("project.exported", "op/export", "{}"),
    ]


async def test_a_document_is_opened_once_a_minute(server: Serving) -> None:
    """However often its client reconnects, and whether over a socket or REST."""
    opened = ("document.opened", "doc/notes", "{}")
    for _ in range(3):
        async with raw_socket(server.port, f"/sync/acme/docs/notes?token={ADMIN_TOKEN}") as sock:
            sock.sendall(client_frame(SYNC_STEP_1))
            assert await eventually(lambda: told(server, "document"), bool) == [opened]
    async with server.client() as rest:
        await ok(await rest.get("/api/v1/documents/acme/docs/notes?format=json"))
        await ok(await rest.delete("/api/v1/documents/acme/docs/notes"))
    assert await told(server, "document") == [opened, ("document.deleted", "doc/notes", "{}")]


async def test_administration(server: Serving) -> None:
    """What administrators look at, and what others may not."""
    token = await server.member(await server.project(), "viewer")
    async with server.client() as rest, server.client({"Authorization": f"Bearer {token}"}) as viewer:
        await ok(await rest.get("/api/v1/admin/quarantine"))
        await ok(await rest.get("/api/v1/audit:export?format=csv"))
        assert (await viewer.delete(PROJECT)).status_code == 403
        assert (await viewer.delete(PROJECT)).status_code == 403
        verified = (await rest.get("/api/v1/audit:verify")).json()
    assert await told(server, "quarantine") == [("quarantine.viewed", "quarantine", "{}")]
    assert await told(server, "audit") == [("audit.exported", "audit", '{"format":"csv"}')]
    denied = await acts(server, "access.denied")
    assert [(entry.note.outcome, entry.note.actor_name) for entry in denied] == [("denied", "mia")]
    assert verified["ok"]


async def test_the_answer_to_a_change_means_that_it_is_recorded(tmp_path: Path) -> None:
    """Its row is in the database when the answer is there."""
    async with serving(tmp_path / "data") as server, server.client() as rest:
        await ok(await rest.post("/api/v1/projects", json={"slug": "acme", "name": "Acme"}))
        with server.services.database.engine.connect() as connection:
            actions = connection.exec_driver_sql("SELECT action FROM audit").scalars().all()
    assert "project.created" in actions
