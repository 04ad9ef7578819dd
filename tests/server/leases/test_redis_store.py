from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from server.kit.redis import connect_redis
from server.leases import LeaseUnavailable, Mode, Policy, RedisLeaseStore, Rules
from server.leases.model import Acquire, Audit, InitEpoch, Look, Open, Status
from server.leases.redis_store import KEYS, prefix
from tests.support.leases import new_project, redis_store
from tests.support.redis import BINARIES, RedisServer
from tests.support.waiting import PATIENCE_S

HOUR_MS = 3_600_000


@dataclass
class Wall:
    """A wall clock that can be set."""

    ms: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture(params=BINARIES)
def server(request: pytest.FixtureRequest, redis_servers: Mapping[str, RedisServer]) -> RedisServer:
    return redis_servers[request.param]


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    redis = connect_redis(server.url)
    yield redis
    await redis.aclose()


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisLeaseStore]:
    """By Redis's own clock."""
    async with redis_store(server, None, Rules()) as store:
        yield store


def acquire(session: str = "a", path: str = "x/p", request: str = "") -> Acquire:
    return Acquire(session, path, Mode.EXCLUSIVE, 300_000, 0, Policy.HOLD, request)


async def test_time_is_redis_own(store: RedisLeaseStore, redis: Redis) -> None:
    """All nodes go by one clock: that of the server which decides."""
    project = await new_project(store)
    seconds, _ = await redis.time()
    reply = await store.call(project, Look())
    assert abs(reply.now - seconds * 1000) < 5_000


async def test_a_clock_that_jumps_ends_nothing(redis: Redis) -> None:
    """An hour forth counts as ten seconds, an hour back as none; the leases of sessions that beat go on."""
    wall = Wall()
    store = RedisLeaseStore(redis, Rules(), now_ms=wall)
    project = await new_project(store)
    await store.call(project, Open("a", "user", 120_000, 30_000))
    first = await store.call(project, acquire())
    for jump, passed in ((HOUR_MS, 10_000), (-2 * HOUR_MS, 0), (1_000, 1_000)):
        wall.ms += jump
        reply = await store.call(project, Look())
        assert reply.now - first.now == passed
        assert [grant.session for grant in reply.grants] == ["a"]
        first = reply
    await store.close()


async def test_all_keys_of_a_project_stay_together(store: RedisLeaseStore, redis: Redis) -> None:
    """Every key has the project in braces: Redis Cluster keeps them on one node. All are given to the script."""
    project = await new_project(store)
    await store.call(project, Open("a", "user", 120_000, 30_000))
    await store.call(project, acquire(request="1"))
    keys = {key.decode() for key in await redis.keys(f"*{project}*")}
    assert keys <= {prefix(project) + key for key in KEYS}
    assert prefix(project) == f"atrium:{{{project}}}:lease:"


async def test_calls_of_one_turn_travel_together(store: RedisLeaseStore, redis: Redis) -> None:
    """A hundred callers need one connection, and each gets its own answer."""
    project = await new_project(store)
    names = [f"s{number}" for number in range(100)]
    await asyncio.gather(*(store.call(project, Open(name, "user", 120_000, 30_000)) for name in names))
    replies = await asyncio.gather(*(store.call(project, acquire(name, f"x/p/d/{name}")) for name in names))
    assert [reply.grant.session for reply in replies if reply.grant] == names
    assert len({reply.grant.fence for reply in replies if reply.grant}) == 100
    assert len(await redis.client_list()) <= 3


async def test_flushed_scripts_are_loaded_again(store: RedisLeaseStore, redis: Redis) -> None:
    """Somebody's SCRIPT FLUSH is not noticed."""
    project = await new_project(store)
    await redis.script_flush()
    replies = await asyncio.gather(*(store.call(project, Audit()) for _ in range(5)))
    assert {reply.status for reply in replies} == {Status.OK}


async def test_flushed_data_means_no_epoch(store: RedisLeaseStore, redis: Redis) -> None:
    """FLUSHALL takes the epoch along, so the store does nothing until it gets a newer one."""
    project = await new_project(store)
    await redis.delete(*(prefix(project) + key for key in KEYS))
    assert (await store.call(project, acquire())).status is Status.EPOCH


async def test_another_server_process_means_no_epoch(store: RedisLeaseStore, redis: Redis) -> None:
    """Data from before a restart may lack the last second: its epoch is not gone on with, its leases are."""
    project = await new_project(store)
    await store.call(project, Open("a", "user", 120_000, 30_000))
    await store.call(project, acquire())
    await redis.hset(f"{prefix(project)}meta", "run", "another/0")
    reply = await store.call(project, Look())
    assert (reply.status, reply.epoch) == (Status.EPOCH, 1)
    await store.call(project, InitEpoch(2, 0, ()))
    assert [grant.session for grant in (await store.call(project, Look())).grants] == ["a"]


async def test_a_fault_of_redis_is_no_answer(store: RedisLeaseStore, redis: Redis) -> None:
    """Whatever Redis complains of, callers may try again later."""
    project = await new_project(store)
    await redis.delete(f"{prefix(project)}held")
    await redis.set(f"{prefix(project)}held", "not a sorted set")
    await store.call(project, Open("a", "user", 120_000, 30_000))
    with pytest.raises(LeaseUnavailable):
        await store.call(project, acquire())


async def test_events_are_published(store: RedisLeaseStore, redis: Redis) -> None:
    """Every node hears of every event, and in which project."""
    project = await new_project(store)
    async with redis.pubsub() as listener:
        await listener.subscribe(f"{prefix(project)}ch")
        await listener.get_message(timeout=PATIENCE_S)
        await store.call(project, Open("a", "user", 120_000, 30_000))
        await store.call(project, acquire())
        message = await listener.get_message(timeout=PATIENCE_S)
    assert message is not None
    assert project.encode() in message["data"]
    assert b'"acquired"' in message["data"]
