"""What happens at one node, told to the members at the others, by Redis's publish and subscribe.

Each node numbers events for its own members: an event has another number at each, and a client that changes nodes
finds a gap. What is sent while Redis is away is lost. What the lease store announces reaches every node by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.gateway.control.hub import About, ControlHub
from server.gateway.control.messages import FROM_SERVER, ServerMessage

logger = logging.getLogger(__name__)

CHANNEL = "atrium:control"
RETRY_S = 0.5
UNSENT = 10_000
OWN = {"ref", "event_id"}


class ControlRelay:
    """Sends what the hub of this node is told, and tells it what the others send."""

    def __init__(self, redis: Redis, hub: ControlHub, node: str) -> None:
        self.listening = asyncio.Event()
        self._redis, self._hub, self._node = redis, hub, node
        self._unsent: deque[str] = deque(maxlen=UNSENT)
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to send and to listen."""
        self._hub.forward = self._forward
        self._tasks = [asyncio.create_task(self._repeat(self._send)), asyncio.create_task(self._repeat(self._listen))]

    async def stop(self) -> None:
        """Stops both; what is not sent is lost."""
        self._hub.forward = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            with suppress(RedisError, OSError):  # whether Redis answers is in the log of leases
                await work()
            await asyncio.sleep(RETRY_S)

    def _forward(self, project_id: str, about: About, message: ServerMessage, once: str, in_passing: bool) -> None:
        words = {
            "node": self._node,
            "project": project_id,
            "about": [about.topic, about.session_id, about.path],
            "message": message.model_dump(mode="json", exclude_none=True, exclude=OWN),
            "once": once,
            "in_passing": in_passing,
        }
        self._unsent.append(json.dumps(words))
        self._something.set()

    async def _send(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            async with self._redis.pipeline(transaction=False) as together:
                while self._unsent:
                    together.publish(CHANNEL, self._unsent.popleft())
                await together.execute()

    async def _listen(self) -> None:
        try:
            async with self._redis.pubsub() as channel:
                await channel.subscribe(CHANNEL)
                async for message in channel.listen():
                    if message["type"] == "subscribe":
                        self.listening.set()
                    elif message["type"] == "message":
                        self._hear(message["data"])
        finally:
            self.listening.clear()

    def _hear(self, data: bytes) -> None:
        try:
            words = json.loads(data)
            if words["node"] != self._node:
                self._tell(words)
        except (
            ValueError,
            KeyError,
            TypeError,
        ) as error:  # a node of another version may say what this one cannot read
            logger.warning("control.not_understood", extra={"error": type(error).__name__})

    def _tell(self, words: dict[str, Any]) -> None:
        about, message = About(*words["about"]), FROM_SERVER.validate_python(words["message"])
        if words["in_passing"]:
            self._hub.pass_on_here(words["project"], about, message)
        else:
            self._hub.publish_here(words["project"], about, message, once=words["once"])
