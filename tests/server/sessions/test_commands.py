from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server.__main__ import main
from tests.support.session_node import open_session_node


async def make(data: Path) -> None:
    await asyncio.to_thread(data.mkdir)
    async with open_session_node(f"sqlite:///{data / 'atrium.db'}") as node:
        await node.join(await node.project("acme"), "ada", name="lap\x1btop")
        await node.join(await node.project("other"), "bob")


async def test_sessions_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, of all projects or of one, and nothing that a client wrote can move the cursor."""
    data = tmp_path / "data"
    await make(data)
    assert await asyncio.to_thread(main, ["sessions", "--data-dir", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["SESSION", "USER", "KIND", "ROLE", "STATE", "SINCE", "NAME"]
    assert sorted(line.split()[1] for line in lines[1:]) == ["ada", "bob"]
    assert "\x1b" not in "".join(lines)
    assert await asyncio.to_thread(main, ["sessions", "--project", "other", "--data-dir", str(data)]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]] == ["bob"]
    assert await asyncio.to_thread(main, ["sessions", "--project", "none", "--data-dir", str(data)]) == 1
