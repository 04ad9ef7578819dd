from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from server.access import Kind, Role
from server.kit.audit import Act
from server.kit.errors import NotFound
from server.leases import Lease, Policy
from server.sessions import (
    EndReason,
    InvalidResume,
    InvalidTransition,
    Liveness,
    SessionConnected,
    SessionDisconnected,
    SessionEnded,
    SessionNotFound,
    SessionReturned,
    SessionRole,
    SessionRoleChanged,
    SessionState,
    SessionTakenOver,
)
from server.sessions.primary import role_session
from server.sessions.tables import SessionRow
from tests.support.session_node import MAIN, SessionNode
from tests.support.waiting import until

PRIMARY, SECONDARY = SessionRole


async def lease(node: SessionNode, project_id: str, session_id: str, **options: Any) -> Lease:
    found = await node.leases.acquire(project_id, session_id, MAIN, **options)
    assert isinstance(found, Lease)
    return found


async def test_a_session_says_whose_it_is(node: SessionNode) -> None:
    """Who connects gets a session with all that others are shown, and a token of 256 random bits."""
    project_id = await node.project()
    connected = await node.join(project_id, "ada", name="laptop")
    session = connected.session
    assert (session.user_name, session.kind, session.name, session.group) == ("ada", "terminal", "laptop", project_id)
    assert (session.role, session.state, session.liveness) == (PRIMARY, SessionState.ACTIVE, Liveness.ACTIVE)
    assert not connected.resumed
    assert len(connected.resume_token) == 43
    assert [event.session for event in node.told(SessionConnected)] == [session]
    assert await node.sessions.list(project_id) == [session]


async def test_a_list_is_not_older_than_what_was_told(node: SessionNode) -> None:
    """Whoever asks after an event finds what it said, also while the database is too busy to write it down."""
    project_id = await node.project()
    first, second = [(await node.join(project_id, name)).session for name in ("ada", "ken")]
    busy = sqlite3.connect(node.database.engine.url.database or "", isolation_level=None)
    busy.execute("BEGIN IMMEDIATE")
    await node.leases.end(project_id, role_session(first.id))
    await until(lambda: node.told(SessionRoleChanged), what="another primary session")
    roles = {session.id: session.role for session in await node.sessions.list(project_id)}
    busy.execute("ROLLBACK")
    busy.close()
    assert roles[second.id] is PRIMARY


async def test_who_may_not_read_has_no_session(node: SessionNode) -> None:
    """A stranger is told that there is no such project."""
    project_id = await node.project()
    stranger = await node.member(await node.project("other"), "eve")
    with pytest.raises(NotFound):
        await node.sessions.connect(stranger, project_id, kind=Kind.PERSON)
    viewer = await node.member(project_id, "vic", Role.VIEWER)
    assert (await node.sessions.connect(viewer, project_id, kind=Kind.PERSON)).session.user_name == "vic"


async def test_the_token_is_stored_hashed(node: SessionNode) -> None:
    """Nothing in the row can be used to resume the session."""
    connected = await node.join(await node.project(), "ada")
    row = await node.database.read(lambda db: db.get(SessionRow, connected.session.id))
    assert row is not None
    assert connected.resume_token not in repr(row)
    assert len(row.resume_hash) == 32


async def test_resuming_restores_leases_and_fences(node: SessionNode) -> None:
    """Whoever is back inside the window has the same session, leases and fences."""
    project_id = await node.project()
    ada = await node.member(project_id, "ada")
    first = await node.sessions.connect(ada, project_id, kind=Kind.TERMINAL)
    held = await lease(node, project_id, first.session.id)
    await node.sessions.disconnect(first.session.id)
    [event] = node.told(SessionDisconnected)
    assert event.until == node.clock.now() + timedelta(seconds=120)
    assert (await node.sessions.get(first.session.id)).liveness is Liveness.DISCONNECTED
    await node.pass_time(119)
    again = await node.sessions.connect(ada, project_id, kind=Kind.TERMINAL, resume=first.resume_token)
    assert again.resumed
    assert (again.session.id, again.session.role) == (first.session.id, PRIMARY)
    assert (await node.leases.check(project_id, MAIN, held.fence)).session_id == first.session.id
    assert (await node.sessions.get(first.session.id)).liveness is Liveness.ACTIVE


