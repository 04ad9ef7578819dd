"""The application as a whole: what is served where."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.app import serve
from server.settings import Settings
from tests.support.gateway import Serving, serving
from tests.support.repository import ROOT
from tests.support.waiting import until


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Serving]:
    """A server as it comes."""
    async with serving(tmp_path / "data") as server:
        yield server


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_unknown_addresses(method: str, server: Serving) -> None:
    """An address of the API that does not exist is a problem in JSON, never the editor's page."""
    async with server.client() as rest:
        answer = await rest.request(method, "/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() >= {"type", "title", "status", "code", "detail", "retryable"}
    assert "/api/v1/nothing" in problem["detail"]


async def test_wrong_methods(server: Serving) -> None:
    """An address that exists, asked by a method that it does not have, says which it has."""
    async with server.client() as rest:
        answer = await rest.put("/api/v1/projects")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"]


async def test_a_fault_of_the_server(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected is a problem in JSON too, with the headers of every answer and the request's id."""

    async def broken(*_arguments: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(server.services.projects, "get_by_slug", broken)
    async with server.client() as rest:
        answer = await rest.get("/api/v1/projects/acme/files")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]


async def test_the_description(server: Serving) -> None:
    """The OpenAPI document and its page are open to everybody, and no script of others is on it."""
    async with server.client({}) as stranger:
        assert (await stranger.get("/api/v1/openapi.json")).json()["info"]["title"] == "Atrium"
        page = await stranger.get("/api/v1/docs")
    assert page.status_code == 200
    assert "<script" not in page.text


def test_what_few_servers_need_is_not_imported() -> None:
    """Libraries for Redis, an identity provider or migrations, a second in all, are left to who has need of them."""
    program = "import sys, server.app; print({'alembic', 'authlib', 'httpx', 'joserfc', 'redis'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert run.stdout == "set()\n"


async def test_the_first_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With nobody to sign in, the administrator's link is printed and left in a file that nobody else can read."""
    file = tmp_path / "login-link.txt"
    running = asyncio.create_task(serve(Settings(data_dir=tmp_path, port=0, admin_token=None)))
    await until(file.exists)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await running == 0
    printed, link = capsys.readouterr(), file.read_text().strip()
    assert "/login#token=atr_bst_" in link
    assert file.stat().st_mode & 0o777 == 0o600
    assert link in printed.err
    assert re.fullmatch(r"Atrium listening on http://127\.0\.0\.1:\d+\n", printed.out)


async def test_not_the_first_run(server: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """With an administrator's token from the environment no link is made."""
    assert not (server.services.settings.data_dir / "login-link.txt").exists()
    assert "login" not in capsys.readouterr().err
