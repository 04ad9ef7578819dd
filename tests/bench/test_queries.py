"""What a request asks of the database, in statements: the same on every machine, however busy.

A budget may be raised with the reason in the commit; it is lowered when a request needs less.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from tests.support.clients import y_websocket
from tests.support.gateway import Serving, serving
from tests.support.waiting import PATIENCE_S

FILES = "/api/v1/projects/acme/files"
DOCUMENT = "acme/files/a.md"

# What is remembered for a moment (projects, roles) is not asked again; and the gateway looks after its tokens once a
# second. So everything is done a few times, and the leanest time counts.
TRIES = 5

STATEMENTS_TO_OPEN_A_DOCUMENT = 0
STATEMENTS_PER_FILE_READ = 1  # the document
STATEMENTS_PER_FILE_WRITE = 3  # the same, and what a keystroke is
STATEMENTS_PER_PROJECT_LIST = 1  # a page of them
STATEMENTS_PER_KEYSTROKE = 2  # the head, the row
COMMITS_PER_WRITE = 1


class Statements:
    """The SQL that connections run, as SQLite is given it.

    The audit is left out: it is written behind, several acts in one transaction, and no request waits for it.
    """

    def __init__(self) -> None:
        self._transactions: dict[int, list[list[str]]] = {}

    def add(self, connection: int, sql: str) -> None:
        """Takes note of one statement of a connection."""
        transactions = self._transactions.setdefault(connection, [])
        if sql.startswith("BEGIN") or not transactions:
            transactions.append([])
        transactions[-1].append(sql.strip())

    @property
    def _counted(self) -> list[list[str]]:
        every = [transaction for found in self._transactions.values() for transaction in found]
        return [transaction for transaction in every if not any(" audit" in sql for sql in transaction)]

    @property
    def queries(self) -> list[str]:
        """What reads or changes rows."""
        rows = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
        return [sql for transaction in self._counted for sql in transaction if sql.startswith(rows)]

    @property
    def commits(self) -> int:
        """How many transactions that write were committed: each awaits the disk."""
        return sum(transaction[0] == "BEGIN IMMEDIATE" for transaction in self._counted)

    async def fewest(self, work: Callable[[], Awaitable[object]]) -> tuple[list[str], int]:
        """The queries and commits of the leanest of a few times of `work`."""
        times = []
        for _ in range(TRIES):
            self._transactions.clear()
            await work()
            times.append((self.queries, self.commits))
        return min(times, key=lambda time: len(time[0]))


@pytest.fixture
def statements() -> Iterator[Statements]:
    """Listens to every connection that is opened from here on."""
    statements = Statements()

    def listen(connection: sqlite3.Connection, _record: Any) -> None:
        connection.set_trace_callback(lambda sql: statements.add(id(connection), sql))

    event.listen(Pool, "connect", listen)
    yield statements
    event.remove(Pool, "connect", listen)


@pytest.fixture
async def editor(statements: Statements, tmp_path: Path) -> AsyncIterator[tuple[Serving, httpx.AsyncClient, str]]:
    """A server with a file, a client who has asked it before, and their token."""
    async with serving(tmp_path / "data") as server:
        token = await server.member(await server.project(), "editor")
        async with server.client({"Authorization": f"Bearer {token}"}) as client:
            client.timeout = httpx.Timeout(PATIENCE_S)
            (await client.put(f"{FILES}/a.md", content=b"old", headers={"If-None-Match": "*"})).raise_for_status()
            (await client.get(f"{FILES}/a.md")).raise_for_status()
            (await client.get("/api/v1/projects")).raise_for_status()
            yield server, client, token


async def test_reading_a_file(statements: Statements, editor: tuple[Serving, httpx.AsyncClient, str]) -> None:
    """`GET` of a file that is open asks the database for a fixed, small number of things."""
    _server, client, _token = editor

    async def read() -> None:
        (await client.get(f"{FILES}/a.md")).raise_for_status()

    queries, commits = await statements.fewest(read)
    assert len(queries) <= STATEMENTS_PER_FILE_READ, "\n".join(queries)
    assert commits == 0


async def test_replacing_a_file(statements: Statements, editor: tuple[Serving, httpx.AsyncClient, str]) -> None:
    """`PUT` of a text file is one commit, whatever else it asks."""
    _server, client, _token = editor
    version = (await client.get(f"{FILES}/a.md")).headers["ETag"]

    async def write() -> None:
        nonlocal version
        answer = await client.put(f"{FILES}/a.md", content=f"after {version}", headers={"If-Match": version})
        version = answer.raise_for_status().headers["ETag"]

    queries, commits = await statements.fewest(write)
    assert len(queries) <= STATEMENTS_PER_FILE_WRITE, "\n".join(queries)
    assert commits == COMMITS_PER_WRITE


@pytest.mark.parametrize("projects", [1, 30])
async def test_listing_projects(
    projects: int, statements: Statements, editor: tuple[Serving, httpx.AsyncClient, str]
) -> None:
    """A page of projects costs the same whether it is short or long."""
    server, client, _token = editor
    for number in range(1, projects):
        await server.member(await server.project(f"p-{number}"), "editor")

    async def ask() -> None:
        (await client.get("/api/v1/projects")).raise_for_status()

    queries, _commits = await statements.fewest(ask)
    assert len(queries) <= STATEMENTS_PER_PROJECT_LIST, "\n".join(queries)


async def test_opening_a_document(statements: Statements, editor: tuple[Serving, httpx.AsyncClient, str]) -> None:
    """A socket on a document that is open already costs no more than asking for what nobody has asked for lately."""
    server, _client, token = editor

    async def come() -> None:
        async with y_websocket(server.sync_url, DOCUMENT, token) as client:
            await client.synced()

    async with y_websocket(server.sync_url, DOCUMENT, token) as first:
        await first.synced()
        queries, commits = await statements.fewest(come)
    assert len(queries) <= STATEMENTS_TO_OPEN_A_DOCUMENT, "\n".join(queries)
    assert commits == 0


async def test_a_keystroke(statements: Statements, editor: tuple[Serving, httpx.AsyncClient, str]) -> None:
    """An update that comes alone is one commit: the document's head moves, a row is added."""
    server, _client, token = editor
    async with (
        y_websocket(server.sync_url, DOCUMENT, token) as one,
        y_websocket(server.sync_url, DOCUMENT, token) as two,
    ):
        await one.synced()
        await two.synced()

        async def type_and_see() -> None:
            await one.type("x")
            await two.shows(one.content)

        queries, commits = await statements.fewest(type_and_see)
    assert len(queries) <= STATEMENTS_PER_KEYSTROKE, "\n".join(queries)
    assert commits == COMMITS_PER_WRITE
