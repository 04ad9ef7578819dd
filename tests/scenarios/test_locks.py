"""Terminals and browsers on one project: who may push, who waits, who is stopped. With the real command and git."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.atrium import Atrium, clean_environment
from tests.support.control import control
from tests.support.repository import ROOT
from tests.support.waiting import PATIENCE_S, until

HOLD = "echo $ATRIUM_FENCE; cat"  # says its fence, and goes on until its input ends
STUBBORN = "trap '' TERM; echo $ATRIUM_FENCE; while :; do sleep 1; done"


@dataclass
class Terminal:
    """One `atrium lock` that runs."""

    process: asyncio.subprocess.Process

    async def line(self) -> str:
        assert self.process.stdout
        return (await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S)).decode().strip()

    async def end(self) -> int:
        """Lets the command come to its end; returns the exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return await self.exit_code()

    async def exit_code(self) -> int:
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)


@dataclass(frozen=True)
class House:
    """A server with the project `acme`, and a token of `ada`, who owns it."""

    server: Atrium
    ada: str

    def environment(self) -> dict[str, str]:
        words = {"ATRIUM_URL": self.server.url, "ATRIUM_TOKEN": self.ada, "ATRIUM_PROJECT": "acme"}
        return clean_environment(words) | {"PYTHONPATH": str(ROOT)}

    @asynccontextmanager
    async def lock(self, *words: str) -> AsyncIterator[Terminal]:
        process = await asyncio.create_subprocess_exec(
            *atrium("lock", *words),
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            yield Terminal(process)
        finally:
            assert process.stdin
            process.stdin.close()  # or what the command has started would outlive it, and keep its output open
            if process.returncode is None:
                process.kill()
            await process.wait()

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = self.environment() | GIT
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
        )


GIT = {
    **{f"GIT_{who}_NAME": "ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def atrium(*words: str) -> list[str]:
    return [sys.executable, "-m", "server", *words]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    with Atrium(tmp_path / "data", ATRIUM_SESSION_HEARTBEAT_S="5") as server:
        server.create_project("acme")
        yield House(server, server.token("acme", "owner", "ada"))


@pytest.mark.timeout(120)
async def test_three_terminals_and_two_browsers(house: House) -> None:
    """One holds, one queues and is handed the lease with a greater fence, one gives up; both browsers see it all."""
    url, browser = house.server.url, house.server.token("acme", "viewer", "vic")
    async with control(url, browser) as one, control(url, browser) as two:
        async with house.lock("git:main", "--", "sh", "-c", HOLD) as first:
            fence = int(await first.line())
            await one.hears("lock_acquired", fence=fence, user_name="ada")
            async with house.lock("git:main", "--wait", "600", "--", "sh", "-c", f"{HOLD}; exit 7") as second:
                await one.hears("lock_queued")
                async with house.lock("git:main", "--wait", "0", "--", "true") as third:
                    assert await third.exit_code() == 75
                assert await first.end() == 0
                assert int(await second.line()) > fence
                assert await second.end() == 7
        for client in (one, two):
            await until(lambda: len(client.events("lock_released")) == 2, what="two releases")  # noqa: B023 (awaited)
            kinds = [event["type"] for event in client.said if event["type"].startswith("lock_")]
            assert kinds.count("lock_acquired") == 2
            assert kinds.index("lock_released") < kinds.index("lock_offered")


@pytest.mark.timeout(120)
async def test_a_stolen_lease_stops_the_command(house: House) -> None:
    """Also one that does not want to: first SIGTERM, then SIGKILL."""
    async with house.lock("database:orders", "--", "sh", "-c", STUBBORN) as terminal:
        await terminal.line()
        steal = house.run(*atrium("leases", "steal", "database:orders", "--reason", "release day"), cwd=ROOT)
        assert steal.returncode == 0, steal.stderr
        assert await terminal.exit_code() == 76


@pytest.mark.timeout(120)
async def test_a_killed_holder(house: House) -> None:
    """Its command dies with it, and the next in the queue gets the lease when the holder was silent for long enough."""
    async with house.lock("database:orders", "--", "sh", "-c", "echo $ATRIUM_FENCE $$; exec cat") as first:
        fence, command = map(int, (await first.line()).split())
        async with house.lock("database:orders", "--wait", "600", "--", "sh", "-c", HOLD) as second:
            first.process.send_signal(signal.SIGKILL)
            await until(lambda: not is_alive(command), what="the end of the command")
            assert int(await second.line()) > fence
            assert await second.end() == 0


@pytest.mark.timeout(120)
async def test_a_hung_holder(house: House) -> None:
    """One that is frozen loses the lease; when it goes on, its command is stopped."""
    async with house.lock("database:orders", "--", "sh", "-c", HOLD) as first:
        fence = int(await first.line())
        async with house.lock("database:orders", "--wait", "600", "--", "sh", "-c", HOLD) as second:
            first.process.send_signal(signal.SIGSTOP)
            assert int(await second.line()) > fence
            first.process.send_signal(signal.SIGCONT)
            assert await first.exit_code() == 76
            assert await second.end() == 0


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for yet does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.timeout(120)
async def test_pushing_to_a_leased_branch(house: House, tmp_path: Path) -> None:
    """Refused without the fence, taken with it, refused with one that is over; free branches are free."""
    bare, clone = tmp_path / "bare.git", tmp_path / "clone"
    for command in (
        ("git", "init", "-q", "--bare", "-b", "main", str(bare)),
        ("git", "clone", "-q", str(bare), str(clone)),
    ):
        assert house.run(*command).returncode == 0
    installed = house.run(*atrium("git-hook", "install", str(bare)), cwd=ROOT)
    assert installed.returncode == 0, installed.stderr
    assert (bare / "atrium.json").stat().st_mode & 0o077 == 0

    def push(*options: str, branch: str = "main") -> str:
        assert house.run("git", "commit", "-q", "--allow-empty", "-m", "x", cwd=clone).returncode == 0
        run = house.run("git", "push", *options, "origin", f"HEAD:{branch}", cwd=clone)
        return "" if run.returncode == 0 else run.stderr

    assert push() == ""
    async with house.lock("git:main", "--", "sh", "-c", HOLD) as terminal:
        fence = await terminal.line()
        assert "is leased by ada" in push()
        assert "is not that of a lease" in push("-o", f"fence={int(fence) - 1}")
        assert push(branch="other") == ""
        assert push("-o", f"fence={fence}") == ""
        await terminal.end()
    assert "is not that of a lease" in push("-o", f"fence={fence}")
    assert push() == ""
    house.server.sigkill()
    assert "cannot be checked" in push()
