"""Real Yjs clients: `tests/interop/peers.mjs` in a Node process, driven from Python."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.node import ENVIRONMENT, install, node
from tests.support.waiting import PATIENCE_S, eventually

INTEROP = Path(__file__).parents[1] / "interop"
Y_WEBSOCKET = ("y-websocket-1", "y-websocket-2", "y-websocket-3")
HOCUSPOCUS = ("hocuspocus-2", "hocuspocus-3", "hocuspocus-4")
FAMILIES = (*Y_WEBSOCKET, *HOCUSPOCUS, "y-sweet")

CALL_TIMEOUT_S = 60
MAX_ANSWER_BYTES = 256 << 20


class Driver:
    """One Node process with any number of clients in it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def call(self, op: str, **arguments: Any) -> Any:
        """Runs one operation of `peers.mjs`."""
        id = next(self._ids)
        answer = self._waiting[id] = asyncio.get_running_loop().create_future()
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"id": id, "op": op, **arguments}).encode() + b"\n")
        return await asyncio.wait_for(answer, CALL_TIMEOUT_S)

    async def open(self, family: str | None = None, **address: Any) -> YjsPeer:
        """A new client of `family` at `address` (url, document, token, socket); without a family, a lone document."""
        name = f"peer-{next(self._ids)}"
        opened = await self.call("open", peer=name, family=family, **address)
        return YjsPeer(self, name, opened["client"])

    async def socket(self, family: str, url: str) -> str:
        """A Hocuspocus socket that several clients share; returns its name."""
        name = f"socket-{next(self._ids)}"
        await self.call("socket", socket=name, family=family, url=url)
        return name

    async def read(self) -> None:
        """Hands out the answers until the process ends."""
        assert self._process.stdout
        async for line in self._process.stdout:
            answer = json.loads(line)
            waiting = self._waiting.pop(answer["id"])
            if waiting.done():
                continue
            if "error" in answer:
                waiting.set_exception(AssertionError(answer["error"]))
            else:
                waiting.set_result(answer["value"])
        for waiting in self._waiting.values():
            waiting.set_exception(AssertionError("the Node process has ended"))


@dataclass(frozen=True, slots=True)
class YjsPeer:
    """One client in the Node process; every operation of `peers.mjs` is a method."""

    driver: Driver
    name: str
    client: int

    def __getattr__(self, op: str) -> Callable[..., Any]:
        return lambda **arguments: self.driver.call(op, peer=self.name, **arguments)

    async def shows(self, wanted: Callable[[dict[str, Any]], object], timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Waits until the client's status is as `wanted`: synced, unsynced, events, text, presence."""
        return await eventually(self.status, wanted, timeout_s)

    async def synced(self) -> YjsPeer:
        """Waits for the first sync."""
        await self.shows(lambda status: status["synced"])
        return self


@asynccontextmanager
async def yjs_driver() -> AsyncIterator[Driver]:
    """A Node process with the locked clients; ended on exit."""
    program = install(INTEROP) / "peers.mjs"
    process = await asyncio.create_subprocess_exec(
        node(),
        str(program),
        env=ENVIRONMENT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MAX_ANSWER_BYTES,
    )
    driver = Driver(process)
    reading = asyncio.create_task(driver.read())
    try:
        yield driver
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        await reading
