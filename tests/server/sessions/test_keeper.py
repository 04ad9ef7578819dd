from __future__ import annotations

from server.sessions import EndReason, Liveness, SessionConnected, SessionDisconnected, SessionEnded, SessionNotFound
from server.sessions.tables import NodeRow, SessionRow
from tests.support.session_node import SessionNode


async def liveness(node: SessionNode, id: str) -> Liveness | None:
    try:
        return (await node.sessions.get(id)).liveness
    except SessionNotFound:
        return None


async def test_silence_has_two_stages(node: SessionNode) -> None:
    """30 s without a sign of life is disconnected, 120 s the end; a sign in between and it is as if nothing was."""
    project_id = await node.project()
    first, other = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await node.pass_time(29, other)
    assert await liveness(node, first.session.id) is Liveness.ACTIVE
    await node.pass_time(1, other)
    assert await liveness(node, first.session.id) is Liveness.DISCONNECTED
    assert len(node.told(SessionDisconnected)) == 1
    node.sessions.beat(first.session.id)
    await node.settled()
    assert await liveness(node, first.session.id) is Liveness.ACTIVE
    assert node.told(SessionConnected)[-1].resumed
    await node.pass_time(119, other)
    assert await liveness(node, first.session.id) is Liveness.DISCONNECTED
    await node.pass_time(1, other)
    assert await liveness(node, first.session.id) is None
    [event] = node.told(SessionEnded)
    assert (event.session.id, event.reason) == (first.session.id, EndReason.EXPIRED)
    row = await node.database.read(lambda db: db.get(SessionRow, first.session.id))
    assert row is not None
    assert row.state == "failed"


async def test_a_sign_of_life_that_is_too_late_counts_for_nothing(node: SessionNode) -> None:
    """A process that was frozen ends the sessions that fell silent meanwhile, whatever it finds in its sockets."""
    first = await node.join(await node.project(), "ada")
    node.clock.advance(120)
    node.sessions.beat(first.session.id)
    await node.pass_time(1, first)
    assert [event.reason for event in node.told(SessionEnded)] == [EndReason.EXPIRED]


async def test_sessions_end_with_their_token(node: SessionNode) -> None:
    """A token that expired, or that another process revoked, ends its sessions within seconds."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    node.ended_tokens.add("ada-token")
    await node.pass_time(6, ada, bob)
    [event] = node.told(SessionEnded)
    assert (event.session.id, event.reason) == (ada.session.id, EndReason.ACCESS)


async def test_a_dead_node_s_sessions_are_swept_by_one(nodes: list[SessionNode]) -> None:
    """Whoever has the lease shows them as disconnected, then ends them; the node itself is forgotten."""
    one, two = nodes
    project_id = await one.project()
    lost, kept = await one.join(project_id, "ada"), await two.join(project_id, "bob")
    await one.pass_time(6, lost, kept)  # `one` sweeps, and says that it lives
    two.sessions.beat(kept.session.id)
    await two.pass_time(45, kept)  # `one` is gone: its seat is free after 30 s, and the lock delay
    assert await liveness(two, lost.session.id) is Liveness.DISCONNECTED
    await two.pass_time(90, kept)
    assert await liveness(two, lost.session.id) is None
    assert await liveness(two, kept.session.id) is Liveness.ACTIVE
    assert [event.session.id for event in two.told(SessionEnded)] == [lost.session.id]


async def test_sessions_of_a_node_that_lives_are_its_own_business(nodes: list[SessionNode]) -> None:
    """The sweeper leaves them alone, also paused ones."""
    one, two = nodes
    project_id = await one.project()
    other = await one.project("other")
    paused = await one.join(project_id, "ada")
    await one.member(other, "ada")
    active = await one.sessions.switch(paused.session.id, other)
    for _ in range(150):
        await one.pass_time(1, active)
        await two.keeper.tick()
    assert await liveness(one, active.session.id) is Liveness.ACTIVE
    assert await liveness(one, paused.session.id) is Liveness.DISCONNECTED


async def test_an_idle_node_writes_nothing(node: SessionNode) -> None:
    """Without sessions a node does not say that it lives."""
    await node.pass_time(20)
    assert await node.database.read(lambda db: db.get(NodeRow, "node")) is None
