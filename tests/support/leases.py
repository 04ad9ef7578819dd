"""Lease stores for tests, and what must hold in each of them at any moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import combinations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.kit.clock import ManualClock
from server.kit.ids import uuid7
from server.leases.memory_store import MemoryLeaseStore
from server.leases.model import Audit, Grant, InitEpoch, Look, Mode, Reply, Rules, State, StoreEvent, Sweep, Waiter
from server.leases.redis_store import RedisLeaseStore
from server.leases.store import LeaseStore
from tests.support.redis import BINARIES, RedisServer

UNLIMITED_MS = 1 << 40
PATIENCE_S = 10  # a machine that is busy with other tests is no fault
STORES = ("memory", *BINARIES)


@asynccontextmanager
async def redis_store(server: RedisServer, clock: ManualClock | None, rules: Rules) -> AsyncIterator[RedisLeaseStore]:
    """A store of its own on the server; its time is `clock`'s, or Redis's."""
    redis = Redis.from_url(server.url, socket_timeout=PATIENCE_S, retry=Retry(NoBackoff(), 0))
    now = None if clock is None else lambda: int(clock.monotonic() * 1000)
    store = RedisLeaseStore(redis, rules, timeout_s=PATIENCE_S, now_ms=now)
    try:
        yield store
    finally:
        await store.close()
        await redis.aclose()


@asynccontextmanager
async def open_store(
    name: str, servers: Mapping[str, RedisServer], clock: ManualClock, rules: Rules
) -> AsyncIterator[LeaseStore]:
    """The store called `name`, with no limit to how far the clock may be moved at once."""
    if name == "memory":
        yield MemoryLeaseStore(clock, rules)
    else:
        async with redis_store(servers[name], clock, rules) as store:
            yield store


async def new_project(store: LeaseStore) -> str:
    """A project whose first epoch has begun."""
    project = uuid7()
    await store.call(project, InitEpoch(epoch=1, delay_ms=0, roots=()))
    return project


def overlap(one: str, other: str) -> bool:
    """Whether one path is the other, or above it."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def conflict(one: Grant | Waiter, other: Grant | Waiter) -> bool:
    """Whether the two cannot both be granted."""
    return (
        overlap(one.path, other.path)
        and one.session.removeprefix("~") != other.session.removeprefix("~")
        and Mode.EXCLUSIVE in (one.mode, other.mode)
    )


@dataclass
class Checker:
    """Looks at a project after every step and compares it with what leases promise."""

    store: LeaseStore
    project: str
    newest_fence: int = 0
    newest_event: int = 0
    fences: dict[tuple[str, str], int] = field(default_factory=dict)

    async def check(self, reply: Reply) -> Reply:
        """Raises `AssertionError` for the first promise that is broken; returns the `Look` it saw."""
        audit = await self.store.call(self.project, Audit())
        assert audit.faults == (), audit.faults
        self._check_events(reply.events)
        look = await self.store.call(self.project, Look())
        self._check_events(look.events)
        self._check_grants(look)
        if not look.more:
            self._check_queue(look)
        return look

    async def finish(self) -> Reply:
        """Sweeps until nothing is left to do, checking after each."""
        reply = await self.store.call(self.project, Sweep(limit=8))
        look = await self.check(reply)
        while reply.more or look.more:
            reply = await self.store.call(self.project, Sweep(limit=8))
            look = await self.check(reply)
        return look

    def _check_events(self, events: tuple[StoreEvent, ...]) -> None:
        """Events are numbered upwards, and a fence that is given is greater than every one before it."""
        for event in events:
            assert event.id > self.newest_event
            self.newest_event = event.id
            known = self.fences.get((event.path, event.session))
            if event.kind in ("acquired", "offered") and event.fence != known:
                assert event.fence > self.newest_fence, event
                self.newest_fence = event.fence
                self.fences[event.path, event.session] = event.fence
            elif event.kind in ("released", "expired", "stolen"):
                self.fences.pop((event.path, event.session), None)

    @staticmethod
    def _check_grants(look: Reply) -> None:
        for one, other in combinations(look.grants, 2):
            assert not conflict(one, other), (one, other)
        if not look.more:
            assert all(grant.expires > look.now for grant in look.grants)

    @staticmethod
    def _check_queue(look: Reply) -> None:
        """Everybody who waits has somebody to wait for, and nobody waits for themselves."""
        waits_for: dict[str, set[str]] = {}
        for waiter in look.waiters:
            before = [other for other in look.waiters if other.rank < waiter.rank]
            blockers = [other for other in (*look.grants, *before) if conflict(waiter, other)]
            assert blockers, f"nobody woke {waiter}"
            assert waiter.until > look.now
            waits_for.setdefault(waiter.session, set()).update(other.session for other in blockers)
        while waits_for:
            free = [one for one, others in waits_for.items() if not others & set(waits_for)]
            assert free, f"a circle: {waits_for}"
            for one in free:
                del waits_for[one]


def held(look: Reply) -> list[Grant]:
    """The leases in use."""
    return [grant for grant in look.grants if grant.state is State.HELD]
