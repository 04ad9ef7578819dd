"""Thousands of random steps; after each one everything that leases promise is checked, and that all stores agree."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from server.kit.clock import ManualClock
from server.kit.ids import uuid7
from server.leases.memory_store import MemoryLeaseStore
from server.leases.model import (
    Accept,
    Acquire,
    Beat,
    Cancel,
    Check,
    Command,
    End,
    Extend,
    Grant,
    InitEpoch,
    Look,
    Mode,
    Open,
    Policy,
    Release,
    Reply,
    Rules,
    State,
    Status,
    Steal,
    StoreEvent,
    Sweep,
)
from server.leases.store import LeaseStore
from tests.support.leases import STORES, UNLIMITED_MS, Checker, held, open_store
from tests.support.redis import RedisServer

SESSIONS = [f"s{number}" for number in range(7)]
PATHS = ["x", "x/p", "x/p/f", "x/p/f/a", "x/p/f/a/b", "x/p/f/ab", "x/p/g/-/main", "x/p/d/db", "role/primary"]
STEPS = {"memory": 1_500, "redis-6.2": 600, "redis-7": 600}


@dataclass
class Player:
    """Makes up commands that have a chance to matter, from what it has seen."""

    chance: random.Random
    fences: list[tuple[str, str, int]] = field(default_factory=list)
    requests: list[Acquire] = field(default_factory=list)
    grants: tuple[Grant, ...] = ()
    epoch: int = 1

    def command(self) -> Command:
        """The next step."""
        makers = (self._open, self._acquire, self._give_back, self._accept, self._other)
        return self.chance.choices(makers, weights=(8, 40, 20, 14, 18))[0]()

    def _open(self) -> Command:
        return Open(
            self._session(),
            "user",
            self.chance.choice((2_000, 120_000, 120_000, 120_000)),
            self.chance.choice((500, 30_000)),
        )

    def _acquire(self) -> Command:
        if self.requests and self.chance.random() < 0.1:
            return self.chance.choice(self.requests[-20:])
        command = Acquire(
            session=self._session(),
            path=self.chance.choice(PATHS),
            mode=self.chance.choice(tuple(Mode)),
            ttl_ms=self.chance.choice((1_000, 300_000)),
            wait_ms=self.chance.choice((0, 3_000, 30_000, 30_000)),
            policy=self.chance.choice(tuple(Policy)),
            request=self.chance.choice(("", uuid7())),
        )
        self.requests += [command] if command.request else []
        return command

    def _give_back(self) -> Command:
        session, path, fence = self._known()
        return Release(session, path, fence)

    def _accept(self) -> Command:
        offers = [grant for grant in self.grants if grant.state is State.OFFERED]
        if offers:
            offer = self.chance.choice(offers)
            return Accept(offer.session, offer.path, offer.fence)
        return Accept(*self._known())

    def _other(self) -> Command:
        session, path, fence = self._known()
        commands: list[Command] = [
            Extend(session, path, fence, self.chance.choice((1_000, 300_000))),
            Cancel(session, path),
            Check(path, fence),
            Beat(tuple(self.chance.sample(SESSIONS, 4))),
            Sweep(self.chance.choice((1, 64))),
            self._look(),
        ]
        if self.chance.random() < 0.15:
            commands = [End(session), Steal(path, "hangs"), self._next_epoch()]
        return self.chance.choice(commands)

    def _look(self) -> Command:
        """A page that begins somewhere."""
        keys = ["", *(f"g|{grant.path}|{grant.session}" for grant in self.grants), f"w|1{self.epoch:016d}"]
        return Look(self.chance.choice(["", *PATHS]), self.chance.choice(keys), self.chance.choice((1, 3, 200)))

    def _next_epoch(self) -> Command:
        self.epoch += self.chance.choice((0, 1))
        return InitEpoch(self.epoch, 0, ())

    def _session(self) -> str:
        return self.chance.choice(SESSIONS)

    def _known(self) -> tuple[str, str, int]:
        """A lease in use, mostly; or one that was, or never."""
        if self.grants and self.chance.random() < 0.7:
            grant = self.chance.choice(self.grants)
            return grant.session.removeprefix("~"), grant.path, grant.fence
        if self.fences and self.chance.random() < 0.8:
            return self.chance.choice(self.fences[-30:])
        return self._session(), self.chance.choice(PATHS), self.chance.randrange(1 << 33)

    def see(self, look: Reply) -> None:
        """Learns what is granted now."""
        self.grants = look.grants
        self.fences += [(grant.session, grant.path, grant.fence) for grant in held(look)][-3:]


def check_stale_fence(command: Command, before: tuple[Grant, ...], reply: Reply) -> None:
    """Giving back, extending or accepting with a fence that is not the lease's changes nothing."""
    if isinstance(command, Release | Extend | Accept) and reply.status is Status.OK:
        assert any(
            (grant.session, grant.path) == (command.session, command.path)
            and grant.first <= command.fence <= grant.fence
            for grant in before
        ), command


