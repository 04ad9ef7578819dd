from __future__ import annotations

import asyncio

import pytest

from crdt_docs.names import DocumentName
from server.access import SERVER, Principal
from server.files import DocumentResolver, Resolved, TreeService
from server.kit.errors import Invalid, NotFound
from tests.support.files import ADMIN_TOKEN, FILES, Stack


async def resolve(stack: Stack, name: str, *, create: bool = True, principal: Principal | None = None) -> Resolved:
    principal = principal or await stack.services.authenticator.token(ADMIN_TOKEN)
    return await stack.services.resolver.resolve(DocumentName.parse(name), principal, create=create)


async def test_a_file_is_found_by_its_path_wherever_it_moves(stack: Stack) -> None:
    """The same record under the new path, none under the old one."""
    await stack.put("a", "")
    before = await resolve(stack, "acme/files/a")
    await stack.post("move", {"from": "a", "to": "b/c"})
    after = await resolve(stack, "acme/files/b/c")
    assert after.record.id == before.record.id
    assert after.writable
    with pytest.raises(NotFound):
        await resolve(stack, "acme/files/a")


async def test_clients_create_docs_and_nothing_else(stack: Stack) -> None:
    """`docs/…` comes into being with `create`, a file never; all who ask at once get one record."""
    found = await asyncio.gather(*(resolve(stack, "acme/docs/x") for _ in range(10)))
    assert len({resolved.record.id for resolved in found}) == 1
    for name, create in (("acme/docs/y", False), ("acme/files/x", True), ("acme/chat/x", True)):
        with pytest.raises(NotFound) as refused:
            await resolve(stack, name, create=create)
        assert refused.value.close_code == 4404


async def test_the_servers_documents_are_there_for_reading(stack: Stack) -> None:
    """`tree` and `live` exist as soon as somebody asks, and not even an administrator writes them."""
    for name in ("acme/tree", "acme/live"):
        found = await asyncio.gather(*(resolve(stack, name, create=False) for _ in range(5)))
        assert len({resolved.record.id for resolved in found}) == 1
        assert not found[0].writable


async def test_what_is_deleted_closes_with_4404(stack: Stack) -> None:
    """A deleted file and a deleted `docs/…` are refused permanently; a restored file is found again."""
    await stack.put("a", "")
    file, doc = await resolve(stack, "acme/files/a"), await resolve(stack, "acme/docs/x")
    [deleted] = (await stack.client.delete(f"{FILES}/a")).json()["deleted"]
    await stack.services.documents.delete(doc.record.id, author=SERVER.id)
    for name in ("acme/files/a", "acme/docs/x"):
        with pytest.raises(NotFound) as refused:
            await resolve(stack, name)
        assert refused.value.close_code == 4404
    await stack.post("restore", {"ids": [deleted["id"]]})
    assert (await resolve(stack, "acme/files/a")).record.id == file.record.id


async def test_who_may_not_read_finds_nothing(stack: Stack) -> None:
    """A stranger is told the same of a project that exists and of one that does not."""
    stranger = Principal("user:stranger", "stranger", 0)
    details = set()
    for name in ("acme/docs/x", "acme/tree", "none/docs/x"):
        with pytest.raises(NotFound) as refused:
            await resolve(stack, name, principal=stranger)
        details.add(refused.value.detail.replace("none", "acme"))
    assert len(details) == 1


async def test_foreign_room_names_live_in_the_default_project(stack: Stack) -> None:
    """What does not begin with a project one may see and a kind is a document of the default project."""
    services = stack.services
    admin = await services.authenticator.token(ADMIN_TOKEN)
    await services.projects.ensure("main")
    trees = TreeService(services.documents, services.rooms)
    resolver = DocumentResolver(trees, services.documents, services.rooms, services.gate, default_project="main")
    for raw, meant in (
        ("my-room", "main/docs/my-room"),
        ("nowhere/docs/x", "main/docs/nowhere/docs/x"),
        ("acme/docs/x", "acme/docs/x"),
    ):
        assert str((await resolver.open(raw, admin, create=True)).name) == meant


async def test_without_a_default_project_a_foreign_name_is_explained(stack: Stack) -> None:
    """A name that cannot be is refused with what a name looks like."""
    admin = await stack.services.authenticator.token(ADMIN_TOKEN)
    with pytest.raises(Invalid, match="project/kind/id"):
        await stack.services.resolver.open("my-room", admin, create=True)


async def test_who_has_a_file_open_keeps_it_when_it_moves(stack: Stack) -> None:
    """Rights to an open document are asked for the document, not for the path it had."""
    admin = await stack.services.authenticator.token(ADMIN_TOKEN)
    await stack.put("a", "")
    opened = await resolve(stack, "acme/files/a")
    await stack.post("move", {"from": "a", "to": "b"})
    assert (await stack.services.resolver.again(opened, admin)).writable
