"""What other nodes set in motion: it reaches this node's sessions by Redis's publish and subscribe."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.leases.dispatcher import Dispatcher
from server.leases.errors import LeaseUnavailable
from server.leases.redis_store import CHANNELS, decode_event

logger = logging.getLogger(__name__)

RETRY_S = 0.5


class LeaseListener:
    """Spreads the events of all nodes, this one's too, whose answer may have got lost; after a gap, what was missed."""

    def __init__(self, redis: Redis, dispatcher: Dispatcher) -> None:
        self.listening = asyncio.Event()
        self._redis = redis
        self._dispatcher = dispatcher
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to listen."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, LeaseUnavailable) as error:
                logger.warning("leases.not_listening", extra={"error": str(error)})
            self.listening.clear()
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        async with self._redis.pubsub() as channel:
            await channel.psubscribe(CHANNELS)
            async for message in channel.listen():
                if message["type"] == "psubscribe":
                    await self._dispatcher.catch_up()
                    self.listening.set()
                elif message["type"] == "pmessage":
                    self._hear(message["data"])

    def _hear(self, data: bytes) -> None:
        words = json.loads(data)
        self._dispatcher.spread(words["project"], map(decode_event, words["events"]))
