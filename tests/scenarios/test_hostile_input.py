"""Hostile clients are refused; the process, the room and everybody in it go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.exceptions import ConnectionClosed

from crdt_docs.lib0 import var_bytes
from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.attacks import bad_frames, refused_updates, spoofed_presence, truncated_updates
from tests.support.clients import HocuspocusClient, SyncClient, hocuspocus, open_socket, y_websocket
from tests.support.hostile import ME, hostile_awareness
from tests.support.waiting import PATIENCE_S, until

VICTIM = 77
"""The client id of the honest client."""
PERMANENT = range(4400, 4500)
UNSUPPORTED_DATA = 1003
PING_PONG = (9, 10)

Dialect = Callable[..., AbstractAsyncContextManager[SyncClient]]
DIALECTS = [pytest.param(y_websocket, id="y-websocket"), pytest.param(hocuspocus, id="hocuspocus")]

pytestmark = pytest.mark.timeout(300)


def new_document(atrium: Atrium, kind: str) -> str:
    project = atrium.create_project()
    return atrium.create_file(project, "a.txt") if kind == "files" else f"{project}/docs/a"


@asynccontextmanager
async def bystander(atrium: Atrium, document: str) -> AsyncIterator[HocuspocusClient]:
    """An honest client that types all the time; on the way out each keystroke must have had its receipt."""
    over = asyncio.Event()

    async def type_on() -> None:
        while not over.is_set():
            await client.round_trip()

    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN, doc=Doc(client_id=VICTIM)) as client:
        await client.synced()
        await client.announce({"honest": True})
        await client.round_trip()
        typing = asyncio.create_task(type_on())
        yield client
        over.set()
        await typing
        await client.round_trip()
        assert client.socket.close_code is None
        assert "denied" not in client.kinds()


async def is_refused(client: SyncClient, answered: int) -> None:
    """Waits until the update is refused aloud, or the missing part is asked for; it must not be acknowledged."""

    def refused() -> bool:
        gone = client.socket.close_code is not None
        return (
            gone
            or 0 in client.heard("status")
            or "denied" in client.kinds()
            or client.kinds().count("step1") > answered
        )

    await until(refused, what=f"a refusal, after {client.kinds()},")
    if client.socket.close_code is not None:
        assert client.socket.close_code in PERMANENT
    # The client answers each Step1 of the server with a Step2, and that has a receipt.
    receipts, asked = client.heard("status").count(1), client.kinds().count("step1")
    assert receipts <= asked, f"acknowledged: {client.heard('status')} for {asked} Step2"


async def attack(dialect: Dialect, atrium: Atrium, document: str, token: str, update: bytes) -> None:
    """One hostile client's life: syncs like anybody, sends the update."""
    async with dialect(atrium.sync_url, document, token) as client:
        await client.synced()
        answered = client.kinds().count("step1")
        await client.update(update)
        await is_refused(client, answered)


def mallory(atrium: Atrium, document: str) -> str:
    """The token of an editor who is not the honest one."""
    return atrium.token(document.partition("/")[0], "editor", "mallory")


def stored(atrium: Atrium, document: str) -> Doc[Any]:
    """The document as the server gives it out."""
    doc: Doc[Any] = Doc()
    doc.apply_update(atrium.document_update(document))
    return doc


async def nothing_bad_is_stored(atrium: Atrium, document: str, honest: HocuspocusClient) -> None:
    """The server has what the honest client has, also after it has read its log again."""
    live = stored(atrium, document)
    await asyncio.to_thread(atrium.restart)
    for doc in (live, stored(atrium, document)):
        assert str(doc.get("content", type=Text)) == honest.content
        assert doc.get_state() == honest.doc.get_state()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", ["files", "docs"])
async def test_hostile_updates(kind: str, dialect: Dialect, atrium: Atrium) -> None:
    """Every hostile update is refused and none is stored; an honest client in the room notices nothing."""
    document = new_document(atrium, kind)
    token = mallory(atrium, document)
    attacks = refused_updates(kind, VICTIM)
    taken = []
    async with bystander(atrium, document) as honest:
        for name, update in attacks.items():
            try:
                await attack(dialect, atrium, document, token, update)
            except AssertionError as error:
                taken.append(f"{name}: {error}")
    assert not taken, "\n".join(taken)
    await nothing_bad_is_stored(atrium, document, honest)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_truncated_updates(dialect: Dialect, atrium: Atrium) -> None:
    """Every beginning of an honest update is refused, or asked about, and not stored."""
    document = new_document(atrium, "files")
    token = mallory(atrium, document)
    async with bystander(atrium, document) as honest:
        for update in truncated_updates():
            await attack(dialect, atrium, document, token, update)
    await nothing_bad_is_stored(atrium, document, honest)


