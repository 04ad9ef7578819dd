"""Sessions on several nodes that want the same things, and a history that shows whether two had one at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from server.kit.clock import SystemClock
from server.kit.errors import AtriumError
from server.kit.ids import uuid7
from server.leases import (
    Lease,
    LeaseExpired,
    LeaseLost,
    LeaseStolen,
    LeaseUnavailable,
    NoSession,
    Policy,
    Resource,
    Rules,
)
from tests.support.lease_node import LeaseNode, open_lease_node

SESSIONS_PER_NODE = 4
RESOURCES = tuple(Resource.of("git", name) for name in ("main", "next"))
WINDOW_S, GRACE_S = 4.0, 2.0
RULES = Rules(lock_delay_ms=500, accept_ms=1_000)
BEAT_S, HOLD_S, RETRY_S = 0.3, 0.02, 0.05


@dataclass
class Turn:
    """A time in which a session acted on its lease."""

    resource: str
    session: str
    fence: int
    start: float
    end: float | None = None


@dataclass
class History:
    """Who acted on what, when, with which fence."""

    turns: list[Turn] = field(default_factory=list)

    def begin(self, lease: Lease) -> Turn:
        turn = Turn(str(lease.resource), lease.session_id, lease.fence, time.monotonic())
        self.turns.append(turn)
        return turn

    def stop(self, event: LeaseExpired | LeaseStolen) -> None:
        """The holder was told that its lease is over."""
        for turn in self.turns:
            if turn.end is None and (turn.session, turn.fence) == (event.session_id, event.fence):
                turn.end = time.monotonic()

    def check(self) -> None:
        """No two had the same at once, and each who came later had a greater fence."""
        for resource in {turn.resource for turn in self.turns}:
            turns = sorted((turn for turn in self.turns if turn.resource == resource), key=lambda turn: turn.start)
            for one, next_one in pairwise(turns):
                assert one.end is not None, f"{one} still acts while {next_one} does"
                assert one.end <= next_one.start, (one, next_one)
                assert one.fence < next_one.fence, (one, next_one)

    def since(self, moment: float) -> int:
        """How many have begun since."""
        return sum(turn.start >= moment for turn in self.turns)


@dataclass
class Contest:
    """Runs until it is stopped."""

    nodes: list[LeaseNode]
    history: History = field(default_factory=History)
    errors: Counter[str] = field(default_factory=Counter)
    waited_for_refusal: list[float] = field(default_factory=list)
    repeats: int = 1
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    async def start(self) -> None:
        """Every session begins."""
        for number, node in enumerate(self.nodes):
            node.leases.start()
            for count in range(SESSIONS_PER_NODE):
                session = f"{node.name}-{count}"
                await self._open(node, session)
                chance = random.Random(number * 100 + count)
                self._tasks += [
                    asyncio.create_task(self._beat(node, session)),
                    asyncio.create_task(self._play(node, session, chance)),
                ]

    async def stop(self) -> None:
        """Everybody stops at once."""
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        unexpected = [result for result in results if not isinstance(result, asyncio.CancelledError)]
        assert unexpected == []

    async def progress(self, turns: int = 20, within_s: float = 30) -> None:
        """Returns when so many more have had their turn."""
        start = time.monotonic()
        while self.history.since(start) < turns:
            assert time.monotonic() - start < within_s, (self.errors, self.history.since(start))
            await asyncio.sleep(0.02)

    async def _open(self, node: LeaseNode, session: str) -> None:
        await node.leases.open(node.project, session, "user", window_s=WINDOW_S, grace_s=GRACE_S)

    async def _beat(self, node: LeaseNode, session: str) -> None:
        while True:
            node.leases.beat(node.project, session)
            await asyncio.sleep(BEAT_S)

    async def _play(self, node: LeaseNode, session: str, chance: random.Random) -> None:
        while True:
            resource = chance.choice(RESOURCES)
            try:
                lease = await self._obtain(node, session, resource)
                if time.monotonic() < lease.act_until:
                    turn = self.history.begin(lease)
                    await asyncio.sleep(chance.uniform(0, HOLD_S))
                    turn.end = turn.end or time.monotonic()
                await self._release(node, lease)
            except NoSession:
                await self._open(node, session)
            except AtriumError as error:
                self.errors[error.code] += 1
                await asyncio.sleep(RETRY_S)

    async def _obtain(self, node: LeaseNode, session: str, resource: Resource) -> Lease:
        """Asks again, with the same request id, until there is an answer; some ask twice at the same time."""
        request = uuid7()
        while True:
            asked = time.monotonic()
            try:
                for _ in range(self.repeats - 1):
                    await node.leases.acquire(node.project, session, resource, wait_s=3, request_id=request)
                return await node.leases.obtain(
                    node.project, session, resource, wait_s=3, policy=Policy.HOLD, request_id=request
                )
            except LeaseUnavailable:
                self.waited_for_refusal.append(time.monotonic() - asked)
                await asyncio.sleep(RETRY_S)

    async def _release(self, node: LeaseNode, lease: Lease) -> None:
        for _ in range(self.repeats):
            await self._release_once(node, lease)

    async def _release_once(self, node: LeaseNode, lease: Lease) -> None:
        while True:
            try:
                await node.leases.release(node.project, lease.session_id, lease.resource, lease.fence)
            except LeaseUnavailable:
                await asyncio.sleep(RETRY_S)
            except LeaseLost:
                return  # an answer was lost, or the lease before
            else:
                return


@asynccontextmanager
async def open_contest(
    folder: Path, urls: list[str], *, repeats: int = 1, now_ms: Callable[[], int] | None = None
) -> AsyncIterator[Contest]:
    """A running contest of one node per Redis URL; at the end its history is checked."""
    project = uuid7()
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                open_lease_node(
                    f"sqlite:///{folder / 'atrium.db'}",
                    redis_url=url,
                    name=f"node{number}",
                    clock=SystemClock(),
                    rules=RULES,
                    project=project,
                    timeout_s=0.4,
                    now_ms=now_ms,
                )
            )
            for number, url in enumerate(urls)
        ]
        contest = Contest(nodes, repeats=repeats)
        for node in nodes:
            for kind in (LeaseExpired, LeaseStolen):
                node.events.subscribe(kind, contest.history.stop)
        await contest.start()
        try:
            await contest.progress()
            yield contest
        finally:
            await contest.stop()
        contest.history.check()
        for node in nodes:
            assert await node.leases.audit(project) == ()
