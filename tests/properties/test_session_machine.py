"""Sessions under any order of what may happen to them, checked after each step."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from server.access import Kind
from server.kit.errors import AtriumError
from server.leases import Lease, Policy, Resource, State
from server.sessions import (
    Connected,
    Liveness,
    SessionConnected,
    SessionDisconnected,
    SessionEnded,
    SessionRole,
    SessionState,
)
from server.sessions.session import TRANSITIONS
from server.sessions.tables import SessionRow
from tests.support.session_node import MAIN, SessionNode, open_session_node

USERS = ("ada", "bob", "eve")
PROJECTS = ("acme", "other")
WINDOW_S = 120
PRIMARY = Resource.role("primary")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "beat", "drop", "resume", "steal", "end", "switch", "hold", "wait", "leap", "forget"]),
        st.integers(0, 7),
        st.integers(0, 2),
    ),
    max_size=30,
)


class World:
    """A node, every connection that ever was, and what the events said."""

    def __init__(self, node: SessionNode) -> None:
        self.node = node
        self.connections: list[Connected] = []
        self.states: dict[str, SessionState] = {}
        self.ended: set[str] = set()
        self.fences: dict[str, int] = {}
        self.epoch = 0

    def pick(self, number: int) -> Connected | None:
        return self.connections[number % len(self.connections)] if self.connections else None

    async def step(self, action: str, number: int, extra: int) -> None:
        """Does one thing; a refusal is an answer like any other."""
        actions: dict[str, Callable[[Connected, int], Awaitable[None]]] = {
            "beat": self.beat,
            "drop": self.drop,
            "resume": self.resume,
            "steal": self.resume_another_s,
            "end": self.end,
            "switch": self.switch,
            "hold": self.hold,
        }
        if action == "join":
            await self.join(PROJECTS[number % 2], USERS[extra])
        elif action in ("wait", "leap"):
            await self.node.pass_time(1 + number if action == "wait" else 1)
            if action == "leap":
                self.node.clock.advance(40 * extra)
                await self.node.pass_time(1)
        elif action == "forget":
            self.epoch += 1
            self.node.memory.enter(self.epoch)
            self.fences.clear()
        elif (connected := self.pick(number)) is not None:
            with suppress(AtriumError):
                await actions[action](connected, extra)
        await self.node.settled()

    async def join(self, slug: str, name: str) -> None:
        self.connections.append(await self.node.join(await self.node.project(slug), name))

    async def beat(self, connected: Connected, _: int) -> None:
        self.node.sessions.beat(connected.session.id)

    async def drop(self, connected: Connected, _: int) -> None:
        await self.node.sessions.disconnect(connected.session.id, connected.connection)

    async def resume(self, connected: Connected, _: int) -> None:
        await self._resume(connected, connected.session.user_name)

    async def resume_another_s(self, connected: Connected, extra: int) -> None:
        if USERS[extra] != connected.session.user_name:
            try:
                await self._resume(connected, USERS[extra])
            except AtriumError:
                return
            raise AssertionError("somebody resumed the session of somebody else")

    async def _resume(self, connected: Connected, name: str) -> None:
        principal = await self.node.member(connected.session.project_id, name)
        self.connections.append(
            await self.node.sessions.connect(
                principal, connected.session.project_id, kind=Kind.AGENT, resume=connected.resume_token
            )
        )
        assert connected.session.id not in self.ended, "a session that had ended was resumed"
        assert self.connections[-1].session.id == connected.session.id

    async def end(self, connected: Connected, _: int) -> None:
        by = await self.node.member(connected.session.project_id, connected.session.user_name)
        await self.node.sessions.end(connected.session.id, by=by)

    async def switch(self, connected: Connected, extra: int) -> None:
        there = await self.node.project(PROJECTS[extra % 2])
        await self.node.member(there, connected.session.user_name)
        self.connections.append(await self.node.sessions.switch(connected.session.id, there))

    async def hold(self, connected: Connected, _: int) -> None:
        session = connected.session
        await self.node.leases.acquire(session.project_id, session.id, MAIN, policy=Policy.HOLD)

    # What must hold

    async def check(self) -> None:
        self._check_events()
        await self._check_rows()
        for slug in PROJECTS:
            await self._check_project(await self.node.project(slug))

    def _check_events(self) -> None:
        """Nothing is said of a session after it has ended, and it ends once."""
        for event in self.node.published:
            if isinstance(event, SessionEnded):
                assert event.session.id not in self.ended
                self.ended.add(event.session.id)
            elif isinstance(event, SessionConnected | SessionDisconnected):
                assert event.session.id not in self.ended
        self.node.published.clear()

    async def _check_rows(self) -> None:
        """Every state is one that the table lets follow, through any number of steps."""
        for id in {connected.session.id for connected in self.connections}:
            row = await self.row(id)
            now = SessionState(row.state)
            before = self.states.get(id, SessionState.CREATED)
            assert now is before or now in reachable(before), (before, now)
            assert (row.ended_at is not None) == (not TRANSITIONS[now]) == (id in self.ended)
            self.states[id] = now

    async def row(self, id: str) -> SessionRow:
        row = await self.node.database.read(lambda db: db.get(SessionRow, id))
        assert row is not None
        return row

    async def _check_project(self, project_id: str) -> None:
        """One primary session at most; the role is held by one that lives; the rows say what the memory does."""
        sessions = await self.node.sessions.list(project_id, limit=None)
        here = {present.session.id: present.session for present in self.node.sessions.attendance.of_project(project_id)}
        assert {session.id: session for session in sessions} == here
        assert sum(session.role is SessionRole.PRIMARY for session in sessions) <= 1
        leases, _ = await self.node.leases.list(project_id)
        roles, _ = await self.node.leases.list(project_id, PRIMARY)
        held: list[Lease] = [lease for lease in [*leases, *roles] if lease.state is State.HELD]
        for lease in held:
            # What an expired session holds ends a little later, in the store: its holder has to notice first.
            assert lease.session_id.removesuffix(".role") in here or lease.resource == MAIN
            key = f"{project_id}/{lease.resource}"
            assert lease.fence >= self.fences.get(key, 0)
            self.fences[key] = lease.fence
        for session in sessions:
            if session.state is not SessionState.PAUSED and session.liveness is Liveness.ACTIVE:
                assert session.state is SessionState.ACTIVE


def reachable(state: SessionState) -> set[SessionState]:
    """The states that may follow at some time."""
    found: set[SessionState] = set()
    new = set(TRANSITIONS[state])
    while new:
        found |= new
        new = {following for one in new for following in TRANSITIONS[one]} - found
    return found


@settings(max_examples=20)
@given(STEPS)
def test_sessions_keep_their_promises(steps: list[tuple[str, int, int]]) -> None:
    """Whatever clients, administrators, time and the lease store do, in whatever order."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_session_node(f"sqlite:///{Path(folder) / 'atrium.db'}") as node:
                world = World(node)
                for step in steps:
                    await world.step(*step)
                    await world.check()

    asyncio.run(run())
