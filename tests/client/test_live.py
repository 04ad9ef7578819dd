"""Documents edited live, against a real server that also dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from client import AtriumClient, AtriumClientError, ConnectionLost
from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.waiting import until


async def test_two_documents_converge(server: Atrium, admin: AtriumClient, project: str) -> None:
    """What one client types, the other has; both have what the file had before."""
    name = server.create_file(project, "a file.md", "before\n")
    async with admin.document(name) as one, admin.document(name) as two:
        one.text.insert(0, "one ")
        two.text.insert(0, "two ")
        await until(lambda: len(str(one.text)) == len(str(two.text)) == len("one two before\n"))
        assert str(one.text) == str(two.text)


async def test_saved_means_that_the_server_has_it(server: Atrium, admin: AtriumClient, project: str) -> None:
    """After `saved()`, a server that is killed and started again still has every edit."""
    name = server.create_file(project, "saved.md")
    async with admin.document(name) as document:
        for number in range(200):
            document.text.insert(0, f"{number} ")
        await document.saved()
        server.restart()
    assert server.read_file(name) == str(document.text)


async def test_saved_without_edits_returns(server: Atrium, admin: AtriumClient, project: str) -> None:
    """A document that nobody edits is saved."""
    async with admin.document(server.create_file(project, "still.md", "still")) as document:
        await document.saved()
        await document.saved()


async def test_a_lost_connection_ends_the_wait(tmp_path: Path) -> None:
    """When the server dies, `saved()` raises instead of waiting for ever, and leaving the block is quiet."""
    with Atrium(tmp_path / "data") as server:
        name = f"{server.create_project()}/docs/note"
        async with AtriumClient(server.url, ADMIN_TOKEN) as client, client.document(name) as document:
            server.sigstop()
            document.text.insert(0, "unsaved")
            saved = asyncio.create_task(document.saved())
            server.sigkill()
            with pytest.raises(ConnectionLost) as lost:
                await saved
    assert lost.value.retryable


async def test_a_document_goes_on_after_a_restart(server: Atrium, admin: AtriumClient, project: str) -> None:
    """Edits made while there was no connection are sent when the document is opened again with its `Doc`."""
    name = server.create_file(project, "offline.md")
    async with admin.document(name) as document:
        await document.saved()
    document.text.insert(0, "offline")
    async with admin.document(name, document.doc) as document:
        await document.saved()
    assert server.read_file(name) == "offline"


async def test_presence_is_seen_and_leaves(server: Atrium, admin: AtriumClient, project: str) -> None:
    """A state that is set appears at the other client with the login's name, and goes with the connection."""
    name = server.create_file(project, "faces.md")
    async with admin.document(name) as one:
        async with admin.document(name) as two:
            two.awareness.set_local_state({"caret": 3})
            await until(lambda: two.doc.client_id in one.awareness.states)
            state = one.awareness.states[two.doc.client_id]
            assert state["caret"] == 3
            assert state["user"].keys() == {"id", "name", "hue", "kind"}
        await until(lambda: two.doc.client_id not in one.awareness.states)


async def test_a_viewer_is_told_that_an_edit_was_refused(server: Atrium, project: str) -> None:
    """An edit without the right to write is not reported as saved."""
    name = server.create_file(project, "read-only.md", "text")
    viewer = AtriumClient(server.url, server.token(project, "viewer"))
    async with viewer, viewer.document(name) as document:
        await document.saved()
        document.text.insert(0, "my ")
        with pytest.raises(AtriumClientError) as refused:
            await document.saved()
    assert refused.value.code == "update.refused"
    assert server.read_file(name) == "text"


@pytest.mark.parametrize("name", ["nobody/files/a.md", "{project}/files/nothing.md"])
async def test_what_does_not_exist_does_not_open(admin: AtriumClient, project: str, name: str) -> None:
    """Opening what is not there raises, with the close code for it, and is final."""
    with pytest.raises(ConnectionLost) as refused:
        async with admin.document(name.format(project=project)):
            pass
    assert (refused.value.status, refused.value.retryable) == (4404, False)


async def test_a_wrong_token_does_not_open(server: Atrium, project: str) -> None:
    """A token that the server does not know is refused as such."""
    async with AtriumClient(server.url, "atr_pat_00000000_wrong_00000000") as stranger:
        with pytest.raises(ConnectionLost) as refused:
            async with stranger.document(f"{project}/docs/note"):
                pass
    assert refused.value.status == 4401


async def test_errors_in_the_block_arrive_as_they_are(admin: AtriumClient, project: str) -> None:
    """An exception raised inside the block is not wrapped into a group."""
    with pytest.raises(KeyError):
        async with admin.document(f"{project}/docs/note"):
            raise KeyError


async def test_opening_can_be_given_up(tmp_path: Path) -> None:
    """A server that does not answer can be left by a timeout."""
    with Atrium(tmp_path / "data") as server:
        name = f"{server.create_project()}/docs/note"
        async with AtriumClient(server.url, ADMIN_TOKEN) as client:
            server.sigstop()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5), client.document(name):
                    pass
