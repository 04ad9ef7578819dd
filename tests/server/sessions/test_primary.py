from __future__ import annotations

from server.kit.audit import Actor
from server.leases import LeaseAcquired, Resource
from server.sessions import SessionRole, SessionRoleChanged
from tests.support.session_node import SessionNode

PRIMARY, SECONDARY = SessionRole
ROLE = Resource.role("primary")
ADMIN = Actor("admin", "admin", "person")


async def test_the_next_in_line_succeeds(node: SessionNode) -> None:
    """When the primary session ends, the one that has waited longest is primary, and everybody is told."""
    project_id = await node.project()
    ada, bob, cy = [await node.join(project_id, name) for name in ("ada", "bob", "cy")]
    assert [one.session.role for one in (ada, bob, cy)] == [PRIMARY, SECONDARY, SECONDARY]
    assert node.told(SessionRoleChanged) == []
    await node.sessions.end(ada.session.id, by=await node.member(project_id, "ada"))
    await node.settled()
    [event] = node.told(SessionRoleChanged)
    assert (event.session.id, event.session.role) == (bob.session.id, PRIMARY)
    assert (await node.role_of(bob), await node.role_of(cy)) == (PRIMARY, SECONDARY)


async def test_succession_is_first_come_first_served_for_hours(node: SessionNode) -> None:
    """Nobody loses a place in line by waiting long."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    for _ in range(24):
        node.clock.advance(25)
        for connected in (ada, bob):
            node.sessions.beat(connected.session.id)
        await node.leases.keeper.tick()
    cy = await node.join(project_id, "cy")
    await node.pass_time(100, ada, bob, cy)
    await node.sessions.end(ada.session.id, by=await node.member(project_id, "ada"))
    await node.settled()
    assert (await node.role_of(bob), await node.role_of(cy)) == (PRIMARY, SECONDARY)


async def test_a_silent_primary_is_succeeded(node: SessionNode) -> None:
    """After 30 s of silence and the lock delay the next is primary; who comes back stands at the end of the line."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await node.sessions.disconnect(ada.session.id)
    await node.pass_time(29, bob)
    assert await node.role_of(bob) is SECONDARY
    await node.pass_time(10, bob)
    assert (await node.role_of(ada), await node.role_of(bob)) == (SECONDARY, PRIMARY)
    principal = await node.member(project_id, "ada")
    back = await node.sessions.connect(principal, project_id, kind=ada.session.kind, resume=ada.resume_token)
    assert back.session.role is SECONDARY
    await node.sessions.end(bob.session.id, by=principal)
    await node.settled()
    assert await node.role_of(ada) is PRIMARY


async def test_the_role_can_be_taken_away(node: SessionNode) -> None:
    """An administrator steals it like any lease: the next one has it, the former waits again."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await node.leases.steal(project_id, ROLE, "it hangs", ADMIN)
    await node.pass_time(6, ada, bob)
    assert (await node.role_of(ada), await node.role_of(bob)) == (SECONDARY, PRIMARY)
    _, places = await node.leases.list(project_id, ROLE)
    assert [place.session_id.partition(".")[0] for place in places] == [ada.session.id]


async def test_one_is_primary_on_all_nodes(nodes: list[SessionNode]) -> None:
    """Sessions of two nodes stand in one line."""
    one, two = nodes
    project_id = await one.project()
    ada, bob = await one.join(project_id, "ada"), await two.join(project_id, "bob")
    assert (ada.session.role, bob.session.role) == (PRIMARY, SECONDARY)


async def test_roles_stay_when_the_store_forgets(node: SessionNode) -> None:
    """A lease store that lost everything knows its sessions again, in the order they had; nobody changes roles."""
    project_id = await node.project()
    ada, bob, cy = [await node.join(project_id, name) for name in ("ada", "bob", "cy")]
    node.memory.enter(7)  # as if another had begun in its place, with nothing
    await node.pass_time(40, ada, bob, cy)
    assert [await node.role_of(one) for one in (ada, bob, cy)] == [PRIMARY, SECONDARY, SECONDARY]
    assert node.told(SessionRoleChanged) == []
    leases, places = await node.leases.list(project_id, ROLE)
    assert [lease.session_id.partition(".")[0] for lease in leases] == [ada.session.id]
    assert {place.session_id.partition(".")[0] for place in places} == {bob.session.id, cy.session.id}
    assert node.told(LeaseAcquired)