def rules(chance: random.Random) -> Rules:
    """Small numbers, so that every limit is met."""
    return Rules(
        lock_delay_ms=chance.choice((0, 700)),
        accept_ms=900,
        remember_ms=5_000,
        grants_per_call=chance.choice((1, 2, 64)),
        due_per_call=chance.choice((1, 16)),
        max_step_ms=UNLIMITED_MS,
        per_session=chance.choice((2, 200)),
        per_project=chance.choice((5, 200)),
    )


class Agreeing:
    """Two stores that have to give the same answer to every command."""

    def __init__(self, store: LeaseStore, oracle: LeaseStore) -> None:
        self._store, self._oracle = store, oracle

    async def call(self, project_id: str, command: Command) -> Reply:
        """The answer of both."""
        reply, expected = await self._store.call(project_id, command), await self._oracle.call(project_id, command)
        assert reply == expected, command
        return reply

    async def events_after(self, project_id: str, event_id: int) -> list[StoreEvent]:
        """What both remember."""
        events = await self._store.events_after(project_id, event_id)
        assert events == await self._oracle.events_after(project_id, event_id)
        return events

    async def close(self) -> None:
        """The stores are closed by whoever opened them."""


async def play(store: LeaseStore, clock: ManualClock, player: Player, steps: int) -> None:
    """Random steps, each one checked."""
    project = uuid7()
    checker = Checker(store, project)
    assert (await store.call(project, Sweep(1))).status is Status.EPOCH
    await store.call(project, InitEpoch(1, 0, ()))
    for session in SESSIONS:
        await store.call(project, Open(session, "user", 120_000, 30_000))
    for _ in range(steps):
        command, before = player.command(), player.grants
        reply = await store.call(project, command)
        check_stale_fence(command, before, reply)
        player.see(await checker.check(reply))
        if player.chance.random() < 0.3:
            clock.advance(player.chance.choice((0.001, 0.2, 0.2, 1, 4)))
            player.see(await checker.finish())
    await store.events_after(project, checker.newest_event - 100)
    await check_it_ends(checker, clock)


async def check_it_ends(checker: Checker, clock: ManualClock) -> None:
    """When nobody is heard of any more, nothing is left."""
    for _ in range(3):
        clock.advance(600)
        look = await checker.finish()
    assert (look.grants, look.waiters) == ((), ())


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("name", STORES)
async def test_leases_keep_their_promises(name: str, part: int, redis_servers: Mapping[str, RedisServer]) -> None:
    """No conflict, no lost wake-up, no circle, no fence twice, no index that drifts, whatever happens in what order."""
    seed = os.environ.get("ATRIUM_TEST_SEED", str(random.randrange(1 << 32)))
    print("ATRIUM_TEST_SEED", seed)
    chance, clock = random.Random(f"{seed} {part}"), ManualClock()
    some = rules(chance)
    async with open_store(name, redis_servers, clock, some) as store:
        if name != "memory":
            store = Agreeing(store, MemoryLeaseStore(clock, some))
        await play(store, clock, Player(chance), STEPS[name])
