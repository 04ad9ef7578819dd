"""`python -m bench.leases`: leases in Redis and in memory beside redis-py's own lock. See bench/README.md."""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.lock import Lock

from server.kit.clock import SystemClock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.redis import connect_redis
from server.leases import LeaseAuthority, LeaseService, MemoryLeaseStore, RedisLeaseStore, Resource, Rules
from server.migrations import upgrade

PROJECT = "bench"
SESSIONS, CONTENDED, PACED = 100, 10, 500
BEATING, BEATS = 1_000, 50
START_S = 0.05


class Locks(Protocol):
    """What is compared: something that one session at a time can have."""

    name: str

    async def acquire(self, session: str, resource: str) -> object:
        """Waits for it; returns what `release` needs."""

    async def release(self, session: str, resource: str, held: object) -> None:
        """Gives it back."""


class Leases:
    """Atrium's, as its edges use them."""

    def __init__(self, name: str, service: LeaseService) -> None:
        self.name = name
        self.service = service

    async def acquire(self, session: str, resource: str) -> object:
        """With a place in the queue if need be."""
        return (await self.service.obtain(PROJECT, session, Resource.of("database", resource))).fence

    async def release(self, session: str, resource: str, held: object) -> None:
        """Hands over to whoever is next."""
        assert isinstance(held, int)
        await self.service.release(PROJECT, session, Resource.of("database", resource), held)


class RedisPyLocks:
    """redis-py's lock with its defaults: SET NX PX, and a new attempt every 0.1 s."""

    name = "redis-py Lock"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def acquire(self, session: str, resource: str) -> object:  # noqa: ARG002 (the protocol's)
        """Asks again and again."""
        lock = Lock(self._redis, f"bench:{resource}", timeout=300)
        await lock.acquire()
        return lock

    async def release(self, session: str, resource: str, held: object) -> None:  # noqa: ARG002 (the protocol's)
        """By its script."""
        assert isinstance(held, Lock)
        await held.release()


@dataclass
class Figures:
    """Milliseconds per operation, by what was measured."""

    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, seconds: float) -> None:
        self.samples.setdefault(what, []).append(seconds * 1000)

    async def time(self, what: str, call: Awaitable[object]) -> object:
        """The result of `call`, whose duration counts."""
        start = time.perf_counter()
        result = await call
        self.add(what, time.perf_counter() - start)
        return result

    def rows(self) -> Iterator[tuple[str, float, float, int]]:
        """What, p50, p99, how often."""
        for what, values in self.samples.items():
            ordered = sorted(values)
            yield what, ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], len(ordered)


async def sequential(locks: Locks, figures: Figures, seconds: float) -> None:
    """One session, one after the other."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        held = await figures.time("sequential acquire", locks.acquire("s0", "one"))
        await figures.time("sequential release", locks.release("s0", "one", held))


async def paced(locks: Locks, figures: Figures, seconds: float) -> None:
    """1000 operations a second, acquire and release in turns, timed from the moment each pair was due."""
    start, tasks = time.perf_counter() + START_S, []

    async def pair(number: int, due: float) -> None:
        session, resource = f"s{number % SESSIONS}", f"paced-{number % PACED}"
        held = await locks.acquire(session, resource)
        figures.add("1000 ops/s: acquire, from when it was due", time.perf_counter() - due)
        await locks.release(session, resource, held)

    for number in range(round(seconds * 500)):
        due = start + number / 500
        await asyncio.sleep(max(0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(pair(number, due)))
    await asyncio.gather(*tasks)


async def contended(locks: Locks, figures: Figures, seconds: float) -> None:
    """100 sessions on 10 resources: from the moment one begins to release to the moment the next one has it."""
    released: dict[str, float] = {}
    end = time.perf_counter() + seconds

    async def play(number: int) -> None:
        session, resource = f"s{number}", f"hot-{number % CONTENDED}"
        while time.perf_counter() < end:
            asked = time.perf_counter()
            held = await locks.acquire(session, resource)
            now = time.perf_counter()
            figures.add("100 sessions on 10: hand-over", now - max(released.get(resource, asked), asked))
            figures.add("100 sessions on 10: whole wait", now - asked)
            await asyncio.sleep(0.001)
            released[resource] = time.perf_counter()
            await locks.release(session, resource, held)

    await asyncio.gather(*(play(number) for number in range(SESSIONS)))


async def heartbeats(leases: Leases, figures: Figures) -> None:
    """1000 sessions, in the batches in which a node sends them once a second."""
    for number in range(BEATING):
        await leases.service.open(PROJECT, f"beating-{number}", "user")
    for _ in range(BEATS):
        for number in range(BEATING):
            leases.service.beat(PROJECT, f"beating-{number}")
        leases.service.keeper.beat_now()
        await figures.time("1000 sessions' heartbeats", leases.service.keeper.tick())


@contextmanager
def redis_server(program: str) -> Iterator[str]:
    """A server with an append-only file, on a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="atrium-bench-"))
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "", "--appendonly", "yes"]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            if process.poll() is not None:
                raise RuntimeError(f"{program} does not start")
            time.sleep(START_S)
        yield f"unix://{socket}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


