"""The least that a durable `PUT` with `If-Match` can be in Starlette: one table, one transaction, SQLite FULL."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sqlite3
import sys
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

database = sqlite3.connect(sys.argv[1], check_same_thread=False, isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE file (path TEXT PRIMARY KEY, version TEXT NOT NULL, content BLOB NOT NULL)")
writer = threading.Lock()


def store(path: str, replaces: str | None, version: str, content: bytes) -> bool:
    """Stores the content if the file's version is the one it replaces; None creates it."""
    with writer:
        database.execute("BEGIN IMMEDIATE")
        row = database.execute("SELECT version FROM file WHERE path = ?", (path,)).fetchone()
        fits = (row[0] if row else None) == replaces
        if fits:
            database.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (path, version, content))
        database.execute("COMMIT")
        return fits


async def write(request: Request) -> Response:
    content = await request.body()
    version = hashlib.sha256(content).hexdigest()
    replaces = request.headers.get("if-match", "").strip('"') or None
    fits = await asyncio.to_thread(store, request.path_params["path"], replaces, version, content)
    return Response(status_code=200 if fits else 409, headers={"ETag": f'"{version}"'})


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    app = Starlette(routes=[Route("/files/{path:path}", write, methods=["PUT"])])
    print(f"Bare files listening on port {listener.getsockname()[1]}", flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).serve([listener])


asyncio.run(main())
