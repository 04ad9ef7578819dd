"""A stand between client and server that can stop passing on what one of them says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Proxy:
    """Passes on what it is told to; connections stay open all the while, as in a network that drops packets."""

    path: Path
    passes_requests: bool = True
    passes_answers: bool = True
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The address of the stand, for redis-py."""
        return f"unix://{self.path}"

    async def serve(self, target: Path) -> asyncio.Server:
        """Begins to accept connections."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                answers, requests = await asyncio.open_unix_connection(str(target))
            except OSError:
                writer.close()
                return
            self._start(self._pump(reader, requests, "passes_requests"))
            self._start(self._pump(answers, writer, "passes_answers"))

        return await asyncio.start_unix_server(connected, str(self.path))

    def _start(self, pump: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(pump)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: str) -> None:
        try:
            with suppress(OSError):
                while data := await reader.read(65536):
                    if getattr(self, passes):
                        writer.write(data)
                        await writer.drain()
        finally:
            writer.close()

    async def close(self) -> None:
        """Ends all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def proxy(target: Path, path: Path) -> AsyncIterator[Proxy]:
    """A stand at `path` before the unix socket `target`."""
    stand = Proxy(path)
    server = await stand.serve(target)
    try:
        yield stand
    finally:
        server.close()
        await stand.close()
