from __future__ import annotations

from pathlib import Path

import pytest

from server.conflicts import (
    Conflict,
    ConflictDetected,
    ConflictNotFound,
    ConflictState,
    ConflictType,
    ConflictUpdated,
    NoSuchSession,
    NotOpen,
    Strategy,
)
from server.conflicts.service import PER_SESSION
from server.leases import Lease, LeaseHeld, Policy, Resource
from server.sessions import Connected
from tests.support.session_node import MAIN, SessionNode, open_session_node
from tests.support.waiting import until

DETECTED, NOTIFIED, RESOLVING, RESOLVED, FAILED = ConflictState


async def contest(node: SessionNode) -> tuple[str, Connected, Connected, Lease]:
    """Ada has `git:main`, and bob could not get it."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    held = await node.leases.acquire(project_id, ada.session.id, MAIN)
    assert isinstance(held, Lease)
    await refused(node, project_id, bob)
    return project_id, ada, bob, held


async def refused(node: SessionNode, project_id: str, who: Connected, resource: Resource = MAIN) -> None:
    with pytest.raises(LeaseHeld):
        await node.leases.acquire(project_id, who.session.id, resource)


def states(node: SessionNode) -> list[ConflictState]:
    """The states that subscribers have been told of, in order."""
    told = [event for event in node.published if isinstance(event, ConflictDetected | ConflictUpdated)]
    return [event.conflict.state for event in told]


async def the_one(node: SessionNode, project_id: str) -> Conflict:
    [conflict] = await node.conflicts.list(project_id)
    return conflict


async def test_a_refusal_is_a_conflict(node: SessionNode) -> None:
    """It names both sessions, the resource and why, is told to everybody, and is stored as notified."""
    project_id, ada, bob, _ = await contest(node)
    conflict = await the_one(node, project_id)
    assert (conflict.type, conflict.resource, conflict.reason) == (ConflictType.RESOURCE_LOCK, "git:main", "held")
    assert (conflict.session_id, conflict.user, conflict.others) == (bob.session.id, "bob", (ada.session.id,))
    assert states(node) == [DETECTED, NOTIFIED]
    assert conflict.state is NOTIFIED
    assert node.conflicts.open_in(project_id) == [conflict]


async def test_asking_again_is_the_same_conflict(node: SessionNode) -> None:
    """It counts, and nobody is told again."""
    project_id, _, bob, _ = await contest(node)
    await refused(node, project_id, bob)
    assert (await the_one(node, project_id)).times == 2
    assert states(node) == [DETECTED, NOTIFIED]


async def test_a_wait_that_was_too_long_is_a_conflict(node: SessionNode) -> None:
    """So it is when the place in the queue times out; waiting itself is none."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await node.leases.acquire(project_id, ada.session.id, MAIN)
    await node.leases.acquire(project_id, bob.session.id, MAIN, wait_s=5)
    assert await node.conflicts.list(project_id) == []
    await node.pass_time(5, ada, bob)
    assert (await the_one(node, project_id)).reason == "timeout"


async def test_having_it_resolves_it(node: SessionNode) -> None:
    """Whoever waits, retries and gets it has no conflict any more."""
    project_id, ada, bob, held = await contest(node)
    await node.leases.release(project_id, ada.session.id, MAIN, held.fence)
    await node.leases.acquire(project_id, bob.session.id, MAIN)
    conflict = await the_one(node, project_id)
    assert (conflict.state, conflict.strategy) == (RESOLVED, Strategy.WAIT_AND_RETRY)
    assert states(node) == [DETECTED, NOTIFIED, RESOLVING, RESOLVED]
    assert node.conflicts.open_in(project_id) == []


async def test_ending_the_session_ends_its_conflicts(node: SessionNode) -> None:
    """They failed: nobody wants it any more."""
    project_id, _, bob, _ = await contest(node)
    await node.sessions.end(bob.session.id, by=await node.member(project_id, "bob"))
    assert (await the_one(node, project_id)).state is FAILED


async def test_resolved_by_hand(node: SessionNode) -> None:
    """People say how; it is said once."""
    project_id, _, _, _ = await contest(node)
    id = (await the_one(node, project_id)).id
    ada = await node.member(project_id, "ada")
    done = await node.conflicts.resolve(project_id, id, Strategy.MANUAL, by=ada, resolution="bob goes first")
    assert (done.state, done.strategy, done.resolution) == (RESOLVED, Strategy.MANUAL, "bob goes first")
    with pytest.raises(NotOpen):
        await node.conflicts.resolve(project_id, id, Strategy.MANUAL, by=ada)
    with pytest.raises(ConflictNotFound):
        await node.conflicts.resolve(project_id, "unknown", Strategy.MANUAL, by=ada)
    with pytest.raises(ConflictNotFound):
        await node.conflicts.resolve(await node.project("other"), id, Strategy.MANUAL, by=ada)


