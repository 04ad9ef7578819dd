from __future__ import annotations

import asyncio

from server.leases import Lease, LeaseAcquired, LeaseOffered, LeaseQueued
from tests.support.lease_node import MAIN, A, B, LeaseNode
from tests.support.waiting import until


async def test_a_waiter_is_served_whichever_node_releases(nodes: list[LeaseNode]) -> None:
    """The lease goes from a session of one node to a session of another; both nodes hear of everything once."""
    one, two = nodes
    held = await one.leases.acquire(one.project, A, MAIN)
    assert isinstance(held, Lease)
    waiting = asyncio.create_task(two.leases.obtain(two.project, B, MAIN))
    await until(lambda: one.told(LeaseQueued))
    await one.leases.release(one.project, A, MAIN, held.fence)
    assert (await waiting).fence > held.fence
    await until(lambda: len(one.told(LeaseAcquired)) == len(two.told(LeaseAcquired)) == 2)
    assert one.told(LeaseOffered)[0].event_id == two.told(LeaseOffered)[0].event_id


async def test_what_was_missed_is_caught_up(nodes: list[LeaseNode]) -> None:
    """A node whose connection broke learns what happened meanwhile, and nothing twice."""
    one, two = nodes
    await two.leases.acquire(two.project, B, MAIN)
    await until(lambda: one.told(LeaseAcquired))
    assert one.listener is not None
    await one.listener.stop()
    await two.leases.acquire(two.project, B, MAIN)
    one.listener.start()
    await until(lambda: len(one.told(LeaseAcquired)) == 2)
    await one.leases.dispatcher.catch_up()
    assert len(one.told(LeaseAcquired)) == 2
