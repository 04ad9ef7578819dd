"""Real clients, unchanged: each family converges, shows presence, survives a restart of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.waiting import eventually
from tests.support.yjs import FAMILIES, HOCUSPOCUS, Y_WEBSOCKET, Driver, YjsPeer

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]


def shows(text: str) -> Callable[[dict[str, Any]], bool]:
    """The status of a client that has `text`, and knows that everything of its own is stored."""
    return lambda status: status["text"] == text and not status["unsynced"]


async def open_synced(yjs: Driver, family: str, atrium: Atrium, document: str, token: str = ADMIN_TOKEN) -> YjsPeer:
    peer = await yjs.open(family, url=atrium.sync_url, document=document, token=token)
    return await peer.synced()


@pytest.mark.parametrize("family", FAMILIES)
async def test_two_clients_converge(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """What either types the other sees, in a file that has text already, and REST reads the same."""
    document = shared_atrium.create_file(shared_atrium.create_project(), "src/a file.md", "start\n")
    one, two = [await open_synced(yjs, family, shared_atrium, document) for _ in range(2)]
    await one.insert(text="one 😀 ", index=0)
    await two.shows(shows("one 😀 start\n"))
    await two.remove(index=0, length=4)
    await two.insert(text="two")
    for peer in (one, two):
        await peer.shows(shows("😀 start\ntwo"))
    assert shared_atrium.read_file(document) == "😀 start\ntwo"


@pytest.mark.parametrize("family", FAMILIES)
async def test_presence_comes_and_goes(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """A late joiner sees who is there, with the identity of the login; who disconnects is gone at once."""
    document = f"{shared_atrium.create_project()}/docs/presence"
    early = await open_synced(yjs, family, shared_atrium, document)
    await early.announce(state={"user": {"name": "Somebody Else", "color": "red"}, "cursor": 3})
    late = await open_synced(yjs, family, shared_atrium, document)
    seen = (await late.shows(lambda status: str(early.client) in status["presence"]))["presence"][str(early.client)]
    assert seen["cursor"] == 3
    assert seen["user"].keys() == {"id", "name", "hue", "kind"}
    assert seen["user"]["name"] != "Somebody Else"
    await early.disconnect()
    # Without a word from the server, a client forgets another after 30 s.
    await late.shows(lambda status: status["presence"] == {}, timeout_s=20)


@pytest.mark.parametrize("family", FAMILIES)
async def test_offline_edits_are_merged(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """Both sides of a cut connection go on typing and converge when it comes back."""
    document = f"{shared_atrium.create_project()}/docs/offline"
    one, two = [await open_synced(yjs, family, shared_atrium, document) for _ in range(2)]
    await one.insert(text="common ")
    await two.shows(shows("common "))
    await one.disconnect()
    await one.shows(lambda status: not status["synced"])  # Hocuspocus does not connect while it is still closing
    await one.insert(text="[one]", index=0)
    await two.insert(text="[two]")
    await one.connect()
    for peer in (one, two):
        await peer.shows(shows("[one]common [two]"))


async def test_all_families_survive_a_restart(atrium: Atrium, yjs: Driver) -> None:
    """A client of every family in one document: the server is killed and started again, nobody loses a letter."""
    document = f"{atrium.create_project()}/docs/restart"
    peers = [await open_synced(yjs, family, atrium, document) for family in FAMILIES]
    await peers[0].insert(text="before ")
    for peer in peers:
        await peer.shows(shows("before "))
    atrium.sigkill()
    for family, peer in zip(FAMILIES, peers, strict=True):
        await peer.insert(text=f"<{family}>")
    atrium.start()

    def complete(status: dict[str, Any]) -> bool:
        return all(f"<{family}>" in status["text"] for family in FAMILIES) and not status["unsynced"]

    texts = [(await peer.shows(complete))["text"] for peer in peers]
    assert len(set(texts)) == 1, texts


@pytest.mark.parametrize("family", HOCUSPOCUS)
async def test_two_documents_on_one_socket(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """Documents on a shared socket are apart, each with its own receipts; leaving one does not disturb the other."""
    project = shared_atrium.create_project()
    socket = await yjs.socket(family, shared_atrium.sync_url)
    names = [f"{project}/docs/one", f"{project}/docs/two"]
    one, two = [await yjs.open(family, socket=socket, document=name, token=ADMIN_TOKEN) for name in names]
    for peer, text in ((one, "first"), (two, "second")):
        await peer.synced()
        await peer.insert(text=text)
        await peer.shows(shows(text))
    await one.destroy()
    await two.insert(text=" still")
    reader = await open_synced(yjs, family, shared_atrium, names[1])
    await reader.shows(shows("second still"))
    await two.shows(shows("second still"))


@pytest.mark.parametrize("family", HOCUSPOCUS)
async def test_a_refused_document_leaves_the_socket(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """A wrong token is denied for its document only; the other one on the socket goes on."""
    project = shared_atrium.create_project()
    socket = await yjs.socket(family, shared_atrium.sync_url)
    good = await yjs.open(family, socket=socket, document=f"{project}/docs/good", token=ADMIN_TOKEN)
    await good.synced()
    bad = await yjs.open(family, socket=socket, document=f"{project}/docs/bad", token="not a token")
    status = await bad.shows(lambda status: any("denied" in event for event in status["events"]))
    assert not status["synced"]
    await good.insert(text="on")
    await good.shows(shows("on"))


@pytest.mark.parametrize("family", [*Y_WEBSOCKET, "y-sweet"])
async def test_a_wrong_token_closes_the_socket(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """A y-websocket client with a wrong token is closed with 4401, and never synced."""
    document = f"{shared_atrium.create_project()}/docs/closed"
    peer = await yjs.open(family, url=shared_atrium.sync_url, document=document, token="not a token")
    status = await peer.shows(lambda status: {"close": 4401} in status["events"])
    assert not status["synced"]


@pytest.mark.parametrize("family", HOCUSPOCUS)
async def test_a_viewer_is_told_that_it_may_only_read(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """A viewer's client syncs, knows its scope, counts its own change as unsaved for ever, and changes nothing."""
    project = shared_atrium.create_project()
    document = shared_atrium.create_file(project, "read.md", "text")
    viewer = await open_synced(yjs, family, shared_atrium, document, shared_atrium.token(project, "viewer"))
    status = await viewer.shows(shows("text"))
    assert {"scope": "readonly"} in status["events"]
    await viewer.insert(text="!")
    editor = await open_synced(yjs, family, shared_atrium, document)
    await editor.insert(text="?")
    await viewer.shows(lambda status: "?" in status["text"] and status["unsynced"])
    assert shared_atrium.read_file(document) == "text?"


