"""The REST methods, against a real server."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pycrdt
import pytest

from client import AtriumClient, AtriumClientError, ConnectionLost
from tests.support.atrium import Atrium


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


async def test_projects_come_and_go(admin: AtriumClient) -> None:
    """A project is created, found, renamed, found by its former slug, and deleted."""
    created = await admin.create_project("come-and-go", "Come and go")
    assert created in await admin.projects()
    renamed = await admin.rename_project("come-and-go", new_slug="gone", name="Gone")
    assert (renamed.id, renamed.slug, renamed.name) == (created.id, "gone", "Gone")
    assert await admin.project("come-and-go") == renamed
    await admin.delete_project("gone")
    with pytest.raises(AtriumClientError) as refused:
        await admin.project("gone")
    assert refused.value.status == 404


async def test_a_list_is_followed_to_its_end(admin: AtriumClient, project: str) -> None:
    """More items than one page holds are all returned."""
    members = {f"file-{number:03}.txt": str(number) for number in range(250)}
    imported = await admin.import_zip(project, zipped(**members))
    assert imported.imported == len(members)
    assert sorted(file.path for file in await admin.files(project)) == sorted(members)


async def test_a_file_is_written_over_the_version_that_was_read(admin: AtriumClient, project: str) -> None:
    """The ETag of a version lets one writer replace it; the next one is refused."""
    first = await admin.write_file(project, "notes/é #1?.md", "one\n")
    content = await admin.read_file(project, "notes/é #1?.md")
    assert (content.text, content.etag) == ("one\n", first)
    second = await admin.write_file(project, "notes/é #1?.md", "two\n", etag=first)
    assert second != first
    with pytest.raises(AtriumClientError) as refused:
        await admin.write_file(project, "notes/é #1?.md", "three\n", etag=first)
    assert refused.value.status == 409
    assert (await admin.read_file(project, "notes/é #1?.md")).text == "two\n"


async def test_a_new_file_does_not_replace_another(admin: AtriumClient, project: str) -> None:
    """Without an ETag, writing creates or is refused."""
    await admin.write_file(project, "once.txt", b"first")
    with pytest.raises(AtriumClientError):
        await admin.write_file(project, "once.txt", b"second")
    assert (await admin.read_file(project, "once.txt")).body == b"first"


async def test_files_move_are_deleted_and_come_back(admin: AtriumClient, project: str) -> None:
    """Moving keeps the file's id, deleting can be undone."""
    await admin.make_folder(project, "docs")
    await admin.write_file(project, "a.txt", "a")
    [before] = [file for file in await admin.files(project) if file.path == "a.txt"]
    await admin.move(project, "a.txt", "docs/b.txt")
    [after] = [file for file in await admin.files(project) if file.path == "docs/b.txt"]
    assert after.id == before.id
    ids = await admin.delete_file(project, "docs/b.txt")
    assert ids == [before.id]
    await admin.restore_files(project, ids)
    assert (await admin.read_file(project, "docs/b.txt")).text == "a"


async def test_a_project_leaves_as_it_came(admin: AtriumClient, project: str, tmp_path: Path) -> None:
    """What is imported from a ZIP is exported to one."""
    await admin.import_zip(project, zipped(**{"one.txt": "1\r\n2\r\n"}), into="folder")
    await admin.export_zip(project, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.read("folder/one.txt") == b"1\r\n2\r\n"


async def test_updates_are_pushed_and_read(admin: AtriumClient, project: str) -> None:
    """A pushed update has a sequence number and is part of the document's state."""
    name = await existing_document(admin, project)
    doc: pycrdt.Doc = pycrdt.Doc({"text": pycrdt.Text("hello")})
    seq = await admin.push_update(name, doc.get_update())
    assert (await admin.document_info(name)).seq == seq
    copy: pycrdt.Doc = pycrdt.Doc()
    copy.apply_update(await admin.document_state(name))
    assert str(copy.get("text", type=pycrdt.Text)) == "hello"
    assert name in [document.name for document in await admin.documents(project)]


async def test_a_deleted_document_is_gone(admin: AtriumClient, project: str) -> None:
    """After deletion a document is not found."""
    name = await existing_document(admin, project)
    await admin.delete_document(name)
    with pytest.raises(AtriumClientError) as refused:
        await admin.document_info(name)
    assert refused.value.status == 404


async def existing_document(admin: AtriumClient, project: str) -> str:
    name = f"{project}/docs/note"
    async with admin.document(name):
        return name


async def test_tokens_work_until_they_are_revoked(server: Atrium, project: str) -> None:
    """A token of one's own opens the server, until it is revoked."""
    async with AtriumClient(server.url, server.token(project, "editor")) as editor:
        created = await editor.create_token("robot", kind="agt", expires_in_s=3600)
        assert created.id in [token.id for token in await editor.tokens()]
        async with AtriumClient(server.url, created.token) as robot:
            assert [found.slug for found in await robot.projects()] == [project]
            await editor.revoke_token(created.id)
            with pytest.raises(AtriumClientError) as refused:
                await robot.projects()
            assert refused.value.status == 401


async def test_nobody_there_is_a_lost_connection() -> None:
    """A server that cannot be reached is an error of this client, and worth another try."""
    async with AtriumClient("http://127.0.0.1:1") as client:
        with pytest.raises(ConnectionLost) as lost:
            await client.projects()
    assert lost.value.retryable
