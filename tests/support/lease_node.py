"""A node's `LeaseService`, as the edges use it, on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.kit.audit import Act, Actor
from server.kit.clock import Clock, ManualClock
from server.kit.database import Database
from server.kit.events import EventBus
from server.leases import (
    LeaseAcquired,
    LeaseAuthority,
    LeaseExpired,
    LeaseListener,
    LeaseOffered,
    LeaseQueued,
    LeaseRefused,
    LeaseReleased,
    LeasesAvailable,
    LeaseService,
    LeaseSessionExpired,
    LeasesTakenOver,
    LeaseStolen,
    LeasesUnavailable,
    MemoryLeaseStore,
    RedisLeaseStore,
    Resource,
    Rules,
)
from tests.support.leases import PATIENCE_S, UNLIMITED_MS
from tests.support.migrated import open_migrated

T = TypeVar("T")
P = "project-p"
A, B = "ses-a", "ses-b"
MAIN = Resource.of("git", "main")
ADMIN = Actor("admin", "admin", "person")
RULES = Rules(max_step_ms=UNLIMITED_MS)
EVENTS = (
    *(LeaseAcquired, LeaseQueued, LeaseOffered, LeaseRefused, LeaseReleased, LeaseExpired, LeaseStolen),
    *(LeaseSessionExpired, LeasesAvailable, LeasesUnavailable, LeasesTakenOver, Act),
)


@dataclass
class LeaseNode:
    """One server process as its leases see it."""

    leases: LeaseService
    memory: MemoryLeaseStore
    database: Database
    clock: Any
    events: EventBus
    name: str
    project: str = P
    listener: LeaseListener | None = None
    published: list[Any] = field(default_factory=list)

    def told(self, kind: type[T]) -> list[T]:
        """The events of this kind so far."""
        return [event for event in self.published if isinstance(event, kind)]

    async def pass_time(self, seconds: int, *alive: str) -> None:
        """Lets time pass, while the sessions `alive` are heard of."""
        for _ in range(seconds):
            self.clock.advance(1)
            for session in alive:
                self.leases.beat(self.project, session)
            await self.leases.keeper.tick()


@asynccontextmanager
async def open_lease_node(
    url: str,
    *,
    redis_url: str | None = None,
    name: str = "node",
    clock: Clock | None = None,
    rules: Rules = RULES,
    store: MemoryLeaseStore | None = None,
    project: str = P,
    timeout_s: float = PATIENCE_S,
    now_ms: Callable[[], int] | None = None,
) -> AsyncIterator[LeaseNode]:
    """A node whose events are collected; with `redis_url` it shares its leases, by Redis's clock."""
    clock, events, database = clock or ManualClock(), EventBus(), open_migrated(url)
    memory = store or MemoryLeaseStore(clock, rules)
    redis = Redis.from_url(redis_url, socket_timeout=timeout_s, retry=Retry(NoBackoff(), 0)) if redis_url else None
    if redis is None:
        authority = LeaseAuthority(database, clock, name, memory)
    else:
        authority = LeaseAuthority(
            database, clock, name, RedisLeaseStore(redis, rules, timeout_s=timeout_s, now_ms=now_ms), memory
        )
    leases = LeaseService(authority, events, clock)
    listener = LeaseListener(redis, leases.dispatcher) if redis else None
    node = LeaseNode(leases, memory, database, clock, events, name, project, listener)
    for kind in EVENTS:
        events.subscribe(kind, node.published.append)
    if listener is not None:
        listener.start()
        await listener.listening.wait()
    try:
        yield node
    finally:
        if listener is not None:
            await listener.stop()
        await node.leases.close()
        if redis is not None:
            await redis.aclose()
        database.close()
