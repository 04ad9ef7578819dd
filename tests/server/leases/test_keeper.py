from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.kit.clock import ManualClock
from server.leases import (
    Lease,
    LeaseExpired,
    LeaseHeld,
    LeaseLost,
    LeaseQueued,
    LeasesAvailable,
    LeaseSessionExpired,
    LeasesUnavailable,
    LeaseUnavailable,
    MemoryLeaseStore,
    NoSession,
    Policy,
    Resource,
)
from server.leases.authority import REOPEN_MS
from server.leases.keeper import TICK_S
from server.leases.listener import RETRY_S
from server.leases.model import Acquire, Command, Release, Reply
from server.leases.pipe import PAUSE_S, TIMEOUT_S
from tests.support.lease_node import MAIN, RULES, A, B, LeaseNode, P, open_lease_node
from tests.support.waiting import until

OTHER = Resource.of("database", "main")


class Flaky(MemoryLeaseStore):
    """A store that can be gone: without having done what it was asked, or after it did."""

    gone = False
    silent_after: type[Command] | None = None

    async def call(self, project_id: str, command: Command) -> Reply:
        """Fails as a lost connection does."""
        if self.gone:
            raise LeaseUnavailable
        reply = await super().call(project_id, command)
        if self.silent_after is not None and isinstance(command, self.silent_after):
            raise LeaseUnavailable
        return reply


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Flaky:
    return Flaky(clock, RULES)


@pytest.fixture
async def node(store: Flaky, clock: ManualClock, tmp_path: Path) -> AsyncIterator[LeaseNode]:
    async with open_lease_node(f"sqlite:///{tmp_path / 'atrium.db'}", clock=clock, store=store) as node:
        await node.leases.open(P, A, "ada")
        await node.leases.open(P, B, "bob")
        yield node


async def get(node: LeaseNode, session: str, resource: Resource = MAIN, policy: Policy = Policy.HOLD) -> Lease:
    lease = await node.leases.acquire(P, session, resource, policy=policy)
    assert isinstance(lease, Lease)
    return lease


async def test_holders_stop_while_the_store_is_gone(node: LeaseNode, store: Flaky) -> None:
    """Nothing is given out; each holder is told to stop before anybody else may have its lease, and none sooner."""
    await get(node, A, MAIN, Policy.RELEASE_IF_WANTED)
    await get(node, B, OTHER, Policy.HOLD)
    store.gone = True
    with pytest.raises(LeaseUnavailable):
        await node.leases.acquire(P, A, Resource.of("file", "a"))
    await node.pass_time(27, A, B)
    assert len(node.told(LeasesUnavailable)) == 1
    assert node.told(LeaseExpired) == []
    await node.pass_time(1, A, B)
    assert [(event.session_id, event.reason) for event in node.told(LeaseExpired)] == [(A, "unconfirmed")]
    await node.pass_time(91, A, B)
    assert [event.session_id for event in node.told(LeaseExpired)] == [A, B]


async def test_a_short_outage_changes_nothing(node: LeaseNode, store: Flaky) -> None:
    """Leases that were not over go on with their fences, and everybody is told that it works again."""
    lease = await get(node, A)
    store.gone = True
    await node.pass_time(10, A, B)
    store.gone = False
    await node.pass_time(1, A, B)
    assert (len(node.told(LeasesUnavailable)), len(node.told(LeasesAvailable))) == (1, 1)
    assert node.told(LeaseExpired) == []
    assert (await node.leases.check(P, MAIN, lease.fence)).session_id == A


async def test_what_holders_were_told_to_stop_is_free_again(node: LeaseNode, store: Flaky) -> None:
    """A lease that its holder has given up during the outage does not stay behind in the store."""
    await get(node, A, MAIN, Policy.RELEASE_IF_WANTED)
    store.gone = True
    await node.pass_time(29, A, B)
    store.gone = False
    await node.pass_time(1, A, B)
    assert (await get(node, B)).session_id == B


