"""One document on one socket: queueing, opening, refusing, and access that changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdt_docs.lib0 import var_bytes, var_string
from server.access import AccessChanged, Principal
from server.documents import LoadedDocument
from server.files import Resolved
from tests.support.atrium import ADMIN_TOKEN
from tests.support.clients import hocuspocus, open_socket, y_websocket
from tests.support.gateway import ADMINISTRATOR, Serving, serving
from tests.support.waiting import PATIENCE_S, until

DOCUMENT = "acme/docs/a"
POLICY, TRY_AGAIN, FORBIDDEN, NOT_FOUND = 1008, 1013, 4403, 4404


class Gate:
    """Holds back what waits for it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.opened.wait()


@pytest.fixture
def slow_load(server: Serving, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Loading a document takes until the gate opens."""
    gate, load = Gate(), server.services.documents.load

    async def waiting(document_id: int) -> LoadedDocument:
        await gate.wait()
        return await load(document_id)

    monkeypatch.setattr(server.services.documents, "load", waiting)
    return gate


async def rest(socket: ClientConnection) -> AsyncIterator[bytes]:
    """Every frame that comes until the socket closes."""
    with suppress(ConnectionClosed):
        while True:
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            yield frame


async def test_the_order_of_the_answers(server: Serving) -> None:
    """Authenticated, our Step1, Step2, then a receipt for each of the client's updates, the Step2 among them."""
    async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.step1()
        await client.type("x")
        await client.hears("status", 2)
        assert client.kinds() == ["authenticated", "step1", "step2", "status", "status"]


async def test_what_is_pipelined_waits(server: Serving, slow_load: Gate) -> None:
    """Edits that are sent while the document is loaded are taken in their order afterwards."""
    async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.step1()
        for letter in "hello":
            await client.type(letter)
        await slow_load.reached.wait()
        assert client.said == []
        slow_load.opened.set()
        await client.all_saved()
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as reader:
        await reader.synced()
        assert reader.content == "hello"


async def test_too_much_is_pipelined(server: Serving, slow_load: Gate) -> None:
    """All documents of a socket together may keep 1 MiB; more closes the socket, and it may come again."""
    async with open_socket(server.sync_url, additional_headers=ADMINISTRATOR) as socket:
        for name in ("a", "b", "c"):
            prefix = var_string(f"acme/docs/{name}")
            await socket.send(prefix + b"\x02\x00\x00")
            await socket.send(prefix + b"\x00\x02" + var_bytes(bytes(400_000)))
        await asyncio.wait_for(socket.wait_closed(), PATIENCE_S)
        assert socket.close_code == TRY_AGAIN
    slow_load.opened.set()


async def test_too_many_messages_are_pipelined(server: Serving, slow_load: Gate) -> None:
    """The number of messages that wait is limited like their bytes."""
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.step1()
        for _ in range(200):
            await client.send(b"\x03")
        assert await client.closed() == TRY_AGAIN
    slow_load.opened.set()


async def test_leaving_while_the_document_loads(server: Serving, slow_load: Gate) -> None:
    """A client that is gone before its document is there holds nothing of it."""
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.step1()
        await slow_load.reached.wait()
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as other:
        slow_load.opened.set()
        await other.synced()
    await until(lambda: len(server.services.rooms) == 0, what="the room is let go")


async def test_a_document_that_cannot_be_loaded(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the database closes the socket with a code that lets clients come again."""

    async def failing(_document_id: int) -> LoadedDocument:
        raise OSError("the disk is gone")

    monkeypatch.setattr(server.services.documents, "load", failing)
    async with (
        y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as one,
        hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as two,
    ):
        await one.step1()
        assert await one.closed() == TRY_AGAIN
        assert "denied" not in one.kinds()
        assert await two.closed() == TRY_AGAIN


async def test_signing_in_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that cannot be checked in time is no reason to stay away for ever."""
    async with serving(tmp_path / "data", {"authentication_s": 0.2}) as server:
        await server.project()

        async def never(_token: str, *, address: str) -> Principal:
            await asyncio.Event().wait()
            raise AssertionError

        monkeypatch.setattr(server.services.authenticator, "token", never)
        async with hocuspocus(server.sync_url, DOCUMENT, "any") as client:
            assert await client.closed() in (TRY_AGAIN, 4408)


@pytest.mark.parametrize("document", ["acme/files/none.txt", "nowhere/docs/a", "acme/chat/a"])
async def test_no_such_document(document: str, server: Serving) -> None:
    """What is not there: permission denied and 4404 for y-websocket, denied for that document for Hocuspocus."""
    async with y_websocket(server.sync_url, document, ADMIN_TOKEN) as one:
        await one.step1()
        assert await one.closed() == NOT_FOUND
        assert one.kinds() == ["denied"]
    async with hocuspocus(server.sync_url, document, ADMIN_TOKEN) as two:
        await two.step1()
        await two.hears("denied")
        await two.type("into the void")
        await two.authenticate(ADMIN_TOKEN)
        await two.hears("denied", 2)
        assert two.kinds() == ["denied", "denied"]


async def test_a_viewer(server: Serving) -> None:
    """A viewer's update is refused: SyncStatus 0, or permission denied; a Step2 without news is accepted."""
    token = await server.member(await server.project(), "viewer")
    async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as editor:
        await editor.synced()
        await editor.type("given")
        await editor.all_saved()
        async with (
            hocuspocus(server.sync_url, DOCUMENT, token) as two,
            y_websocket(server.sync_url, DOCUMENT, token) as one,
        ):
            assert await two.hears("authenticated") == "readonly"
            await two.synced()
            await two.hears("status")
            await two.type("!")
            await two.hears("status", 2)
            assert two.heard("status") == [1, 0]
            await one.synced()
            await one.type("!")
            await one.hears("denied")
            await editor.type(" more")
            await one.hears("update")
            assert editor.content == "given more"


async def test_the_state_is_asked_for_too_often(server: Serving) -> None:
    """Five Step1 at once are answered; a client that goes on is sent away for a while."""
    async with open_socket(f"{server.sync_url}/{DOCUMENT}", additional_headers=ADMINISTRATOR) as socket:
        for _ in range(8):
            await socket.send(b"\x00\x00\x01\x00")
        answers = [frame async for frame in rest(socket) if frame[:2] == b"\x00\x01"]
        assert socket.close_code == TRY_AGAIN
        assert len(answers) == 5


async def test_presence_is_asked_for_too_often(server: Serving) -> None:
    """Asking who is here is answered a few times, and not for ever: the answer is as large as the room."""
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.synced()
        await client.announce({"cursor": 1})
        await client.hears("awareness")
        for _ in range(100):
            await client.send(b"\x03")
        await client.type("still here")
        await client.y_sweet_status(1)
        await client.hears("echo")
        assert len(client.heard("awareness")) < 10


# Access


async def test_membership_ends(server: Serving) -> None:
    """Who is no member any more is closed with 4403; others stay."""
    project = await server.project()
    token = await server.member(project, "editor")
    async with (
        y_websocket(server.sync_url, DOCUMENT, token) as member,
        y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as other,
    ):
        await member.synced()
        await other.synced()
        await server.leave(project)
        assert await member.closed() == FORBIDDEN
        await other.type("alone")
        await other.y_sweet_status(1)
        await other.hears("echo")


@pytest.mark.parametrize(("before", "after"), [("editor", "viewer"), ("viewer", "editor")])
async def test_a_role_changes(before: str, after: str, server: Serving) -> None:
    """Who may do more or less than before has to connect again, with a code that every client does so on."""
    project = await server.project()
    async with hocuspocus(server.sync_url, DOCUMENT, ADMIN_TOKEN) as creator:
        await creator.synced()
        async with y_websocket(server.sync_url, DOCUMENT, await server.member(project, before)) as member:
            await member.synced()
            await server.member(project, after)
            assert await member.closed() == POLICY
        async with hocuspocus(server.sync_url, DOCUMENT, await server.member(project, after)) as again:
            assert await again.hears("authenticated") == ("readonly" if after == "viewer" else "read-write")


async def test_a_role_that_changes_nothing_here(server: Serving) -> None:
    """An editor who becomes an owner edits on undisturbed."""
    project = await server.project()
    async with hocuspocus(server.sync_url, DOCUMENT, await server.member(project, "editor")) as member:
        await member.synced()
        await server.member(project, "owner")
        await member.type("on")
        await member.all_saved()


async def test_access_ends_while_the_document_loads(server: Serving, slow_load: Gate) -> None:
    """A right that ends between the check and the open document is not kept."""
    project = await server.project()
    async with y_websocket(server.sync_url, DOCUMENT, await server.member(project, "editor")) as member:
        await member.step1()
        await slow_load.reached.wait()
        await server.leave(project)
        slow_load.opened.set()
        assert await member.closed() == NOT_FOUND
        assert "step2" not in member.kinds()


async def test_access_ends_while_it_is_asked(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer about a right that was true when it was asked is asked again when access has changed since."""
    project, gate, resolver = await server.project(), Gate(), server.services.resolver
    resolve = resolver.open

    async def outdated(raw: str, principal: Principal, *, create: bool) -> Resolved:
        answer = await resolve(raw, principal, create=create)
        await gate.wait()
        return answer

    monkeypatch.setattr(resolver, "open", outdated)
    async with y_websocket(server.sync_url, DOCUMENT, await server.member(project, "editor")) as member:
        await member.step1()
        await gate.reached.wait()
        await server.leave(project)
        await asyncio.sleep(0)
        gate.opened.set()
        assert await member.closed() == NOT_FOUND


async def test_access_cannot_be_asked(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a change cannot be looked into, the socket is closed, and may come again."""

    async def failing(found: Resolved, principal: Principal) -> Resolved:
        raise OSError("the disk is gone")

    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.synced()
        monkeypatch.setattr(server.services.resolver, "again", failing)
        server.services.events.publish(AccessChanged(None, None))
        assert await client.closed() == TRY_AGAIN


async def test_a_deleted_document(server: Serving) -> None:
    """Deleting a document closes its sockets with 4404, and it cannot be opened again."""
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as client:
        await client.synced()
        async with server.client() as rest:
            (await rest.delete(f"/api/v1/documents/{DOCUMENT}")).raise_for_status()
        assert await client.closed() == NOT_FOUND
    async with y_websocket(server.sync_url, DOCUMENT, ADMIN_TOKEN) as again:
        await again.step1()
        assert await again.closed() == NOT_FOUND