@pytest.mark.parametrize("family", [*Y_WEBSOCKET, "y-sweet"])
async def test_a_viewer_reads_and_does_not_write(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """A viewer's y-websocket client follows the document; what it types goes nowhere and does not cut it off."""
    project = shared_atrium.create_project()
    document = shared_atrium.create_file(project, "read.md", "text")
    viewer = await open_synced(yjs, family, shared_atrium, document, shared_atrium.token(project, "viewer"))
    await viewer.shows(lambda status: status["text"] == "text")
    await viewer.insert(text="!")
    editor = await open_synced(yjs, family, shared_atrium, document)
    await editor.insert(text="?")
    await viewer.shows(lambda status: "?" in status["text"])
    assert shared_atrium.read_file(document) == "text?"


async def test_y_sweet_knows_what_is_stored(shared_atrium: Atrium, yjs: Driver) -> None:
    """The sync status comes back: `hasLocalChanges` turns true with an edit and false again."""
    document = f"{shared_atrium.create_project()}/docs/sweet"
    peer = await open_synced(yjs, "y-sweet", shared_atrium, document)
    await peer.shows(lambda status: status["unsynced"] is False)
    await peer.insert(text="x")
    events = (await peer.shows(lambda status: {"pending": False} in status["events"][-1:]))["events"]
    assert {"pending": True} in events


async def test_anonymous_clients_need_no_token(tmp_path: Any, yjs: Driver) -> None:
    """With an anonymous role every family works without a token, also version 2, which then sends no Auth."""
    with Atrium(tmp_path / "data", ATRIUM_ANONYMOUS_ROLE="editor") as atrium:
        document = f"{atrium.create_project()}/docs/open"
        peers = [await open_synced(yjs, family, atrium, document, token="") for family in FAMILIES]
        await peers[0].insert(text="hello")
        for peer in peers:
            await peer.shows(shows("hello"))


async def test_rooms_of_another_server_keep_their_names(tmp_path: Any, yjs: Driver) -> None:
    """With a default project, made at start, a name without project and kind is a document of it."""
    with Atrium(tmp_path / "data", ATRIUM_DEFAULT_PROJECT="main") as atrium:
        peers = [await open_synced(yjs, family, atrium, "my-room") for family in FAMILIES]
        await peers[-1].insert(text="same room")
        for peer in peers:
            await peer.shows(shows("same room"))
        documents = atrium.request("GET", "/api/v1/projects/main/documents").json()["items"]
        assert "main/docs/my-room" in [item["name"] for item in documents]


@pytest.mark.parametrize("family", ["y-websocket-3", "hocuspocus-4"])
async def test_a_deleted_document_is_gone_for_good(family: str, shared_atrium: Atrium, yjs: Driver) -> None:
    """Deleting a document ends its clients, which do not bring it back by what they hold."""
    document = f"{shared_atrium.create_project()}/docs/deleted"
    peer = await open_synced(yjs, family, shared_atrium, document)
    await peer.insert(text="text")
    await peer.shows(shows("text"))
    shared_atrium.request("DELETE", f"/api/v1/documents/{document}")
    await peer.shows(lambda status: any(event.keys() & {"close", "denied"} for event in status["events"]))

    async def answer() -> int:
        return shared_atrium.try_request("GET", f"/api/v1/documents/{document}").status_code

    await eventually(answer, lambda code: code == 404)
