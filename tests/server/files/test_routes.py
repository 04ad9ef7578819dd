from __future__ import annotations

import asyncio

import pytest

from server.access import Role
from tests.support.files import FILES, Stack


async def create(stack: Stack, *paths: str) -> dict[str, str]:
    """Creates texts; their ids by path."""
    return {path: (await stack.put(path, f"text of {path}\n")).json()["id"] for path in paths}


async def test_files_are_listed_in_pages(stack: Stack) -> None:
    """Pages in order of path, each going on where the one before ended."""
    await create(stack, "b", "a/x", "c")
    await stack.put("p.png", b"\0")
    first = (await stack.client.get(FILES, params={"limit": 3})).json()
    rest = (await stack.client.get(FILES, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [item["path"] for item in first["items"] + rest["items"]] == ["a/x", "b", "c", "p.png"]
    assert rest["next_cursor"] is None
    assert rest["items"][0]["kind"] == "binary"
    assert rest["items"][0]["size"] == 1


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"cursor": "ä"}])
async def test_a_bad_page_is_refused(stack: Stack, query: dict[str, str]) -> None:
    """Limits outside of 1 to 200 and foreign cursors are 422."""
    assert (await stack.client.get(FILES, params=query)).status_code == 422


async def test_a_folder_is_created_once(stack: Stack) -> None:
    """mkdir on something that exists is a conflict, also with a folder that only its files imply."""
    assert (await stack.post("mkdir", {"path": "docs/new"})).status_code == 201
    await create(stack, "src/a")
    for path in ("docs/new", "docs", "src", "src/a", "src/a/b"):
        answer = await stack.post("mkdir", {"path": path})
        assert (answer.status_code, answer.json()["code"]) == (409, "files.path_taken")
    assert await stack.paths() == ["docs/new", "src/a"]


async def test_a_moved_file_keeps_its_document(stack: Stack) -> None:
    """A rename changes the path and nothing else: same id, same text, same log."""
    ids = await create(stack, "a.txt")
    answer = await stack.post("move", {"from": "a.txt", "to": "dir/b.txt"})
    assert answer.json() == {"moved": [{"id": ids["a.txt"], "from": "a.txt", "to": "dir/b.txt"}]}
    assert (await stack.get("dir/b.txt")).content == b"text of a.txt\n"
    assert (await stack.get("a.txt")).status_code == 404


async def test_a_folder_moves_with_everything_in_it(stack: Stack) -> None:
    """Every entry below gets the new path, neighbours stay."""
    await create(stack, "src/a", "src/lib/b", "src2/c")
    await stack.post("mkdir", {"path": "src/empty"})
    answer = await stack.post("move", {"from": "src", "to": "main"})
    assert [item["to"] for item in answer.json()["moved"]] == ["main/a", "main/empty", "main/lib/b"]
    assert await stack.paths() == ["main/a", "main/empty", "main/lib/b", "src2/c"]


@pytest.mark.parametrize(
    ("source", "target", "status"),
    [
        ("a", "b", 409),
        ("a", "dir", 409),
        ("dir", "dir/sub", 422),
        ("none", "c", 404),
        ("a", "../c", 422),
        ("a", "/c", 422),
        ("", "c", 422),
        ("a", "b/c", 409),
    ],
)
async def test_a_move_that_cannot_be_changes_nothing(stack: Stack, source: str, target: str, status: int) -> None:
    """Collisions are 409, a folder into itself and bad paths 422, nothing there 404."""
    await create(stack, "a", "b", "dir/x")
    assert (await stack.post("move", {"from": source, "to": target})).status_code == status
    assert await stack.paths() == ["a", "b", "dir/x"]


@pytest.mark.parametrize("body", [{}, {"from": "a"}, {"from": "a", "to": 1}, {"from": "a", "to": "b", "more": 1}])
async def test_a_bad_body_is_refused_by_field(stack: Stack, body: dict[str, object]) -> None:
    """Missing, mistyped and unknown fields are named."""
    answer = await stack.post("move", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][0] == "body"


async def test_deleted_files_come_back(stack: Stack) -> None:
    """Restoring a deleted folder gives every file its path and text back."""
    await create(stack, "dir/a", "dir/b", "keep")
    await stack.post("mkdir", {"path": "dir/empty"})
    await stack.put("dir/p.png", b"\0")
    deleted = (await stack.client.delete(f"{FILES}/dir")).json()["deleted"]
    assert [item["path"] for item in deleted] == ["dir/a", "dir/b", "dir/empty", "dir/p.png"]
    assert await stack.paths() == ["keep"]
    assert (await stack.get("dir/a")).status_code == 404
    answer = await stack.post("restore", {"ids": [item["id"] for item in deleted]})
    assert [item["path"] for item in answer.json()["restored"]] == [item["path"] for item in deleted]
    assert (await stack.get("dir/a")).content == b"text of dir/a\n"
    assert (await stack.get("dir/p.png")).content == b"\0"


