"""REST of the quarantine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from server.access import Principal, current_principal
from server.documents import routes
from server.kit.events import EventBus
from server.kit.http import install_problem_handlers
from tests.support.documents import Node, entry

PAGE = "/admin/quarantine"
ADMIN = Principal("admin", "admin", 0, is_admin=True)


@pytest.fixture
async def client(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(routes(node.documents, EventBus()))
    app.dependency_overrides[current_principal] = lambda: ADMIN
    install_problem_handlers(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://atrium") as client:
        client.app = app  # type: ignore[attr-defined]
        yield client


async def test_an_administrator_sees_what_was_taken_out(node: Node, client: httpx.AsyncClient) -> None:
    """Each row with its document, its place, its author and the reason; page by page."""
    record = await node.create()
    await node.append(record.id, [entry(b"one"), entry(b"two")])
    await node.documents.quarantine(record.id, [1, 2], "breaks the document")
    first = (await client.get(PAGE, params={"limit": 1})).json()
    [row] = first["items"]
    assert (row["document_id"], row["seq"], row["author"]) == (record.id, 1, "user:1")
    assert row["reason"] == "breaks the document"
    last = (await client.get(PAGE, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [row["seq"] for row in last["items"]] == [2]
    assert last["next_cursor"] is None


async def test_nobody_else_does(client: httpx.AsyncClient) -> None:
    """The quarantine is for administrators."""
    client.app.dependency_overrides[current_principal] = lambda: replace(ADMIN, is_admin=False)  # type: ignore[attr-defined]
    answer = await client.get(PAGE)
    assert answer.status_code == 403


async def test_a_foreign_cursor_is_refused(client: httpx.AsyncClient) -> None:
    """A cursor that this list did not return is 422, not a fault."""
    assert (await client.get(PAGE, params={"cursor": "bm8"})).status_code == 422
