"""Leases while Redis, the network, nodes and clocks fail: nobody ever holds what another does, and fences only grow.

Each test lets sessions of two nodes compete, makes something fail, and waits until they go on; `open_contest` checks
the history of all that happened.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import insert, update

from server.kit.clock import SystemClock
from server.kit.ids import uuid7
from server.leases import LeaseExpired, LeaseSessionExpired, guarded_update
from tests.support.lease_contest import RESOURCES, RULES, WINDOW_S, open_contest
from tests.support.lease_holder import BRANCH, METADATA
from tests.support.lease_node import MAIN, open_lease_node
from tests.support.proxy import proxy
from tests.support.redis import BINARIES, RedisServer, redis_server
from tests.support.repository import ROOT
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
RECOVERY_S = 30  # from when Redis is back; later means never


@pytest.fixture(params=BINARIES)
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server of the test's own, to be killed."""
    with redis_server(request.param) as server:
        yield server


async def test_redis_is_killed(server: RedisServer, tmp_path: Path) -> None:
    """SIGKILL, and a start with the append-only file, again and again."""
    async with open_contest(tmp_path, [server.url] * 2) as contest:
        for _ in range(3):
            server.kill()
            await asyncio.sleep(random.uniform(0.1, 1))
            await asyncio.to_thread(server.start)
            await contest.progress(within_s=RECOVERY_S)
        told = {"lease.unavailable", "lease.lease_lost", "lease.timeout", "lease.no_session"}
        # A request that was given up while Redis was away stands in its queue until its time is up.
        of_ghosts = {"lease.already_waiting", "lease.deadlock"}
        assert contest.errors.keys() <= told | of_ghosts


async def test_refusals_are_quick(server: RedisServer, tmp_path: Path) -> None:
    """While Redis hangs requests are refused, not left waiting for it, and none is granted."""
    async with open_contest(tmp_path, [server.url] * 2) as contest:
        server.send(signal.SIGSTOP)
        await asyncio.sleep(1)
        frozen = time.monotonic()
        await asyncio.sleep(2)
        assert contest.history.since(frozen) == 0
        await until(lambda: contest.waited_for_refusal, what="a refusal")
        server.send(signal.SIGCONT)
        await contest.progress(within_s=RECOVERY_S)


async def test_redis_is_emptied(server: RedisServer, tmp_path: Path) -> None:
    """FLUSHALL: every holder is told before anybody else gets what it had."""
    redis = Redis.from_url(server.url)
    async with open_contest(tmp_path, [server.url] * 2) as contest:
        for _ in range(2):
            await redis.flushall()
            await contest.progress(within_s=RECOVERY_S)
    await redis.aclose()


async def test_redis_starts_with_nothing(server: RedisServer, tmp_path: Path) -> None:
    """The disk is gone with the process."""
    async with open_contest(tmp_path, [server.url] * 2) as contest:
        server.kill()
        server.empty()
        await asyncio.to_thread(server.start)
        await contest.progress(within_s=RECOVERY_S)


async def test_answers_get_lost(server: RedisServer, tmp_path: Path) -> None:
    """Commands are carried out and nobody is told: repeating them does nothing twice."""
    async with (
        proxy(server.socket, server.socket.with_name("proxy")) as stand,
        open_contest(tmp_path, [stand.url, server.url]) as contest,
    ):
        for _ in range(4):
            stand.passes_answers = False
            await asyncio.sleep(random.uniform(0.1, 0.8))
            stand.passes_answers = True
            await contest.progress(within_s=RECOVERY_S)


async def test_a_node_is_cut_off(server: RedisServer, tmp_path: Path) -> None:
    """Its holders stop in time, the others go on without them, and it comes back by itself."""
    async with (
        proxy(server.socket, server.socket.with_name("proxy")) as stand,
        open_contest(tmp_path, [stand.url, server.url]) as contest,
    ):
        stand.passes_requests = stand.passes_answers = False
        cut = time.monotonic()
        await asyncio.sleep(WINDOW_S + 1.5)
        assert contest.history.since(cut + WINDOW_S) > 0
        names = {turn.session.partition("-")[0] for turn in contest.history.turns if turn.start > cut + 1}
        assert names == {"node1"}
        stand.passes_requests = stand.passes_answers = True
        await until(lambda: any(t.session.startswith("node0") and t.start > cut + 1 for t in contest.history.turns))


