"""Rights at every edge: what one may not read does not exist, and what is taken away ends at once."""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pycrdt
import pytest

from tests.support.archives import zip_bytes
from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import SyncClient, hocuspocus, y_websocket
from tests.support.gateway import Serving, serving
from tests.support.waiting import until, until_blocking

API = "/api/v1"
PROJECT = f"{API}/projects/acme"
POLICY, UNAUTHENTICATED, FORBIDDEN = 1008, 4401, 4403
READ, WRITE = "read", "write"


@dataclass(frozen=True)
class Site:
    """A server with the project `acme`; `admin` administers it, `mia` is an editor of the project."""

    server: Serving
    admin: httpx.AsyncClient
    mia: httpx.AsyncClient
    token: str

    async def grant(self, effect: str, action: str, resource: str, **more: Any) -> str:
        """Gives mia a permission, or takes one away; returns the grant's id."""
        body = {"user": "mia", "resource": resource, "actions": [action], "effect": effect, **more}
        answer = await self.admin.post(f"{PROJECT}/grants", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def set_role(self, role: str, **more: Any) -> None:
        """Makes mia something else in the project."""
        answer = await self.admin.put(f"{PROJECT}/members/mia", json={"role": role, **more})
        assert answer.status_code == 200, answer.text

    async def put(self, path: str, content: bytes = b"text") -> None:
        """Creates a file."""
        answer = await self.admin.put(f"{PROJECT}/files/{path}", content=content, headers={"If-None-Match": "*"})
        assert answer.status_code == 201, answer.text


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(tmp_path / "data", {"room_idle_s": 0, "requests_per_s": 1000, "requests_burst": 5000}) as server:
        token = await server.member(await server.project("acme"), "editor")
        async with server.client() as admin, server.client({"Authorization": f"Bearer {token}"}) as mia:
            yield Site(server, admin, mia, token)


# What one may not read

HIDDEN, UNUSED, ABSENT = "secret/key", "secret/not", "absent/key"
"""A file that mia may not read; a path beside it, where nothing is; one where she may read, and nothing is."""


async def hide(site: Site) -> dict[str, str]:
    """Files and documents, some of them hidden from mia; returns ids of deleted files by path."""
    for path in ("open/a.txt", HIDDEN, "secret/deleted", "open/deleted"):
        await site.put(path)
    update = pycrdt.Doc[Any]({"content": pycrdt.Text("text")}).get_update()
    for name in ("secret/doc", "open/doc"):
        (await site.admin.post(f"{API}/documents/acme/docs/{name}/updates", content=update)).raise_for_status()
    ids = {}
    for path in ("secret/deleted", "open/deleted"):
        [gone] = (await site.admin.delete(f"{PROJECT}/files/{path}")).json()["deleted"]
        ids[path] = gone["id"]
    for resource in ("file/secret/**", "doc/secret/**"):
        await site.grant("deny", READ, resource)
    return ids


def shown(answer: httpx.Response, *names: str) -> tuple[int, dict[str, str], bytes]:
    """What a client sees, but for the names that it asked for and the time."""
    headers = {key: value for key, value in answer.headers.items() if key not in ("date", "x-request-id")}
    content = answer.content
    for name in names:
        content = content.replace(name.encode(), b"NAME")
    return answer.status_code, headers, content


READING = [
    ("GET", "/projects/acme/files/{}", {}),
    ("HEAD", "/projects/acme/files/{}", {}),
    ("GET", "/projects/acme/files/{}", {"headers": {"If-None-Match": "*"}}),
    ("DELETE", "/projects/acme/files/{}", {}),
    ("POST", "/projects/acme/files:move", {"json": {"from": "{}", "to": "open/b"}}),
    ("GET", "/documents/acme/files/{}", {}),
    ("GET", "/documents/acme/files/{}", {"params": {"format": "update"}}),
    ("GET", "/documents/acme/files/{}", {"params": {"format": "json"}}),
    ("GET", "/documents/acme/files/{}", {"params": {"format": "text"}}),
    ("DELETE", "/documents/acme/files/{}", {}),
    ("POST", "/documents/acme/files/{}/updates", {"content": b"\x00\x00"}),
]
"""What asks for something that is there."""
WRITING = [
    ("PUT", "/projects/acme/files/{}", {"content": b"x", "headers": {"If-None-Match": "*"}}),
    ("PUT", "/projects/acme/files/{}", {"content": b"x", "headers": {"If-Match": '"sha256:00"'}}),
    ("PUT", "/projects/acme/files/{}", {"content": b"x", "headers": {"If-Match": "*"}, "params": {"force": "true"}}),
    ("POST", "/projects/acme/files:mkdir", {"json": {"path": "{}"}}),
    ("POST", "/projects/acme/files:move", {"json": {"from": "open/a.txt", "to": "{}"}}),
    ("POST", "/projects/acme/files:import", {"content": "{}"}),
]
"""What would put something there."""


async def ask(client: httpx.AsyncClient, edge: tuple[str, str, dict[str, Any]], name: str) -> httpx.Response:
    method, path, options = edge
    options = dict(options)
    if "json" in options:
        options["json"] = {key: value.replace("{}", name) for key, value in options["json"].items()}
    if options.get("content") == "{}":
        options["content"] = zip_bytes({name: b"x"})
    return await client.request(method, API + path.replace("{}", name), **options)


async def test_what_one_may_not_read_does_not_exist(site: Site) -> None:
    """Every edge answers byte by byte the same for what is hidden and for what is not there."""
    ids = await hide(site)
    for edge in READING:
        answers = [shown(await ask(site.mia, edge, name), name) for name in (HIDDEN, UNUSED, ABSENT)]
        assert answers[0] == answers[1] == answers[2], edge
        assert answers[0][0] == 404, edge
    for edge in WRITING:
        answers = [shown(await ask(site.mia, edge, name), name) for name in (HIDDEN, UNUSED)]
        assert answers[0] == answers[1], edge
        assert answers[0][0] == 404, edge
    for method, verb in (("GET", ""), ("DELETE", ""), ("GET", "?format=json")):
        names = ("secret/doc", "secret/not", "absent/doc")
        answers = [
            shown(await site.mia.request(method, f"{API}/documents/acme/docs/{name}{verb}"), name) for name in names
        ]
        assert answers[0] == answers[1] == answers[2]
        assert answers[0][0] == 404
    unknown = ids["secret/deleted"][:-4] + "0000"
    restored = [
        shown(await site.mia.post(f"{PROJECT}/files:restore", json={"ids": [id]}), id)
        for id in (ids["secret/deleted"], unknown)
    ]
    assert restored[0] == restored[1]
    assert restored[0][0] == 404
    assert (await site.mia.post(f"{PROJECT}/files:restore", json={"ids": [ids["open/deleted"]]})).status_code == 200


async def test_a_hidden_folder_is_no_folder(site: Site) -> None:
    """The folder of hidden files cannot be told from nothing: not read, moved, deleted, nor made again elsewhere."""
    await hide(site)
    for edge in READING:
        answers = [shown(await ask(site.mia, edge, name), name) for name in ("secret", "absent")]
        assert answers[0] == answers[1], edge


async def test_lists_are_as_if_there_were_nothing_else(site: Site) -> None:
    """Files, documents and exports are the same before something hidden comes and after it; pages are full."""
    await hide(site)

    async def lists() -> list[bytes]:
        pages = [await site.mia.get(f"{PROJECT}/{kind}", params={"limit": 1}) for kind in ("files", "documents")]
        archive = ZipFile(io.BytesIO((await site.mia.get(f"{PROJECT}/files:export")).content))
        return [*(page.content for page in pages), repr([archive.read(name) for name in archive.namelist()]).encode()]

    before = await lists()
    for number in range(30):
        await site.put(f"secret/{number}")
    await site.put("secret/folder/in/it")
    assert await lists() == before
    names, cursor = [], None
    while True:
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await site.mia.get(f"{PROJECT}/documents", params=params)).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        assert len(page["items"]) == 1
        if cursor is None:
            break
    assert sorted(names) == ["acme/docs/open/doc", "acme/files/open/a.txt"]
    assert [item["path"] for item in (await site.mia.get(f"{PROJECT}/files")).json()["items"]] == ["open/a.txt"]


