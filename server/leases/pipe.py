"""One connection to Redis and one script; what is asked for in one turn of the event loop travels together.

A pool would starve some callers for a second under a hundred of them, and cost each a connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    keys: tuple[bytes, ...]
    body: Callable[[str], str]
    answered: asyncio.Future[bytes]


class ScriptPipe:
    """Runs a script, in order. Nothing is ever sent twice: whoever is not answered gets `LeaseUnavailable`.

    After a failure everybody is refused for `PAUSE_S`, instead of waiting in turn for a server that is gone.
    """

    def __init__(self, redis: Redis, script: str, timeout_s: float) -> None:
        self.run_id = ""
        self._connection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call] # redis-py's
        self._connection.socket_timeout = None  # one timeout for a batch; redis-py's own cost a task per command
        self._script = script.encode()
        self._timeout_s = timeout_s
        self._digest = sha1(self._script, usedforsecurity=False).hexdigest().encode()
        self._calls: list[_Call] = []
        self._running: asyncio.Task[None] | None = None
        self._closed_until = 0.0

    async def call(self, keys: tuple[bytes, ...], body: Callable[[str], str]) -> bytes:
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
        answers = await self._ask(map(self._command, batch), len(batch))
        unknown = [at for at, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:  # somebody has flushed the scripts: these calls have not run
            await self._ask([packed(b"SCRIPT", b"LOAD", self._script)], 1)
            again = await self._ask([self._command(batch[at]) for at in unknown], len(unknown))
            for at, answer in zip(unknown, again, strict=True):
                answers[at] = answer
        return answers

    def _command(self, call: _Call) -> bytes:
        return evaluation(self._digest, call.keys) + word(call.body(self.run_id).encode())

    async def _connect(self) -> None:
        await self._connection.connect()
        _, info = await self._ask([packed(b"SCRIPT", b"LOAD", self._script), packed(b"INFO", b"server")], 2)
        lines = (info if isinstance(info, str) else info.decode()).splitlines()
        self.run_id = next(line.partition(":")[2] for line in lines if line.startswith("run_id:"))

    async def _ask(self, commands: Iterable[bytes], count: int) -> list[Any]:
        await self._connection.send_packed_command([b"".join(commands)], check_health=False)
        return [await self._read() for _ in range(count)]

    async def _read(self) -> Any:
        try:
            return await self._connection.read_response()
        except ResponseError as error:
            return error

    def _refuse(self, calls: Sequence[_Call]) -> None:
        for call in calls:
            _set_error(call, LeaseUnavailable())


@lru_cache(maxsize=1024)
def evaluation(digest: bytes, keys: tuple[bytes, ...]) -> bytes:
    """What every call for these keys begins with; an argument follows. redis-py packs it anew for each, in 40 µs."""
    return b"*%d\r\n" % (len(keys) + 4) + b"".join(map(word, (b"EVALSHA", digest, b"%d" % len(keys), *keys)))


def packed(*words: bytes) -> bytes:
    """A command in Redis's protocol (RESP)."""
    return b"*%d\r\n" % len(words) + b"".join(map(word, words))


def word(text: bytes) -> bytes:
    """A word of a command in Redis's protocol."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def _set_error(call: _Call, error: Exception) -> None:
    if not call.answered.done():
        call.answered.set_exception(error)
