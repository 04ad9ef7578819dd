from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from server.access import Role
from tests.support.files import UPDATE_BYTES, Stack

DOCUMENTS = "/api/v1/documents"


def text_update(text: str, root: str = "content") -> bytes:
    """The first update of a client that typed `text`."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get(root, type=pycrdt.Text).insert(0, text)
    return doc.get_update()


async def test_a_file_is_a_document(stack: Stack) -> None:
    """Its metadata, its text and its state come under project/files/path."""
    await stack.put("dir/a.txt", "hello\r\n")
    detail = (await stack.client.get(f"{DOCUMENTS}/acme/files/dir/a.txt")).json()
    assert detail["name"] == "acme/files/dir/a.txt"
    assert (detail["kind"], detail["epoch"], detail["seq"], detail["writable"]) == ("files", 1, 1, True)
    text = await stack.client.get(f"{DOCUMENTS}/acme/files/dir/a.txt?format=text")
    assert text.text == "hello\n"
    state = await stack.client.get(f"{DOCUMENTS}/acme/files/dir/a.txt?format=update")
    assert len(state.content) == detail["bytes"]
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state.content)
    assert str(doc.get("content", type=pycrdt.Text)) == "hello\n"


async def test_an_update_is_durable_when_it_is_answered(stack: Stack) -> None:
    """`{"seq": n}` names the log row; the file has the text."""
    await stack.put("a", "")
    answer = await stack.client.post(f"{DOCUMENTS}/acme/files/a/updates", content=text_update("typed"))
    assert answer.json() == {"seq": 1}
    assert (await stack.get("a")).content == b"typed"


async def test_an_opaque_document_is_created_by_who_may_write(stack: Stack) -> None:
    """The first update creates `docs/…`; a viewer creates nothing, and reading creates nothing."""
    name = f"{DOCUMENTS}/acme/docs/my/board"
    assert (await stack.client.get(name)).status_code == 404
    async with await stack.client_of("viewer", Role.VIEWER) as viewer:
        assert (await viewer.post(f"{name}/updates", content=text_update("x"))).status_code == 404
        assert (await stack.client.post(f"{name}/updates", content=text_update("x"))).json() == {"seq": 1}
        assert (await viewer.post(f"{name}/updates", content=text_update("y"))).status_code == 403
        assert (await viewer.get(name)).json()["writable"] is False


async def test_an_opaque_document_as_json_and_text(stack: Stack) -> None:
    """JSON is worked out in another process; text is the root `content`, if there is one."""
    await stack.client.post(f"{DOCUMENTS}/acme/docs/a/updates", content=text_update("hello"))
    await stack.client.post(f"{DOCUMENTS}/acme/docs/b/updates", content=text_update("hello", "other"))
    assert (await stack.client.get(f"{DOCUMENTS}/acme/docs/a?format=json")).json() == {"content": "hello"}
    assert (await stack.client.get(f"{DOCUMENTS}/acme/docs/a?format=text")).text == "hello"
    answer = await stack.client.get(f"{DOCUMENTS}/acme/docs/b?format=text")
    assert (answer.status_code, answer.json()["code"]) == (422, "document.no_text")


@pytest.mark.parametrize("query", ["", "?format=update", "?format=text"])
async def test_the_headers_alone(query: str, stack: Stack) -> None:
    """`HEAD` answers as `GET` does, without the content."""
    await stack.put("a", "text")
    url = f"{DOCUMENTS}/acme/files/a{query}"
    whole, head = await stack.client.get(url), await stack.client.head(url)
    assert head.status_code == 200
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert (await stack.client.head(f"{DOCUMENTS}/acme/docs/none")).status_code == 404


async def test_the_tree_and_the_live_state_belong_to_the_server(stack: Stack) -> None:
    """They exist as soon as somebody looks, nobody writes or deletes them."""
    await stack.put("a.txt", "x")
    for name in ("tree", "live"):
        assert (await stack.client.get(f"{DOCUMENTS}/acme/{name}")).json()["writable"] is False
        assert (await stack.client.post(f"{DOCUMENTS}/acme/{name}/updates", content=b"")).status_code == 403
        assert (await stack.client.delete(f"{DOCUMENTS}/acme/{name}")).status_code == 403
    [entry] = (await stack.client.get(f"{DOCUMENTS}/acme/tree?format=json")).json()["files"].values()
    assert entry["path"] == "a.txt"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "update.refused"),
        (b"\xff\xff\xff\xff", 422, "update.refused"),
        (text_update("x", "other root"), 422, "update.refused"),
        (b"x" * (UPDATE_BYTES + 1), 413, "request.too_large"),
    ],
    ids=["empty", "no update", "unknown root", "too large"],
)
async def test_a_bad_update_is_refused(stack: Stack, body: bytes, status: int, code: str) -> None:
    """Not decodable, against the shape of a file, or too large."""
    await stack.put("a", "")
    answer = await stack.client.post(f"{DOCUMENTS}/acme/files/a/updates", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_update_that_builds_on_unknown_ones_is_a_gap(stack: Stack) -> None:
    """409 `document.gap`, and nothing is stored."""
    await stack.put("a", "")
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text = doc.get("content", type=pycrdt.Text)
    text += "first"
    before = doc.get_state()
    text += "second"
    answer = await stack.client.post(f"{DOCUMENTS}/acme/files/a/updates", content=doc.get_update(before))
    assert (answer.status_code, answer.json()["code"]) == (409, "document.gap")
    assert (await stack.get("a")).content == b""


@pytest.mark.parametrize("name", ["acme", "acme/what/x", "acme/files", "acme/tree/x", "ACME/docs/x", "acme/docs/a%00"])
async def test_a_bad_name_is_refused(stack: Stack, name: str) -> None:
    """A name that cannot be is 422."""
    answer = await stack.client.get(f"{DOCUMENTS}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (422, "document.invalid_name")


@pytest.mark.parametrize(
    "name", ["none/docs/x", "acme/docs/x", "acme/files/x", "acme/files/dir", "acme/files/p.png", "acme/chat/1"]
)
async def test_what_cannot_be_opened_is_not_found(stack: Stack, name: str) -> None:
    """No project, no document, a folder, a binary file, a chat."""
    await stack.put("dir/a", "")
    await stack.put("p.png", b"\0")
    assert (await stack.client.get(f"{DOCUMENTS}/{name}")).status_code == 404


async def test_a_deleted_document_is_gone(stack: Stack) -> None:
    """A deleted file or `docs/…` is not found, and a tombstone is not written to."""
    await stack.put("a", "")
    await stack.client.post(f"{DOCUMENTS}/acme/docs/x/updates", content=text_update("x"))
    for name in ("files/a", "docs/x"):
        assert (await stack.client.delete(f"{DOCUMENTS}/acme/{name}")).status_code == 204
        assert (await stack.client.get(f"{DOCUMENTS}/acme/{name}")).status_code == 404
        answer = await stack.client.post(f"{DOCUMENTS}/acme/{name}/updates", content=text_update("y"))
        assert answer.status_code == 404
    assert await stack.paths() == []


async def test_documents_are_listed_by_the_names_that_open_them(stack: Stack) -> None:
    """Files by path, others by key; deleted ones are not there."""
    for path in ("b", "dir/a", "gone"):
        await stack.put(path, "")
    await stack.client.delete(f"{DOCUMENTS}/acme/files/gone")
    await stack.client.post(f"{DOCUMENTS}/acme/docs/x/updates", content=text_update("x"))
    names, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await stack.client.get("/api/v1/projects/acme/documents", params=params)).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(names) == ["acme/docs/x", "acme/files/b", "acme/files/dir/a", "acme/tree"]