async def test_others_may_not_resume(node: SessionNode) -> None:
    """A resume token of somebody else, of another project, an unknown one and one that is too late are the same."""
    project_id, other = await node.project(), await node.project("other")
    first = await node.join(project_id, "ada")
    ada, eve = await node.member(other, "ada"), await node.member(project_id, "eve")
    for principal, where, token in (
        (eve, project_id, first.resume_token),
        (ada, other, first.resume_token),
        (ada, project_id, "x" * 43),
        (ada, project_id, "\ud800"),
    ):
        with pytest.raises(InvalidResume):
            await node.sessions.connect(principal, where, kind=Kind.TERMINAL, resume=token)
    await node.sessions.disconnect(first.session.id)
    node.clock.advance(120)  # nobody has looked since
    with pytest.raises(InvalidResume):
        await node.sessions.connect(ada, project_id, kind=Kind.TERMINAL, resume=first.resume_token)


async def test_a_second_connection_takes_the_session_over(node: SessionNode) -> None:
    """The connection before is told to close, and its end does not end the session."""
    project_id = await node.project()
    first = await node.join(project_id, "ada")
    ada = await node.member(project_id, "ada")
    second = await node.sessions.connect(ada, project_id, kind=Kind.TERMINAL, resume=first.resume_token)
    [event] = node.told(SessionTakenOver)
    assert event.connection == first.connection != second.connection
    await node.sessions.disconnect(first.session.id, first.connection)
    assert (await node.sessions.get(first.session.id)).liveness is Liveness.ACTIVE