async def test_an_answer_that_got_lost_is_asked_for_again(node: LeaseNode, store: Flaky) -> None:
    """The lease was given, the answer did not arrive: the same request gets that very lease."""
    store.silent_after = Acquire
    with pytest.raises(LeaseUnavailable):
        await node.leases.acquire(P, A, MAIN, request_id="1")
    store.silent_after = None
    lease = await node.leases.acquire(P, A, MAIN, request_id="1")
    assert isinstance(lease, Lease)
    assert lease.count == 1


async def test_a_lease_that_nobody_heard_of_is_given_back(node: LeaseNode, store: Flaky) -> None:
    """If the request does not come again, nobody has to wait for the lease."""
    store.silent_after = Acquire
    with pytest.raises(LeaseUnavailable):
        await node.leases.acquire(P, A, MAIN, request_id="1")
    store.silent_after = None
    await node.pass_time(1, A, B)
    assert (await get(node, B)).session_id == B


async def test_a_release_that_got_lost_is_harmless(node: LeaseNode, store: Flaky) -> None:
    """It was released though nobody said so: this node learns it, and others can have it."""
    lease = await get(node, A)
    store.silent_after = Release
    with pytest.raises(LeaseUnavailable):
        await node.leases.release(P, A, MAIN, lease.fence)
    store.silent_after = None
    await node.pass_time(1, A, B)
    assert [event.reason for event in node.told(LeaseExpired)] == ["forgotten"]
    await get(node, B)


async def test_holders_are_told_when_the_store_has_lost_everything(node: LeaseNode, store: Flaky) -> None:
    """Within a second they know, before anybody else can have what they held; their sessions live on."""
    lease = await get(node, A)
    store.enter(1)
    await node.pass_time(1, A, B)
    assert [(event.session_id, event.fence, event.reason) for event in node.told(LeaseExpired)] == [
        (A, lease.fence, "forgotten")
    ]
    with pytest.raises(LeaseHeld):
        await node.leases.acquire(P, B, MAIN)
    await node.pass_time(3, A, B)
    assert (await get(node, B)).fence > lease.fence
    assert node.told(LeaseSessionExpired) == []


async def test_who_asks_before_the_next_heartbeat(node: LeaseNode, store: Flaky) -> None:
    """A store that is back with nothing knows a living session the moment it asks; what it waited for is over."""
    await get(node, A)
    waiting = asyncio.create_task(node.leases.obtain(P, B, MAIN, wait_s=60))
    await until(lambda: node.told(LeaseQueued))
    store.enter(1)
    with pytest.raises(LeaseHeld):  # closed for a moment, but known
        await node.leases.acquire(P, B, OTHER)
    with pytest.raises(LeaseLost):
        await waiting
    with pytest.raises(NoSession):
        await node.leases.acquire(P, "never-opened", OTHER)
    await node.pass_time(4, A, B)
    assert (await get(node, B, OTHER)).session_id == B


def test_leases_are_back_within_five_seconds() -> None:
    """Of Redis's return: the next attempt, its answers, and the pause after data were lost; nothing backs off."""
    attempt_s = TICK_S + PAUSE_S + TIMEOUT_S
    assert attempt_s + TIMEOUT_S + REOPEN_MS / 1000 <= 5
    assert RETRY_S + TIMEOUT_S <= 5


async def test_a_long_outage_delays_nothing(node: LeaseNode, store: Flaky) -> None:
    """The first tick after the return of the store gives leases again, however often it was tried in vain."""
    store.gone = True
    await node.pass_time(110, A, B)
    store.gone = False
    await node.leases.keeper.tick()
    assert node.leases.keeper.available
    assert (await get(node, A)).session_id == A


async def test_what_is_due_happens_without_being_asked(node: LeaseNode) -> None:
    """A session that nobody hears of ends on time, though nobody asks anything in its project."""
    await get(node, A)
    await node.pass_time(121)
    assert {event.session_id for event in node.told(LeaseSessionExpired)} == {A, B}
