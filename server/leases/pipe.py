"""One connection to Redis and one script; what is asked for in one turn of the event loop travels together.

A pool would starve some callers for a second under a hundred of them, and cost each a connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from server.leases.errors import LeaseUnavailable

logger = logging.getLogger(__name__)

BATCH = 256
TIMEOUT_S = 0.4
PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class _Call:
    keys: Sequence[bytes]
    body: Callable[[str], str]
    answered: asyncio.Future[bytes]


class ScriptPipe:
    """Runs a script, in order. Nothing is ever sent twice: whoever is not answered gets `LeaseUnavailable`.

    After a failure everybody is refused for `PAUSE_S`, instead of waiting in turn for a server that is gone.
    """

    def __init__(self, redis: Redis, script: str, timeout_s: float) -> None:
        self.run_id = ""
        self._connection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call] # redis-py's
        self._script = script
        self._timeout_s = timeout_s
        self._digest = sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._calls: list[_Call] = []
        self._running: asyncio.Task[None] | None = None
        self._closed_until = 0.0

    async def call(self, keys: Sequence[bytes], body: Callable[[str], str]) -> bytes:
        """The script's answer for `keys` and the argument that `body` makes of the server's run id.

        Raises `LeaseUnavailable`; the script may have run all the same.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._closed_until:
            raise LeaseUnavailable
        call = _Call(keys, body, loop.create_future())
        self._calls.append(call)
        if self._running is None:
            self._running = loop.create_task(self._run())
        return await call.answered

    async def close(self) -> None:
        """Ends the connection; whoever still waits is refused."""
        if self._running is not None:
            self._running.cancel()
        self._refuse(self._calls)
        await self._connection.disconnect(nowait=True)

    async def _run(self) -> None:
        batch: list[_Call] = []
        try:
            while self._calls:
                batch, self._calls = self._calls[:BATCH], self._calls[BATCH:]
                async with asyncio.timeout(self._timeout_s):
                    await self._answer(batch)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("leases.redis_failed", extra={"error": str(error)})
            self._closed_until = asyncio.get_running_loop().time() + PAUSE_S
            self._refuse(batch + self._calls)
            self._calls = []
            await self._connection.disconnect(nowait=True)
        finally:
            self._refuse(batch)
            self._running = None

    async def _answer(self, batch: list[_Call]) -> None:
        if not self._connection.is_connected:
            await self._connect()
        for call, answer in zip(batch, await self._evaluate(batch), strict=True):
            if isinstance(answer, ResponseError):
                logger.error("leases.script_failed", extra={"error": str(answer)})
                _set_error(call, LeaseUnavailable())
            elif not call.answered.done():
                call.answered.set_result(answer)

    async def _evaluate(self, batch: list[_Call]) -> list[Any]:
        answers = await self._ask([self._command(call) for call in batch])
        unknown = [at for at, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:  # somebody has flushed the scripts: these calls have not run
            await self._ask([("SCRIPT", "LOAD", self._script)])
            again = await self._ask([self._command(batch[at]) for at in unknown])
            for at, answer in zip(unknown, again, strict=True):
                answers[at] = answer
        return answers

    def _command(self, call: _Call) -> tuple[Any, ...]:
        return ("EVALSHA", self._digest, len(call.keys), *call.keys, call.body(self.run_id))

    async def _connect(self) -> None:
        await self._connection.connect()
        _, info = await self._ask([("SCRIPT", "LOAD", self._script), ("INFO", "server")])
        lines = (info if isinstance(info, str) else info.decode()).splitlines()
        self.run_id = next(line.partition(":")[2] for line in lines if line.startswith("run_id:"))

    async def _ask(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        await self._connection.send_packed_command(self._connection.pack_commands(commands), check_health=False)
        return [await self._read() for _ in commands]

    async def _read(self) -> Any:
        try:
            return await self._connection.read_response()
        except ResponseError as error:
            return error

    def _refuse(self, calls: Sequence[_Call]) -> None:
        for call in calls:
            _set_error(call, LeaseUnavailable())


def _set_error(call: _Call, error: Exception) -> None:
    if not call.answered.done():
        call.answered.set_exception(error)