async def test_a_deleted_path_is_free_and_then_taken(stack: Stack) -> None:
    """Another file may take a deleted one's path; then the old one is not restored over it."""
    ids = await create(stack, "a")
    await stack.client.delete(f"{FILES}/a")
    assert (await stack.put("a", "new\n")).status_code == 201
    assert (await stack.post("restore", {"ids": list(ids.values())})).status_code == 409
    assert (await stack.get("a")).content == b"new\n"


async def test_files_that_collide_are_not_restored_together(stack: Stack) -> None:
    """Of two deleted files, one inside of the other's path, neither comes back."""
    ids = await create(stack, "a")
    await stack.client.delete(f"{FILES}/a")
    ids |= await create(stack, "a/b")
    await stack.client.delete(f"{FILES}/a/b")
    assert (await stack.post("restore", {"ids": list(ids.values())})).status_code == 409
    assert await stack.paths() == []


async def test_only_deleted_files_are_restored(stack: Stack) -> None:
    """An unknown id, or that of a file that is there, is 404; no id at all is 422."""
    ids = await create(stack, "a")
    for id in ("none", ids["a"]):
        assert (await stack.post("restore", {"ids": [id]})).status_code == 404
    assert (await stack.post("restore", {"ids": []})).status_code == 422


async def test_a_folder_that_is_there_again_does_not_hinder(stack: Stack) -> None:
    """Restoring a folder into one of the same name brings its files back."""
    await stack.post("mkdir", {"path": "dir"})
    await create(stack, "dir/a")
    deleted = (await stack.client.delete(f"{FILES}/dir")).json()["deleted"]
    await create(stack, "dir/b")
    answer = await stack.post("restore", {"ids": [item["id"] for item in deleted]})
    assert [item["path"] for item in answer.json()["restored"]] == ["dir/a"]
    assert await stack.paths() == ["dir/a", "dir/b"]


async def test_deleting_nothing_is_not_found(stack: Stack) -> None:
    """404, and the second of two deletions too."""
    await create(stack, "a")
    assert (await stack.client.delete(f"{FILES}/a")).status_code == 200
    assert (await stack.client.delete(f"{FILES}/a")).status_code == 404


async def test_moves_at_once_never_give_two_files_one_path(stack: Stack) -> None:
    """Of many files moved to one path at the same time, one arrives."""
    paths = [f"f{n}" for n in range(8)]
    await create(stack, *paths)
    answers = await asyncio.gather(*(stack.post("move", {"from": path, "to": "target"}) for path in paths))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await stack.paths()) == 8


async def test_a_viewer_changes_nothing(stack: Stack) -> None:
    """Every verb that writes is 403 for a viewer and 404 for a stranger."""
    ids = await create(stack, "a", "gone")
    await stack.client.delete(f"{FILES}/gone")
    async with await stack.client_of("viewer", Role.VIEWER) as viewer, await stack.client_of("x", None) as stranger:
        for client, status in ((viewer, 403), (stranger, 404)):
            for verb, body in (
                ("mkdir", {"path": "d"}),
                ("move", {"from": "a", "to": "b"}),
                ("restore", {"ids": [ids["gone"]]}),
            ):
                assert (await client.post(f"{FILES}:{verb}", json=body)).status_code == status
            assert (await client.delete(f"{FILES}/a")).status_code == status
    assert await stack.paths() == ["a"]


async def test_the_tree_survives_a_reload(stack: Stack) -> None:
    """Reading the tree from the log gives what the index had."""
    await create(stack, "a", "b/c")
    await stack.post("move", {"from": "a", "to": "z"})
    await stack.client.delete(f"{FILES}/b")
    record = await stack.services.documents.find(stack.project.id, "tree")
    assert record is not None
    stack.services.rooms.drop(record.id)
    assert await stack.paths() == ["z"]


async def test_every_route_says_how_it_fails(stack: Stack) -> None:
    """The OpenAPI document lists problem+json answers for each route."""
    operations = [operation for path in stack.app.openapi()["paths"].values() for operation in path.values()]
    assert len(operations) > 10
    for operation in operations:
        assert {"401", "404"} <= operation["responses"].keys()