@asynccontextmanager
async def open_leases(redis: Redis | None) -> AsyncIterator[Leases]:
    """A node with its sessions; with `redis` it shares its leases."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/atrium.db")
        upgrade(database.engine)
        memory = MemoryLeaseStore(clock, Rules())
        if redis is None:
            authority = LeaseAuthority(database, clock, "bench", memory)
        else:
            authority = LeaseAuthority(database, clock, "bench", RedisLeaseStore(redis, Rules()), memory)
        service = LeaseService(authority, EventBus(), clock)
        for number in range(SESSIONS):
            await service.open(PROJECT, f"s{number}", "user")
        yield Leases("Atrium, memory" if redis is None else "Atrium, Redis", service)
        await service.close()
        database.close()


async def measure(locks: Locks, seconds: float) -> Figures:
    """All scenarios for one of them."""
    figures = Figures()
    scenarios: list[Callable[[Locks, Figures, float], Awaitable[None]]] = [sequential, paced, contended]
    for scenario in scenarios:
        await scenario(locks, figures, seconds)
    if isinstance(locks, Leases):
        await heartbeats(locks, figures)
    return figures


async def run(url: str, seconds: float) -> None:
    """Measures each in turn and prints a table."""
    redis = connect_redis(url)
    patient = Redis.from_url(url, max_connections=SESSIONS * 2)
    print("| what | who | p50 ms | p99 ms | n | p50, p99 to redis-py |\n| --- | --- | --: | --: | --: | --- |")
    compared: dict[str, tuple[float, float]] = {}
    gc.collect()
    gc.freeze()  # as the server does after its start: a full round over what was imported takes 100 ms
    async with open_leases(redis) as shared, open_leases(None) as own:
        for locks in (RedisPyLocks(patient), shared, own):
            for what, p50, p99, count in (await measure(locks, seconds)).rows():
                other = compared.setdefault(what, (p50, p99)) if locks.name == RedisPyLocks.name else compared.get(what)
                ratio = f"{p50 / other[0]:.2f}, {p99 / other[1]:.2f}" if other else ""
                print(f"| {what} | {locks.name} | {p50:.2f} | {p99:.2f} | {count} | {ratio} |", flush=True)
    await patient.aclose()
    await redis.aclose()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.leases", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="how long each scenario runs")
    parser.add_argument("--redis-server", default=shutil.which("redis-server"), help="the program to measure with")
    options = parser.parse_args()
    if options.redis_server is None:
        print("redis-server is missing; on Debian: apt-get install redis-server", file=sys.stderr)
        return 1
    with redis_server(options.redis_server) as url:
        asyncio.run(run(url, options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
