from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from server.kit.audit import Act
from server.leases import (
    AlreadyWaiting,
    Deadlock,
    Fenced,
    InvalidRequest,
    Lease,
    LeaseAcquired,
    LeaseExpired,
    LeaseHeld,
    LeaseLost,
    LeaseNotFound,
    LeaseOffered,
    LeaseQueued,
    LeaseRefused,
    LeaseReleased,
    LeaseSessionExpired,
    LeaseStolen,
    LeaseTimeout,
    Mode,
    NoSession,
    NotOwner,
    NotWaiting,
    Place,
    Policy,
    Resource,
)
from server.leases.errors import OwnerChanged
from tests.support.lease_node import ADMIN, MAIN, A, B, LeaseNode, P
from tests.support.waiting import until

OTHER = Resource.of("database", "main")


async def both(node: LeaseNode) -> None:
    await node.leases.open(P, A, "ada")
    await node.leases.open(P, B, "bob")


async def get(node: LeaseNode, session: str, resource: Resource = MAIN, **options: Any) -> Lease:
    lease = await node.leases.acquire(P, session, resource, **options)
    assert isinstance(lease, Lease)
    return lease


async def test_a_lease_says_all_that_a_message_needs(node: LeaseNode) -> None:
    """Holder, fence and end are in the answer and in the event."""
    await both(node)
    lease = await get(node, A, ttl_s=60, request_id="r1")
    assert (lease.resource, lease.session_id, lease.user, lease.mode) == (MAIN, A, "ada", Mode.EXCLUSIVE)
    assert lease.expires_at == node.clock.now() + timedelta(seconds=60)
    [event] = node.told(LeaseAcquired)
    assert (event.project_id, event.session_id, event.user) == (P, A, "ada")
    assert (event.lock_type, event.resource_id, event.mode) == ("git", "main", "x")
    assert (event.fence, event.expires_at, event.request_id) == (lease.fence, lease.expires_at, "r1")


async def test_a_holder_stops_before_others_may_have_it(node: LeaseNode) -> None:
    """`act_until` leaves a margin before the silent holder's lease may be given away."""
    await both(node)
    assert (await get(node, A)).act_until == node.clock.monotonic() + 30 - 2
    assert (await get(node, B, OTHER, policy=Policy.HOLD)).act_until == node.clock.monotonic() + 120 - 2
    assert (await get(node, B, Resource.of("file", "a"), ttl_s=1)).act_until == node.clock.monotonic() + 0.8


async def test_a_refusal_names_who_is_in_the_way(node: LeaseNode) -> None:
    """The error and the event, from which a conflict is recorded, say whose lease it is."""
    await both(node)
    await get(node, A)
    with pytest.raises(LeaseHeld, match=r"git:main is held by ada") as refused:
        await node.leases.acquire(P, B, MAIN)
    assert refused.value.members == {"waits_for": [A]}
    [event] = node.told(LeaseRefused)
    assert (event.session_id, event.user, event.reason, event.waits_for) == (B, "bob", "held", (A,))


async def test_the_queue_hands_over(node: LeaseNode) -> None:
    """A waiter gets its place, is told when it is its turn, and accepts."""
    await both(node)
    held = await get(node, A)
    place = await node.leases.acquire(P, B, MAIN, wait_s=30, request_id="r2")
    assert isinstance(place, Place)
    assert (place.position, place.user, place.waits_for) == (1, "bob", (A,))
    assert place.until == node.clock.now() + timedelta(seconds=30)
    assert node.told(LeaseQueued)[0].request_id == "r2"
    _, waiting = await node.leases.list(P, MAIN)
    assert [(one.session_id, one.position) for one in waiting] == [(B, 1)]
    with pytest.raises(AlreadyWaiting):
        await node.leases.acquire(P, B, MAIN, wait_s=30)
    await node.leases.release(P, A, MAIN, held.fence)
    assert node.told(LeaseReleased)[0].fence == held.fence
    [offer] = node.told(LeaseOffered)
    assert offer.accept_by == node.clock.now() + timedelta(seconds=5)
    lease = await node.leases.accept(P, B, MAIN, offer.fence)
    assert lease.fence == offer.fence
    leases, waiting = await node.leases.list(P)
    assert [(one.session_id, one.state) for one in leases] == [(B, "held")]
    assert waiting == []


async def test_obtain_waits_for_its_turn(node: LeaseNode) -> None:
    """One call queues, is offered and accepts; it says so when time is up."""
    await both(node)
    held = await get(node, A)
    waiting = asyncio.create_task(node.leases.obtain(P, B, MAIN, wait_s=10))
    await until(lambda: node.told(LeaseQueued))
    await node.leases.release(P, A, MAIN, held.fence)
    lease = await waiting
    assert lease.session_id == B
    late = asyncio.create_task(node.leases.obtain(P, A, MAIN, wait_s=3))
    await until(lambda: len(node.told(LeaseQueued)) == 2)
    await node.pass_time(3, A, B)
    with pytest.raises(LeaseTimeout):
        await late
    assert node.told(LeaseRefused)[-1].reason == "timeout"
    assert (await node.leases.obtain(P, B, MAIN)).count == 2


