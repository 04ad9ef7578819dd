from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from server.kit.audit import Act
from server.leases import (
    Lease,
    LeaseExpired,
    LeaseHeld,
    LeasesTakenOver,
    LeaseUnavailable,
    OwnerChanged,
    TakenOver,
)
from server.leases.model import Look
from tests.support.lease_node import ADMIN, MAIN, A, B, LeaseNode


async def get(node: LeaseNode, session: str) -> Lease:
    lease = await node.leases.acquire(node.project, session, MAIN)
    assert isinstance(lease, Lease)
    return lease


async def test_exactly_one_node_takes_over(nodes: list[LeaseNode]) -> None:
    """Both try at once: one gives out leases from its memory, the other refuses and says who does."""
    results = await asyncio.gather(*(node.leases.take_over(ADMIN) for node in nodes), return_exceptions=True)
    assert sorted(type(result) for result in results if result) == [OwnerChanged]
    owner = await nodes[0].leases.owner()
    winner, loser = nodes if owner.node == "one" else reversed(nodes)
    await loser.pass_time(1)
    with pytest.raises(TakenOver):
        await loser.leases.list(loser.project)
    await winner.leases.list(winner.project)
    assert [event.node for event in winner.told(LeasesTakenOver)] == [owner.node]
    assert [(act.action, act.actor) for act in winner.told(Act)] == [("leases.taken_over", ADMIN)]


async def test_a_takeover_fences_what_was_given_out(nodes: list[LeaseNode]) -> None:
    """Holders on every node are told, nothing is given out before they can be, and fences go on growing."""
    one, two = nodes
    old = await get(two, B)
    await one.leases.take_over(ADMIN)
    await one.pass_time(1, A)
    await two.pass_time(1, B)
    assert [(event.session_id, event.reason) for event in two.told(LeaseExpired)] == [(B, "taken_over")]
    with pytest.raises(LeaseHeld):
        await one.leases.acquire(one.project, A, MAIN)
    await one.pass_time(3, A)
    assert (await get(one, A)).fence > old.fence


async def test_giving_back_does_not_revive_old_leases(nodes: list[LeaseNode]) -> None:
    """What the shared store had given out before is fenced by what the owner gave out meanwhile, and so is that."""
    one, two = nodes
    before = await get(two, B)
    await one.leases.take_over(ADMIN)
    await one.pass_time(4, A)
    await one.pass_time(4, A)
    meanwhile = await get(one, A)
    await one.leases.give_back(ADMIN)
    with pytest.raises(OwnerChanged):
        await one.leases.give_back(ADMIN)
    reply = await one.leases.dispatcher.call(one.project, Look())
    assert reply.epoch > meanwhile.fence >> 32 > before.fence >> 32
    with pytest.raises(LeaseHeld):
        await one.leases.acquire(one.project, A, MAIN)


async def test_without_sql_no_new_epoch_begins(nodes: list[LeaseNode]) -> None:
    """If the database cannot say who is in charge, nothing is given out."""
    one = nodes[0]
    one.clock.advance(2)
    await one.database.write(lambda session: session.execute(text("DROP TABLE lease_owner")))
    with pytest.raises(LeaseUnavailable):
        await one.leases.acquire(one.project, A, MAIN)