@pytest.mark.parametrize("name", ["files/{}", "docs/{}", "tree", "live"])
async def test_sockets_say_the_same(name: str, site: Site) -> None:
    """Both dialects refuse what is hidden with the frames, code and reason of what is not there."""
    await hide(site)

    async def heard(document: str) -> list[object]:
        said: list[object] = []
        async with y_websocket(site.server.sync_url, document, site.token) as client:
            await client.step1()
            said += [await client.closed(), client.socket.close_reason, *client.said]
        async with hocuspocus(site.server.sync_url, document, site.token) as client:
            await client.step1()
            await client.hears("denied")
            said += client.said
        return [re.sub(r"'acme/[^']*'", "NAME", str(each)) for each in said]

    if name in ("tree", "live"):  # there is one, but not for who may not read every file; nobody has a chat
        assert await heard(f"acme/{name}") == await heard("acme/chat/x")
    else:
        hidden = "acme/" + name.format("secret/key" if name.startswith("files") else "secret/doc")
        assert await heard(hidden) == await heard("acme/files/absent/key")


async def test_a_hidden_project_is_none(site: Site) -> None:
    """Tickets and sockets for a project that one may not see are refused like those for one that is not there."""
    await site.admin.post(f"{API}/projects", json={"slug": "hidden", "name": "Hidden"})
    answers = [
        shown(await site.mia.post(f"{API}/tickets", json={"project": slug}), slug) for slug in ("hidden", "absent")
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    listed = (await site.mia.get(f"{API}/projects")).json()["items"]
    assert [project["slug"] for project in listed] == ["acme"]


async def test_one_grant_opens_one_thing(site: Site) -> None:
    """Who has a grant and no role sees the project, and in it what was granted."""
    await hide(site)
    guest = await site.server.member(await site.server.project("other"), "viewer", "gus")
    body = {"user": "gus", "resource": "file/open/a.txt", "actions": [READ]}
    (await site.admin.post(f"{PROJECT}/grants", json=body)).raise_for_status()
    async with site.server.client({"Authorization": f"Bearer {guest}"}) as gus:
        assert (await gus.get(PROJECT)).status_code == 200
        assert [item["path"] for item in (await gus.get(f"{PROJECT}/files")).json()["items"]] == ["open/a.txt"]
        assert (await gus.get(f"{PROJECT}/files/open/a.txt")).content == b"text"
        assert (await gus.get(f"{PROJECT}/files/secret/key")).status_code == 404
        assert (await gus.get(f"{PROJECT}/files:export")).status_code == 403
        put = await gus.put(f"{PROJECT}/files/open/a.txt", content=b"x", headers={"If-None-Match": "*"})
        assert put.status_code == 403
    async with y_websocket(site.server.sync_url, "acme/files/open/a.txt", guest) as client:
        await client.synced()
        assert client.content == "text"


async def test_one_acts_on_what_one_sees(site: Site) -> None:
    """A folder is moved and deleted without what is hidden in it, which stays where it is."""
    await site.put("dir/mine")
    await site.put("dir/hidden")
    await site.grant("deny", READ, "file/dir/hidden")
    moved = (await site.mia.post(f"{PROJECT}/files:move", json={"from": "dir", "to": "new"})).json()
    assert [item["to"] for item in moved["moved"]] == ["new/mine"]
    assert (await site.mia.delete(f"{PROJECT}/files/dir")).status_code == 404
    assert (await site.admin.get(f"{PROJECT}/files/dir/hidden")).content == b"text"


async def test_both_ends_of_a_move(site: Site) -> None:
    """Moving needs the right to write where a file is and where it goes; import and restore, where files come."""
    for path in ("frozen/a", "free/a"):
        await site.put(path)
    [gone] = (await site.admin.delete(f"{PROJECT}/files/frozen/a")).json()["deleted"]
    await site.put("frozen/b")
    await site.grant("deny", WRITE, "file/frozen/**")
    for source, target in (("frozen/b", "free/b"), ("free/a", "frozen/c"), ("free", "frozen/d"), ("frozen", "e")):
        answer = await site.mia.post(f"{PROJECT}/files:move", json={"from": source, "to": target})
        assert answer.status_code == 403, (source, target)
    assert (await site.mia.post(f"{PROJECT}/files:restore", json={"ids": [gone["id"]]})).status_code == 403
    data = zip_bytes({"free/new": b"", "frozen/new": b""})
    assert (await site.mia.post(f"{PROJECT}/files:import", content=data)).status_code == 403
    paths = [item["path"] for item in (await site.admin.get(f"{PROJECT}/files")).json()["items"]]
    assert paths == ["free/a", "frozen/b"]


# Presence


async def test_presence_hides_paths(site: Site) -> None:
    """In a room that both may join, who may not read a file does not learn that somebody looks at it."""
    await hide(site)
    async with (
        hocuspocus(site.server.sync_url, FILE, site.token) as mia,
        hocuspocus(site.server.sync_url, FILE, ADMIN_TOKEN) as admin,
    ):
        await mia.synced()
        await admin.synced()
        for path, shown_path in (("secret/key", None), ("open/a.txt", "open/a.txt")):
            await admin.announce({"path": path})
            await until(lambda path=path: path in paths(admin), what="the administrator hears it")
            await until(lambda path=shown_path: paths(mia) == [path], what="mia hears what she may")
        assert all(b"secret" not in payload for payload in mia.heard("awareness"))


def paths(client: SyncClient) -> list[object]:
    """Where people look, as the client was told."""
    return [state.get("path") for state in client.presence.values()]


# What is taken away

FILE = "acme/files/open/a.txt"


async def lost(site: Site, loss: Any, document: str = FILE) -> set[int | None]:
    """The close codes of mia's sockets in both dialects, when `loss` happens after they have synced."""
    async with (
        y_websocket(site.server.sync_url, document, site.token) as one,
        hocuspocus(site.server.sync_url, document, site.token) as two,
        y_websocket(site.server.sync_url, document, ADMIN_TOKEN) as other,
    ):
        for client in (one, two, other):
            await client.synced()
        await loss
        codes = {await one.closed(), await two.closed()}
        await other.type("still here")
        await other.y_sweet_status(1)
        await other.hears("echo")
        return codes


def soon(seconds: float = 1.5) -> str:
    """A moment from now, as REST takes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_a_grant_is_taken_back(site: Site) -> None:
    """Who loses the right to read one file is closed with 4403."""
    await site.put("open/a.txt")
    assert await lost(site, site.grant("deny", READ, "file/open/**")) == {FORBIDDEN}


async def test_the_right_to_write_is_taken(site: Site) -> None:
    """Who may only read from now on connects again: 1008."""
    await site.put("open/a.txt")
    assert await lost(site, site.grant("deny", WRITE, "file/open/a.txt")) == {POLICY}


async def test_what_concerns_another_file(site: Site) -> None:
    """A change elsewhere in the project leaves a socket alone."""
    await site.put("open/a.txt")
    async with hocuspocus(site.server.sync_url, FILE, site.token) as client:
        await client.synced()
        await site.grant("deny", READ, "file/secret/**")
        await site.grant("deny", WRITE, "doc/**")
        await client.type("on")
        await client.all_saved()


async def test_a_role_is_lowered(site: Site) -> None:
    """An editor who becomes a viewer connects again; who is nothing any more does not."""
    await site.put("open/a.txt")
    assert await lost(site, site.set_role("viewer")) == {POLICY}
    assert await lost(site, site.admin.delete(f"{PROJECT}/members/mia")) == {FORBIDDEN}


async def test_a_grant_runs_out(site: Site) -> None:
    """When its time has come a grant is gone without any event, and so is a role; a deny that ends gives back."""
    await site.put("open/a.txt")
    (await site.admin.delete(f"{PROJECT}/members/mia")).raise_for_status()
    await site.grant("allow", WRITE, "file/open/**", until=soon())
    assert await lost(site, asyncio.sleep(0)) == {FORBIDDEN}
    await site.set_role("editor", until=soon())
    assert await lost(site, asyncio.sleep(0)) == {FORBIDDEN}
    await site.set_role("editor")
    await site.grant("deny", WRITE, "file/open/**", until=soon())
    assert await lost(site, asyncio.sleep(0)) == {POLICY}


async def test_a_file_moves_out_of_reach(site: Site) -> None:
    """A file that is moved to where one may not read is closed; one that is moved elsewhere is not."""
    await site.put("open/a.txt")
    await site.grant("deny", READ, "file/secret/**")

    async def move(source: str, target: str) -> None:
        answer = await site.admin.post(f"{PROJECT}/files:move", json={"from": source, "to": target})
        assert answer.status_code == 200, answer.text

    async with hocuspocus(site.server.sync_url, FILE, site.token) as client:
        await client.synced()
        await move("open/a.txt", "open/b.txt")
        await client.type("on")
        await client.all_saved()
        await move("open/b.txt", "open/a.txt")
    assert await lost(site, move("open/a.txt", "secret/a.txt")) == {FORBIDDEN}


async def test_a_user_is_disabled(site: Site) -> None:
    """Everything that a disabled user has open is closed with 4401."""
    await site.put("open/a.txt")
    assert await lost(site, site.admin.patch(f"{API}/users/mia", json={"disabled": True})) == {UNAUTHENTICATED}


async def test_a_token_is_revoked(site: Site) -> None:
    """A token that its owner revokes closes what it opened."""
    await site.put("open/a.txt")
    revoked = site.mia.delete(f"{API}/tokens/{site.token.split('_')[2]}")
    assert await lost(site, revoked) == {UNAUTHENTICATED}


async def test_access_changes_in_another_process(tmp_path: Path) -> None:
    """What another process did to the database, where no event tells of it, is found within seconds."""
    with Atrium(tmp_path / "data") as atrium:
        project = atrium.create_project()
        document = atrium.create_file(project, "a.txt", "text")
        for command, code in ((["--role", "viewer"], POLICY), (None, UNAUTHENTICATED)):
            token = atrium.token(project, "editor", "mia")
            async with y_websocket(atrium.sync_url, document, token) as client:
                await client.synced()
                if command:
                    await asyncio.to_thread(atrium.token, project, "viewer", "mia")
                else:
                    await asyncio.to_thread(atrium.command, "token", "revoke", token.split("_")[2])
                assert await client.closed() == code


# On the disk


def test_the_data_directory_is_the_owners(tmp_path: Path) -> None:
    """The data directory and everything in it, login link and database among them, is for its owner alone."""
    atrium = Atrium(tmp_path / "data", first_start=True, ATRIUM_ADMIN_TOKEN=None)
    atrium.data.rmdir()
    before = os.umask(0o022)
    try:
        with atrium:
            link = atrium.data / "login-link.txt"
            until_blocking(link.exists, 10, lambda: "there is no login link")
            found = [atrium.data, *atrium.data.rglob("*")]
            assert {link, atrium.data / "atrium.db"} <= {*found}
            open_to_others = [path for path in found if path.stat().st_mode & 0o077]
            assert not open_to_others
    finally:
        os.umask(before)