async def close_code(url: str, body: bytes) -> int | None:
    """The code by which the server closes a socket that sends `body`; None when it does not."""
    async with open_socket(url) as socket:
        await socket.send(body)
        with suppress(TimeoutError):
            await asyncio.wait_for(socket.wait_closed(), PATIENCE_S)
        return socket.close_code


@pytest.mark.parametrize("path", ["", "/{document}"])
async def test_hostile_frames(path: str, shared_atrium: Atrium) -> None:
    """Frames that are no message close their own socket, with a code that says so."""
    document = new_document(shared_atrium, "docs")
    url = f"{shared_atrium.sync_url}{path.format(document=document)}?token={ADMIN_TOKEN}"
    single_bytes = [bytes((byte,)) for byte in range(256) if byte not in PING_PONG]
    async with bystander(shared_atrium, document):
        codes = {body[:40]: await close_code(url, body) for body in [*single_bytes, *bad_frames(document)]}
    assert {body: code for body, code in codes.items() if code not in PERMANENT} == {}


async def test_text_frames(shared_atrium: Atrium) -> None:
    """A text message is unsupported data."""
    async with open_socket(f"{shared_atrium.sync_url}?token={ADMIN_TOKEN}") as socket:
        await socket.send("hello")
        await asyncio.wait_for(socket.wait_closed(), PATIENCE_S)
        assert socket.close_code == UNSUPPORTED_DATA


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_hostile_presence(dialect: Dialect, shared_atrium: Atrium) -> None:
    """Nobody speaks for another, and no broken state reaches anybody."""
    document = new_document(shared_atrium, "docs")
    token = mallory(shared_atrium, document)
    async with (
        bystander(shared_atrium, document),
        hocuspocus(shared_atrium.sync_url, document, ADMIN_TOKEN) as witness,
    ):
        await witness.synced()
        await until(lambda: VICTIM in witness.presence, what="the honest client's presence")
        attacks = hostile_awareness() | spoofed_presence(VICTIM)
        for name, presence in attacks.items():
            async with dialect(shared_atrium.sync_url, document, token) as client:
                await client.synced()
                with suppress(ConnectionClosed):
                    await client.send(b"\x01" + var_bytes(presence))
                    await client.announce({"after": name})  # whoever is not closed for it may go on
            assert ME not in witness.presence, name
            assert witness.presence[VICTIM].get("honest"), name
            assert "spoofed" not in str(witness.presence), name


async def test_a_victims_client_id(atrium: Atrium) -> None:
    """Structs under the client id of another user are refused; that user types on and everybody agrees."""
    document = new_document(atrium, "docs")
    token = mallory(atrium, document)
    async with (
        bystander(atrium, document) as honest,
        hocuspocus(atrium.sync_url, document, token, doc=Doc(client_id=VICTIM)) as thief,
    ):
        await thief.synced()
        forged: Doc[Any] = Doc(client_id=VICTIM)
        forged.get("content", type=Text).insert(0, "forged " * 100_000)
        await thief.update(forged.get_update())
        await until(lambda: 0 in thief.heard("status"), what="the refusal")
    await nothing_bad_is_stored(atrium, document, honest)
    assert "forged" not in honest.content


async def test_a_viewers_edit(shared_atrium: Atrium) -> None:
    """What a viewer sends is refused by SyncStatus 0; an empty Step2 of a viewer is fine."""
    document = new_document(shared_atrium, "files")
    viewer_token = shared_atrium.token(document.partition("/")[0], "viewer")
    async with hocuspocus(shared_atrium.sync_url, document, viewer_token) as viewer:
        await viewer.synced()
        assert await viewer.hears("authenticated") == "readonly"
        assert await viewer.hears("status") == 1
        await viewer.type("not allowed")
        assert await viewer.hears("status", 2) == 0
        viewer.text.insert(0, "again ")
        await viewer.step2(viewer.doc.get_update())
        assert await viewer.hears("status", 3) == 0
    assert shared_atrium.read_file(document) == ""