async def test_asking_again_gets_it_when_it_is_free(node: SessionNode) -> None:
    """`wait_and_retry` has the session ask again: it has the lease."""
    project_id, ada, bob, held = await contest(node)
    await node.leases.release(project_id, ada.session.id, MAIN, held.fence)
    conflict, principal = await the_one(node, project_id), await node.member(project_id, "bob")
    begun = await node.conflicts.resolve(project_id, conflict.id, Strategy.WAIT_AND_RETRY, by=principal)
    assert begun.state is RESOLVING
    await until(lambda: states(node)[-1] is RESOLVED)
    leases, _ = await node.leases.list(project_id)
    assert [lease.session_id for lease in leases if lease.resource == MAIN] == [bob.session.id]


async def test_asking_again_fails_when_it_is_not_free(node: SessionNode) -> None:
    """After three attempts it has failed; the attempts are no conflicts of their own."""
    project_id, _, _, _ = await contest(node)
    conflict, principal = await the_one(node, project_id), await node.member(project_id, "bob")
    await node.conflicts.resolve(project_id, conflict.id, Strategy.WAIT_AND_RETRY, by=principal)
    with pytest.raises(NotOpen):
        await node.conflicts.resolve(project_id, conflict.id, Strategy.MANUAL, by=principal)
    await until(lambda: states(node)[-1] is FAILED)
    failed = await the_one(node, project_id)
    assert (failed.state, failed.times) == (FAILED, 4)


async def test_only_one_s_own_session_asks_again(node: SessionNode) -> None:
    """Nobody takes a lease in another's name, nor in that of a session that has ended."""
    project_id, _, _, _ = await contest(node)
    conflict = await the_one(node, project_id)
    with pytest.raises(NoSuchSession):
        await node.conflicts.resolve(
            project_id, conflict.id, Strategy.WAIT_AND_RETRY, by=await node.member(project_id, "ada")
        )
    assert (await the_one(node, project_id)).state is NOTIFIED


async def test_switching_away_from_what_others_want(node: SessionNode) -> None:
    """It is a conflict from the moment of leaving; coming back in time resolves it."""
    project_id, other = await node.project(), await node.project("other")
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await node.member(other, "ada")
    await node.leases.acquire(project_id, ada.session.id, MAIN, policy=Policy.HOLD)
    await node.leases.acquire(project_id, bob.session.id, MAIN, wait_s=500)
    away = await node.sessions.switch(ada.session.id, other)
    conflict = await the_one(node, project_id)
    assert (conflict.type, conflict.state) == (ConflictType.CONTEXT_SWITCH, NOTIFIED)
    assert (conflict.session_id, conflict.others) == (ada.session.id, (bob.session.id,))
    await node.pass_time(60, away, bob)
    await node.sessions.switch(away.session.id, project_id)
    assert (await the_one(node, project_id)).state is RESOLVED


async def test_switching_back_to_what_others_have(node: SessionNode) -> None:
    """What was lost meanwhile is a conflict with whoever has it now."""
    project_id, other = await node.project(), await node.project("other")
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await node.member(other, "ada")
    await node.leases.acquire(project_id, ada.session.id, MAIN)
    away = await node.sessions.switch(ada.session.id, other)
    assert await node.conflicts.list(project_id) == []
    await node.pass_time(31, away, bob)
    await node.leases.acquire(project_id, bob.session.id, MAIN, wait_s=500)
    await node.pass_time(6, away, bob)
    leases, _ = await node.leases.list(project_id)
    for lease in leases:
        if lease.resource == MAIN:
            await node.leases.accept(project_id, bob.session.id, MAIN, lease.fence)
    await node.sessions.switch(away.session.id, project_id)
    conflict = await the_one(node, project_id)
    assert (conflict.type, conflict.state, conflict.others) == (
        ConflictType.CONTEXT_SWITCH,
        NOTIFIED,
        (bob.session.id,),
    )


async def test_one_session_has_only_so_many(node: SessionNode) -> None:
    """Who asks for everything under the sun pushes out its own oldest conflicts, and nobody else's."""
    project_id = await node.project()
    ada, bob, cy = [await node.join(project_id, name) for name in ("ada", "bob", "cy")]
    await node.leases.acquire(project_id, ada.session.id, Resource.of("project", "*"))
    await refused(node, project_id, cy)
    for number in range(PER_SESSION + 1):
        await refused(node, project_id, bob, Resource.of("git", f"branch{number}"))
    open_ones = node.conflicts.open_in(project_id)
    assert len([conflict for conflict in open_ones if conflict.user == "bob"]) == PER_SESSION
    assert len([conflict for conflict in open_ones if conflict.user == "cy"]) == 1


async def test_open_conflicts_survive_a_restart(tmp_path: Path) -> None:
    """A server that comes back knows what is open."""
    url = f"sqlite:///{tmp_path / 'atrium.db'}"
    async with open_session_node(url) as node:
        project_id, _, _, _ = await contest(node)
        before = node.conflicts.open_in(project_id)
    async with open_session_node(url) as node:
        assert node.conflicts.open_in(project_id) == before
        assert await node.conflicts.list(project_id, only_open=True) == before
