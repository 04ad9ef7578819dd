from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from client.guarded_command import run_guarded
from tests.support.waiting import until, until_blocking


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("early", [True, False])
async def test_what_a_command_has_started_ends_with_it(tmp_path: Path, early: bool) -> None:
    """When the lease is lost nothing goes on, not even if that is in the moment in which the command begins."""
    written = tmp_path / "pid"
    running = asyncio.create_task(
        run_guarded(["sh", "-c", f"sleep 600 & echo $! > {written}.new; mv {written}.new {written}; wait"], 7)
    )
    if early:
        for _ in range(2):
            await asyncio.sleep(0)  # as far as the start of the process, and no further
        until_blocking(written.exists, 30, lambda: "no process")
    else:
        await until(written.exists, what="the command")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    pid = int(written.read_text())
    await until(lambda: not is_alive(pid), what="the end of all")


async def test_a_command_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """127, as in a shell, and its name."""
    assert await run_guarded(["no-such-command-here"], 7) == 127
    assert "no-such-command-here" in capsys.readouterr().err
