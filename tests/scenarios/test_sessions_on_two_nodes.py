"""Sessions of two nodes that share one database and a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from server.access import Kind
from server.kit.clock import ManualClock
from server.leases import Lease, Policy, Resource
from server.sessions import EndReason, SessionEnded, SessionRole, SessionRoleChanged
from server.sessions.sweeper import DOMAIN, SWEEPER
from tests.support.control import control, named
from tests.support.gateway import serving
from tests.support.redis import RedisServer, redis_server
from tests.support.session_node import MAIN, SessionNode, connect, open_session_node
from tests.support.waiting import eventually, until

PRIMARY, SECONDARY = SessionRole


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """Of the test's own: the lease of the sweeper is the whole server's."""
    with redis_server("redis-6.2") as server:
        yield server


@pytest.fixture
async def nodes(redis: RedisServer, tmp_path: Path) -> AsyncIterator[list[SessionNode]]:
    url, clock = f"sqlite:///{tmp_path / 'atrium.db'}", ManualClock()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_session_node(url, name=name, clock=clock, redis_url=redis.url))
            for name in ("one", "two")
        ]


async def pass_time(nodes: list[SessionNode], seconds: int) -> None:
    """Lets time pass; everybody's sessions are heard of at each node that is among `nodes`."""
    for _ in range(seconds):
        nodes[0].clock.advance(1)
        for node in nodes:
            for present in node.sessions.attendance:
                if present.connection:
                    node.sessions.beat(present.session.id)
            await node.leases.keeper.tick()
            await node.keeper.tick()
            await node.settled()


async def test_each_sees_the_sessions_of_both(nodes: list[SessionNode]) -> None:
    """A session connected at one node is in the other's list, with its state and role."""
    one, two = nodes
    project_id = await one.project()
    ada, bob = await one.join(project_id, "ada"), await two.join(project_id, "bob")
    for node in nodes:
        listed = {session.id: session.shown_state for session in await node.sessions.list(project_id)}
        assert listed == {ada.session.id: "active", bob.session.id: "active"}
        assert await node.role_of(ada) is PRIMARY
        assert await node.role_of(bob) is SECONDARY


async def test_the_successor_is_at_the_other_node(nodes: list[SessionNode]) -> None:
    """When the primary session ends at one node, the next one, at the other, is primary and told so."""
    one, two = nodes
    project_id = await one.project()
    ada, bob = await one.join(project_id, "ada"), await two.join(project_id, "bob")
    await one.sessions.end(ada.session.id, by=await one.member(project_id, "ada"))
    await until(lambda: two.told(SessionRoleChanged), what="the succession")
    [told] = two.told(SessionRoleChanged)
    assert (told.session.id, told.session.role) == (bob.session.id, PRIMARY)
    await eventually(lambda: one.role_of(bob), lambda role: role is PRIMARY)


async def test_coming_back_to_the_other_node(nodes: list[SessionNode]) -> None:
    """With its resume token the session goes on there, with its lease and fence; the first node lets go of it."""
    one, two = nodes
    project_id = await one.project()
    ada = await one.join(project_id, "ada")
    lease = await one.leases.acquire(project_id, ada.session.id, MAIN, policy=Policy.HOLD)
    assert isinstance(lease, Lease)
    await one.sessions.disconnect(ada.session.id)
    again = await two.sessions.connect(
        await two.member(project_id, "ada"), project_id, kind=Kind.TERMINAL, resume=ada.resume_token
    )
    await two.settled()
    assert (again.session.id, again.resumed) == (ada.session.id, True)
    await pass_time(nodes, 60)
    assert [event.reason for event in one.told(SessionEnded)] == [EndReason.MOVED]
    assert two.told(SessionEnded) == []
    assert (await two.leases.check(project_id, MAIN, lease.fence)).session_id == ada.session.id
    assert await two.role_of(ada) is PRIMARY


async def test_heartbeats_travel_together(nodes: list[SessionNode], redis: RedisServer) -> None:
    """However many sessions of a project a node has, they are one command a second."""
    one, two = nodes
    project_id = await one.project()
    for number in range(30):
        await one.join(project_id, f"user{number}")
    await pass_time(nodes, 2)
    client = connect(redis.url)
    await client.config_resetstat()
    for present in one.sessions.attendance:
        one.sessions.beat(present.session.id)
    one.leases.keeper.beat_now()
    await one.leases.keeper.tick()
    calls = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    await client.aclose()
    assert calls <= 3  # the beat of the project, that of the node's own session, and a sweep that is due
    assert two.told(SessionEnded) == []


async def sweepers(nodes: list[SessionNode]) -> list[str]:
    """Which node's lease it is to sweep."""
    leases, _ = await nodes[0].leases.list(DOMAIN, Resource.role(SWEEPER.id))
    return [lease.session_id for lease in leases if lease.state == "held"]


async def test_exactly_one_takes_over(nodes: list[SessionNode]) -> None:
    """A node that is killed is silent: the other sweeps in its place, and ends its sessions once."""
    project_id = await nodes[0].project()
    joined = {node.sessions.node: await node.join(project_id, f"user-{node.sessions.node}") for node in nodes}
    await pass_time(nodes, 10)
    [sweeper] = await eventually(lambda: sweepers(nodes), lambda found: found)
    [killed, left] = sorted(nodes, key=lambda node: f"node.{node.sessions.node}" != sweeper)
    gone, stays = joined[killed.sessions.node].session.id, joined[left.sessions.node]
    await pass_time([left], 200)
    assert await eventually(lambda: sweepers([left]), lambda found: found) == [f"node.{left.sessions.node}"]
    await pass_time([left], 10)
    assert [(event.session.id, event.reason) for event in left.told(SessionEnded)] == [(gone, EndReason.EXPIRED)]
    assert [session.id for session in await left.sessions.list(project_id)] == [stays.session.id]
    assert await left.role_of(stays) is PRIMARY


async def test_people_at_two_nodes(redis: RedisServer, tmp_path: Path) -> None:
    """Whole servers: who comes, what is taken and what is in the way is told at the other node too, and once."""
    shared = {"database_url": f"sqlite:///{tmp_path / 'shared.db'}", "redis_url": redis.url}
    async with serving(tmp_path / "one", **shared) as one, serving(tmp_path / "two", **shared) as two:
        project = await one.project()
        ada, bob = await one.member(project, "owner", "ada"), await one.member(project, "editor", "bob")
        async with control(one.url, ada) as here, control(two.url, bob) as there:
            assert (here.welcome["role"], there.welcome["role"]) == ("primary", "secondary")
            await here.hears("session_connected", session_id=there.session_id)
            lease = await here.lock()
            await there.hears("lock_acquired", fence=lease["fence"])
            assert (await there.lock(wait_s=0))["type"] == "lock_refused"
            conflict = await here.hears("conflict_detected")
            assert conflict["sessions"] == [there.session_id, here.session_id]
            assert (await there.lock())["type"] == "lock_queued"
            await here.release(lease)
            offer = await there.hears("lock_offered")
            assert (await there.ask("lock_accept", **named(offer), fence=offer["fence"]))["type"] == "lock_acquired"
            await here.ask("leave")
            await there.hears("session_ended", session_id=here.session_id)
            await there.hears("session_role_changed", session_id=there.session_id, role="primary")
            for client in (here, there):
                kinds = [
                    (event["type"], event.get("fence")) for event in client.events("lock_acquired", "lock_offered")
                ]
                assert len(kinds) == len(set(kinds))