async def test_everything_is_delivered_twice(server: RedisServer, tmp_path: Path) -> None:
    """A request that comes again is the same request; a release that comes again releases nobody else's."""
    async with open_contest(tmp_path, [server.url] * 2, repeats=3) as contest:
        await contest.progress(100, within_s=30)


async def test_waiters_die_in_the_queue(server: RedisServer, tmp_path: Path) -> None:
    """Sessions that are never heard of again do not block those behind them."""
    async with open_contest(tmp_path, [server.url] * 2) as contest:
        node = contest.nodes[0]
        for number in range(5):
            await node.leases.open(node.project, f"dying-{number}", "user", window_s=1, grace_s=1)
            await node.leases.acquire(node.project, f"dying-{number}", RESOURCES[number % 2], wait_s=600)
        await until(lambda: len(node.told(LeaseSessionExpired)) == 5)
        await contest.progress(within_s=RECOVERY_S)


async def test_a_node_stops_without_a_word(server: RedisServer, tmp_path: Path) -> None:
    """Its leases end after its sessions' window, and a lock delay later the others have them."""
    async with open_contest(tmp_path, [server.url] * 2) as contest:
        node = contest.nodes[0]
        await node.leases.open(node.project, "silent", "user", window_s=1, grace_s=1)
        lease = await node.leases.obtain(node.project, "silent", RESOURCES[0])
        turn = contest.history.begin(lease)
        turn.end = turn.start  # it acts no more
        await until(lambda: [e for e in node.told(LeaseExpired) if e.fence == lease.fence])
        await contest.progress(within_s=RECOVERY_S)


async def test_clocks_jump(server: RedisServer, tmp_path: Path) -> None:
    """An hour forth and back, while sessions beat: nobody loses a lease by it."""
    offset = 0

    def now_ms() -> int:
        return time.time_ns() // 1_000_000 + offset

    async with open_contest(tmp_path, [server.url] * 2, now_ms=now_ms) as contest:
        for jump in (-3_600_000, 3_600_000, 0):
            offset = jump
            await contest.progress(within_s=RECOVERY_S)


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_holder_process_dies_or_freezes(server: RedisServer, tmp_path: Path, fault: signal.Signals) -> None:
    """Another gets the lease after its window; when a frozen one goes on, as if nothing had been, it is fenced off."""
    url, project = f"sqlite:///{tmp_path / 'atrium.db'}", uuid7()
    async with open_lease_node(
        url, redis_url=server.url, clock=SystemClock(), rules=RULES, project=project, name="other"
    ) as node:
        METADATA.create_all(node.database.engine)
        await node.database.write(lambda session: session.execute(insert(BRANCH).values(id=1, last_fence=0)))
        node.leases.start()
        await node.leases.open(project, "next", "user")
        holder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.lease_holder", url, server.url, project),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        assert holder.stdin is not None
        assert holder.stdout is not None
        old = int(await holder.stdout.readline())
        holder.stdin.write(b"write\n")
        assert await holder.stdout.readline() == b"written\n"
        holder.send_signal(fault)
        lease = await node.leases.obtain(project, "next", MAIN, wait_s=60)
        assert lease.fence > old
        statement = update(BRANCH).where(BRANCH.c.id == 1)
        await node.database.write(lambda session: guarded_update(session, statement, BRANCH.c.last_fence, lease.fence))
        if fault is signal.SIGSTOP:
            holder.send_signal(signal.SIGCONT)
            holder.stdin.write(b"write\n")
            assert await holder.stdout.readline() == b"fenced\n"
            holder.kill()
        await holder.communicate()