async def test_obtain_fails_when_its_session_ends(node: LeaseNode) -> None:
    """Nobody waits for ever for somebody who is gone."""
    await both(node)
    await get(node, A)
    waiting = asyncio.create_task(node.leases.obtain(P, B, MAIN))
    await until(lambda: node.told(LeaseQueued))
    await node.leases.end(P, B)
    with pytest.raises(LeaseLost):
        await waiting


async def test_misuse_gets_its_code(node: LeaseNode) -> None:
    """Each way to be wrong about a lease has an error of its own."""
    await both(node)
    lease = await get(node, A)
    calls = [
        (NotOwner, node.leases.release(P, B, MAIN, lease.fence)),
        (LeaseLost, node.leases.release(P, B, OTHER, lease.fence)),
        (Fenced, node.leases.release(P, A, MAIN, lease.fence + 1)),
        (Fenced, node.leases.extend(P, A, MAIN, 1)),
        (LeaseLost, node.leases.accept(P, B, OTHER, 1)),
        (NotWaiting, node.leases.cancel(P, B, MAIN)),
        (NoSession, node.leases.acquire(P, "nobody", MAIN)),
        (NoSession, node.leases.acquire("other", A, MAIN)),
        (Fenced, node.leases.check(P, MAIN, 1)),
        (LeaseLost, node.leases.check(P, OTHER, 1)),
        (LeaseNotFound, node.leases.steal(P, OTHER, "why", ADMIN)),
        (InvalidRequest, node.leases.steal(P, MAIN, " ", ADMIN)),
        (OwnerChanged, node.leases.take_over(ADMIN)),
    ]
    for error, call in calls:
        with pytest.raises(error):
            await call
    assert (await node.leases.check(P, MAIN, lease.fence)).session_id == A


async def test_a_deadlock_names_the_circle(node: LeaseNode) -> None:
    """The one who would close it is refused and told who waits for whom."""
    await both(node)
    await get(node, A)
    await get(node, B, OTHER)
    await node.leases.acquire(P, A, OTHER, wait_s=30)
    with pytest.raises(Deadlock, match=f"{B} waits for {A} waits for {B}") as refused:
        await node.leases.acquire(P, B, MAIN, wait_s=30)
    assert refused.value.members == {"cycle": [B, A]}
    assert node.told(LeaseRefused)[0].cycle == (B, A)


async def test_a_request_id_is_for_one_resource(node: LeaseNode) -> None:
    """An answer about something else would be taken for a lease that one does not have."""
    await both(node)
    await get(node, A, request_id="1")
    with pytest.raises(InvalidRequest, match="another resource"):
        await node.leases.acquire(P, A, OTHER, request_id="1")


async def test_heartbeats_keep_sessions_and_silence_ends_them(node: LeaseNode) -> None:
    """A session that beats keeps its leases; a silent one is gone after its window, and everybody is told."""
    await both(node)
    await get(node, A, ttl_s=2)
    await get(node, B, OTHER, ttl_s=3600, policy=Policy.HOLD)
    await node.pass_time(130, A)
    assert [event.session_id for event in node.told(LeaseSessionExpired)] == [B]
    assert [(event.session_id, event.reason) for event in node.told(LeaseExpired)] == [(B, "session")]
    leases, _ = await node.leases.list(P)
    assert [lease.session_id for lease in leases] == [A]


async def test_whoever_is_back_in_time_has_the_same_fence(node: LeaseNode) -> None:
    """Opening the session again, here or on another node, goes on with what it holds."""
    await both(node)
    lease = await get(node, A)
    node.leases.leave(P, A)
    await node.pass_time(100, B)
    await node.leases.open(P, A, "ada")
    assert (await node.leases.extend(P, A, MAIN, lease.fence)).fence == lease.fence
    assert node.told(LeaseExpired) == []


async def test_stealing_is_remembered(node: LeaseNode) -> None:
    """The holder is told why, and the audit log who did it."""
    await both(node)
    lease = await get(node, A)
    [taken] = await node.leases.steal(P, MAIN, "it hangs", ADMIN)
    assert taken.fence == lease.fence
    assert [(event.session_id, event.reason) for event in node.told(LeaseStolen)] == [(A, "it hangs")]
    [act] = node.told(Act)
    assert (act.action, act.actor, act.project_id, act.resource) == ("lease.stolen", ADMIN, P, "lease/git:main")
    assert act.detail == {"reason": "it hangs", "sessions": [A]}
    with pytest.raises(LeaseHeld, match="stays closed"):
        await node.leases.acquire(P, B, MAIN)
    assert await node.leases.audit(P) == ()


async def test_a_new_process_gives_out_greater_fences(node: LeaseNode) -> None:
    """Memory is empty after a restart; fences go on, and nothing is given out before old holders can know."""
    await both(node)
    old = await get(node, A)
    node.memory.enter(1)  # it forgets everything
    await node.leases.open(P, A, "ada")
    assert [event.reason for event in node.told(LeaseExpired)] == ["forgotten"]
    with pytest.raises(LeaseHeld, match="stays closed"):
        await node.leases.acquire(P, A, MAIN)
    await node.pass_time(3, A, B)
    assert (await get(node, A)).fence > old.fence
