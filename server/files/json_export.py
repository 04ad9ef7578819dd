"""Documents as JSON, worked out by a process of its own: reading what clients made of them can end a process."""

from __future__ import annotations

import asyncio
import sys

from server.files.errors import NotExportable

COMMAND = (sys.executable, "-m", "crdt_docs.export")
TIMEOUT_S = 30


class JsonExporter:
    """Runs `python -m crdt_docs.export` on document states, a few at a time."""

    def __init__(self, processes: int = 2) -> None:
        self._slots = asyncio.Semaphore(processes)

    async def to_json(self, state: bytes) -> bytes:
        """The JSON object of root name → value; raises `NotExportable`."""
        async with self._slots:
            pipe = asyncio.subprocess.PIPE
            # No environment: a process that may be taken over learns no secrets.
            process = await asyncio.create_subprocess_exec(*COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env={})
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    output, _errors = await process.communicate(state)
            except TimeoutError:
                raise NotExportable from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            raise NotExportable
        return output
