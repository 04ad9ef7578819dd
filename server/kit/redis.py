"""The connection to Redis, for nodes that share leases and events. Redis is never the record of an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

# redis-py takes 0.3 s and 15 MB to import: that is done where a Redis is configured, not in every server.
TIMEOUT_S = 0.25


def connect_redis(url: str) -> Redis:
    """A client that fails within `TIMEOUT_S` and never sends a command twice: a script must not run again."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0))


async def is_up(redis: Redis) -> bool:
    """Whether Redis answers now."""
    from redis.exceptions import RedisError

    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
