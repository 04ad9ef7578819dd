"""REST of the log: who sees what, filters, pages, files."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.access import Role
from server.activity import ActivityService, Recorder, routes
from server.kit.audit import Outcome
from tests.support.access import ADMIN_TOKEN, Access, open_access
from tests.support.activity import act, denied

AUDIT, OF_ACME = "/api/v1/audit", "/api/v1/projects/acme/audit"


class Server:
    """Access with an audit log: ada owns acme, bob views it, mallory is no member; each did something."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.recorder = Recorder(access.database, access.clock)
        activity = ActivityService(access.database, access.clock, self.recorder)
        access.app.include_router(routes(activity, access.policy, access.projects.find_id), prefix="/api/v1")
        self.tokens: dict[str, str] = {"admin": ADMIN_TOKEN}

    async def prepare(self) -> None:
        owner = await self.access.principal("ada", "editor")
        project = await self.access.projects.create("acme", "Acme", owner=owner)
        self.project_id = project.id
        for name in ("ada", "bob", "mallory"):
            self.tokens[name] = await self.access.token(name)
        bob = await self.access.roles.user("bob")
        await self.access.roles.set_role(project.id, bob.id, Role.VIEWER)
        for one in (act("file.written", project.id), act("token.created"), act("file.moved", "another")):
            self.recorder.record(one)
            self.access.clock.advance(1)
        self.recorder.record(denied(project=project.id, detail={"wanted": "delete"}))

    async def get(self, url: str, who: str = "admin", **params: Any) -> httpx.Response:
        async with self.access.client(self.tokens[who]) as client:
            return await client.get(url, params=params)

    async def actions(self, url: str = AUDIT, who: str = "admin", **params: Any) -> list[str]:
        answer = await self.get(url, who, **params)
        assert answer.status_code == 200, answer.text
        return [item["action"] for item in answer.json()["items"]]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with open_access(tmp_path) as access:
        server = Server(access)
        server.recorder.start()
        await server.prepare()
        yield server
        await server.recorder.close()


async def test_an_act_as_it_is_shown(server: Server) -> None:
    """Who, what, where from, and the hash; with the project that it was in."""
    [newest, *_] = (await server.get(AUDIT)).json()["items"]
    assert len(newest.pop("hash")) == 64
    assert newest == {
        "project_id": server.project_id,
        "seq": 2,
        "at": "2026-01-01T00:00:03Z",
        "actor": {"id": "user:1", "name": "mia", "kind": "person"},
        "token_id": "abcd1234",
        "address": "192.0.2.1",
        "action": "access.denied",
        "resource": "file/a.txt",
        "outcome": "denied",
        "detail": {"wanted": "delete"},
    }


async def test_administrators_see_everything(server: Server) -> None:
    """The server's own acts and those of all projects, newest first."""
    assert await server.actions() == ["access.denied", "file.moved", "token.created", "file.written"]


async def test_owners_see_their_project(server: Server) -> None:
    """And nothing else, whatever they ask for."""
    assert await server.actions(OF_ACME, "ada") == ["access.denied", "file.written"]
    assert await server.actions(OF_ACME, "ada", project="another") == ["access.denied", "file.written"]


@pytest.mark.parametrize("verb", ["", ":export"])
@pytest.mark.parametrize(
    ("who", "of_server", "of_acme"), [("admin", 200, 200), ("ada", 403, 200), ("bob", 403, 403), ("mallory", 403, 404)]
)
async def test_who_sees_the_log(server: Server, who: str, of_server: int, of_acme: int, verb: str) -> None:
    """The server's log is for administrators, a project's for who administers it."""
    assert (await server.get(AUDIT + verb, who, format="csv")).status_code == of_server
    assert (await server.get(OF_ACME + verb, who, format="csv")).status_code == of_acme


async def test_only_administrators_verify(server: Server) -> None:
    """To verify reads everything."""
    assert (await server.get(f"{AUDIT}:verify", "ada")).status_code == 403


async def test_a_foreign_project_is_no_project(server: Server) -> None:
    """The log of a project that one may not see is not there, to the last byte."""
    foreign = await server.get(OF_ACME, "mallory")
    missing = await server.get("/api/v1/projects/nowhere/audit", "mallory")
    assert (foreign.content, foreign.status_code) == (missing.content, 404)


async def test_filters(server: Server) -> None:
    """Each narrows the list; an empty one does not."""
    id = server.project_id
    assert await server.actions(project="acme") == await server.actions(project=id) == ["access.denied", "file.written"]
    assert await server.actions(project="-") == ["token.created"]
    assert await server.actions(project="another") == ["file.moved"]
    assert await server.actions(action="file") == ["file.moved", "file.written"]
    assert await server.actions(outcome=Outcome.DENIED, actor="mia", q="DELETE") == ["access.denied"]
    assert await server.actions(since="2026-01-01T00:00:02Z", until="2026-01-01T00:00:03Z") == ["file.moved"]
    assert len(await server.actions(actor="", action="", project="", q="")) == 4


@pytest.mark.parametrize(
    "params",
    [
        {"outcome": "maybe"},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"actor": "a\0b"},
        {"q": "x" * 201},
        {"limit": 0},
        {"cursor": "bm8"},
        {"cursor": "MjAyNi0wMS0wMSAgeA"},
    ],
)
async def test_a_bad_filter_is_refused(server: Server, params: dict[str, Any]) -> None:
    """422, never a fault."""
    assert (await server.get(AUDIT, **params)).status_code == 422


async def test_pages(server: Server) -> None:
    """One after the other, every act once."""
    seen, cursor = [], None
    while True:
        page = (await server.get(AUDIT, limit=3, **({"cursor": cursor} if cursor else {}))).json()
        seen += [item["action"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == await server.actions()


async def test_files(server: Server) -> None:
    """The same filters, as CSV and as JSON; taking a copy is itself an act."""
    table = await server.get(f"{OF_ACME}:export", "ada", format="csv", outcome="denied")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    _header, row = csv.reader(io.StringIO(table.text, newline=""))
    assert row[8] == "access.denied"
    array = await server.get(f"{AUDIT}:export", format="json")
    assert array.headers["content-type"] == "application/json"
    copies = [row["project_id"] for row in array.json() if row["action"] == "audit.exported"]
    assert copies == [server.project_id, ""]
    assert (await server.get(f"{AUDIT}:export", format="xml")).status_code == 422


async def test_verification(server: Server) -> None:
    """Whole chains are ok; a fault names the chain and the act."""
    assert (await server.get(f"{AUDIT}:verify")).json() == {"chains": 3, "ok": True, "faults": []}
    with server.access.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET outcome = 'done' WHERE outcome = 'denied'")
    verified = (await server.get(f"{AUDIT}:verify")).json()
    fault = {"project_id": server.project_id, "seq": 2, "fault": "was changed"}
    assert verified == {"chains": 3, "ok": False, "faults": [fault]}
