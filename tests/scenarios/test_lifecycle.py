"""Starting, refusing to start, and ending in order."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.atrium import ADMIN_TOKEN, Atrium, clean_environment
from tests.support.clients import hocuspocus, y_websocket
from tests.support.network import connect, handshake, read_head, read_to_end
from tests.support.repository import ROOT

GOING_AWAY = 1001


def run_serve(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`atrium serve` that is expected to end by itself."""
    command = [sys.executable, "-m", "server", "serve", *arguments]
    environment = clean_environment(settings)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


async def test_sigterm_drains(atrium: Atrium) -> None:
    """SIGTERM: readiness ends, sockets close with 1001, what was sent is stored, the exit code is 0."""
    document = atrium.create_file(atrium.create_project(), "a.txt")
    async with (
        hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as writer,
        y_websocket(atrium.sync_url, document, ADMIN_TOKEN) as reader,
    ):
        await writer.synced()
        await reader.synced()
        await writer.type("last words")
        await writer.all_saved()
        stopping = asyncio.create_task(asyncio.to_thread(atrium.sigterm))
        assert await writer.closed() == GOING_AWAY
        assert await reader.closed() == GOING_AWAY
        assert await stopping == 0
    atrium.start()
    assert atrium.read_file(document) == "last words"


async def test_sigterm_waits_for_what_is_on_its_way(atrium: Atrium) -> None:
    """Edits that were admitted when the drain began are stored, whether their receipt got out or not."""
    document = f"{atrium.create_project()}/docs/burst"
    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as writer:
        await writer.synced()
        for number in range(100):
            await writer.type(f"{number} ")
        assert await asyncio.to_thread(atrium.sigterm) == 0
        await writer.closed()
        acknowledged = writer.saved - 1
    atrium.start()
    async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as reader:
        await reader.synced()
        assert reader.content.split()[:acknowledged] == [str(number) for number in range(acknowledged)]


async def test_an_oversized_header_is_answered(atrium: Atrium) -> None:
    """A handshake with a header above the limit gets 431 and an end, and SIGTERM still ends the server in order."""
    for headers in (("X-Large: " + "x" * 20_000,), tuple(f"X-{number}: x" for number in range(300))):
        sock = connect(atrium.port)
        sock.sendall(handshake("/sync/p/docs/a", headers))
        head = await asyncio.to_thread(read_head, sock)
        assert head.startswith(b"HTTP/1.1 431 ")
        await asyncio.to_thread(read_to_end, sock)
    assert await asyncio.to_thread(atrium.sigterm) == 0


def test_every_bad_setting_is_named() -> None:
    """The server refuses to start on bad settings and names each of them, without a traceback or a secret."""
    run = run_serve(
        "--port",
        "700000",
        ATRIUM_ADMIN_TOKEN="short-secret",
        ATRIUM_ANONYMOUS_ROLE="king",
        ATRIUM_DURABILITY="maybe",
        ATRIUM_DATABASE_URL="mysql://somewhere/else",
        ATRIUM_LIMIT_FRAME_BYTES="none",
    )
    assert run.returncode != 0
    for name in ("PORT", "ADMIN_TOKEN", "ANONYMOUS_ROLE", "DURABILITY", "DATABASE_URL", "LIMIT_FRAME_BYTES"):
        assert f"ATRIUM_{name}" in run.stderr, run.stderr
    assert "Traceback" not in run.stderr
    assert "short-secret" not in run.stderr


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    """A port that somebody else has is an error of one line and an exit code."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = run_serve("--port", port, "--data-dir", str(tmp_path / "data"))
    assert run.returncode != 0
    assert port in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_bad_data_directory_is_one_line(tmp_path: Path, path: str) -> None:
    """A data directory that cannot be is an error of one line and an exit code."""
    (tmp_path / "file").write_text("not a folder")
    run = run_serve("--port", "0", "--data-dir", str(tmp_path / path))
    assert run.returncode != 0
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
