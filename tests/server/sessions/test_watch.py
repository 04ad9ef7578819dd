from __future__ import annotations

from server.access import Role, TokenRevoked
from server.leases import Lease
from server.sessions import EndReason, SessionEnded
from tests.support.session_node import MAIN, SessionNode


async def test_a_revoked_token_ends_its_sessions(node: SessionNode) -> None:
    """At once, and nobody else's."""
    project_id = await node.project()
    ada = await node.join(project_id, "ada")
    await node.join(project_id, "bob")
    node.events.publish(TokenRevoked("ada-token"))
    await node.settled()
    assert [event.session.id for event in node.told(SessionEnded)] == [ada.session.id]


async def test_who_may_not_read_any_more_has_no_session(node: SessionNode) -> None:
    """Leaving the project ends the session and frees what it held; another role does not."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await node.leases.acquire(project_id, ada.session.id, MAIN)
    await node.member(project_id, "ada", Role.VIEWER)
    await node.settled()
    assert node.told(SessionEnded) == []
    await node.roles.remove_role(project_id, ada.session.user_id)
    await node.settled()
    assert [event.reason for event in node.told(SessionEnded)] == [EndReason.ACCESS]
    assert isinstance(await node.leases.acquire(project_id, bob.session.id, MAIN), Lease)


async def test_a_deleted_project_has_no_sessions(node: SessionNode) -> None:
    """They end with it, and no others."""
    project_id, other = await node.project(), await node.project("other")
    ada, bob = await node.join(project_id, "ada"), await node.join(other, "bob")
    await node.projects.delete(project_id)
    await node.settled()
    assert [event.session.id for event in node.told(SessionEnded)] == [ada.session.id]
    assert await node.sessions.list(other) == [bob.session]