async def test_ending_frees_at_once(node: SessionNode) -> None:
    """A session that its user ends is completed, and what it held is free; somebody else terminates it."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await lease(node, project_id, ada.session.id)
    principal = await node.member(project_id, "ada")
    await node.sessions.end(ada.session.id, by=principal)
    await lease(node, project_id, bob.session.id)
    await node.sessions.end(bob.session.id, by=principal)
    assert [event.reason for event in node.told(SessionEnded)] == [EndReason.LEFT, EndReason.ENDED_BY_OTHER]
    states = await node.database.read(
        lambda db: [getattr(db.get(SessionRow, one.session.id), "state", "") for one in (ada, bob)]
    )
    assert states == ["completed", "terminated"]
    with pytest.raises(SessionNotFound):
        await node.sessions.end(ada.session.id, by=principal)
    actions = [act.action for act in node.told(Act) if act.action.startswith("session.")]
    assert actions == ["session.created", "session.created", "session.completed", "session.terminated"]


async def test_switching_keeps_state(node: SessionNode) -> None:
    """The session left behind is paused; coming back in time, everything is there, under the same fence."""
    here, there = await node.project(), await node.project("other")
    first = await node.join(here, "ada")
    await node.member(there, "ada")
    held = await lease(node, here, first.session.id, policy=Policy.HOLD)
    second = await node.sessions.switch(first.session.id, there)
    assert second.session.id != first.session.id
    assert (second.session.project_id, second.session.role) == (there, PRIMARY)
    assert (await node.sessions.get(first.session.id)).state is SessionState.PAUSED
    assert node.told(SessionDisconnected)[0].until is None
    await node.pass_time(100, second)
    back = await node.sessions.switch(second.session.id, here)
    assert (back.session.id, back.session.state, back.resumed) == (first.session.id, SessionState.ACTIVE, True)
    assert (await node.leases.check(here, MAIN, held.fence)).session_id == first.session.id
    assert node.told(SessionReturned)[0].lost == ()
    again = await node.sessions.switch(back.session.id, there)
    assert again.session.id == second.session.id


async def test_a_paused_session_lives_as_long_as_its_client(node: SessionNode) -> None:
    """However long its client is elsewhere, it can come back; when the client ends, so does it."""
    here, there = await node.project(), await node.project("other")
    first = await node.join(here, "ada")
    ada = await node.member(there, "ada")
    await lease(node, here, first.session.id)
    second = await node.sessions.switch(first.session.id, there)
    await node.pass_time(200, second)
    assert (await node.sessions.get(first.session.id)).state is SessionState.PAUSED
    await node.sessions.end(second.session.id, by=ada)
    assert {event.session.id for event in node.told(SessionEnded)} == {first.session.id, second.session.id}
    assert await node.sessions.list(here) == []


async def test_one_does_not_switch_just_anywhere(node: SessionNode) -> None:
    """Not to where one is, not to where one may not read, not from a session that is gone; and nothing is lost."""
    here, hidden = await node.project(), await node.project("hidden")
    first = await node.join(here, "ada")
    with pytest.raises(InvalidTransition):
        await node.sessions.switch(first.session.id, here)
    with pytest.raises(NotFound):
        await node.sessions.switch(first.session.id, hidden)
    with pytest.raises(SessionNotFound):
        await node.sessions.switch("unknown", here)
    assert (await node.sessions.get(first.session.id)).liveness is Liveness.ACTIVE


async def test_projects_are_independent(node: SessionNode) -> None:
    """The same lease, and the primary role, are given in each project for itself."""
    here, there = await node.project(), await node.project("other")
    ada, bob = await node.join(here, "ada"), await node.join(there, "bob")
    assert (ada.session.role, bob.session.role) == (PRIMARY, PRIMARY)
    await lease(node, here, ada.session.id)
    await lease(node, there, bob.session.id)
    assert await node.sessions.list(here) == [ada.session]
    assert sorted(await node.sessions.projects()) == sorted([here, there])


async def test_a_session_goes_on_at_another_node(nodes: list[SessionNode]) -> None:
    """A client that comes back elsewhere has its session there; the first node forgets it and ends nothing."""
    one, two = nodes
    project_id = await one.project()
    first = await one.join(project_id, "ada")
    held = await lease(one, project_id, first.session.id)
    await one.sessions.disconnect(first.session.id)
    ada = await two.member(project_id, "ada")
    again = await two.sessions.connect(ada, project_id, kind=Kind.TERMINAL, resume=first.resume_token)
    assert (again.session.id, again.resumed) == (first.session.id, True)
    for _ in range(6):
        await two.pass_time(1, again)
        await one.keeper.tick()
    assert [event.reason for event in one.told(SessionEnded)] == [EndReason.MOVED]
    assert (await two.sessions.get(first.session.id)).liveness is Liveness.ACTIVE
    assert (await two.leases.check(project_id, MAIN, held.fence)).session_id == first.session.id


async def test_a_restarted_server_takes_its_sessions_back(nodes: list[SessionNode]) -> None:
    """Sessions of a process that stopped in order, or died, can be resumed inside the window."""
    one, two = nodes
    project_id = await one.project()
    stopped, killed = await one.join(project_id, "ada"), await one.join(project_id, "bob")
    await one.sessions.disconnect(stopped.session.id)
    two.clock.advance(60)
    for name, connected in (("ada", stopped), ("bob", killed)):
        principal = await two.member(project_id, name)
        again = await two.sessions.connect(principal, project_id, kind=Kind.TERMINAL, resume=connected.resume_token)
        assert again.session.id == connected.session.id


async def test_a_page_begins_where_the_last_ended(node: SessionNode) -> None:
    """Sessions are listed in the order in which they came."""
    project_id = await node.project()
    ids = [(await node.join(project_id, name)).session.id for name in ("ada", "bob", "cy")]
    first = await node.sessions.list(project_id, limit=2)
    rest = await node.sessions.list(project_id, after=first[-1].id)
    assert [session.id for session in (*first, *rest)] == sorted(ids)


async def test_waiting_for_the_role_is_no_deadlock(node: SessionNode) -> None:
    """The primary session may wait for what a secondary one holds."""
    project_id = await node.project()
    ada, bob = await node.join(project_id, "ada"), await node.join(project_id, "bob")
    await lease(node, project_id, bob.session.id)
    place = await node.leases.acquire(project_id, ada.session.id, MAIN, wait_s=10)
    assert not isinstance(place, Lease)
