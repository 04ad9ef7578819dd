"""Sessions, as the edges use them: REST, the control channel, the live document."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta

from server.access import AccessPolicy, Action, Kind, Principal
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.ids import uuid7
from server.leases import LeaseService
from server.sessions import store
from server.sessions.attendance import Attendance, Present
from server.sessions.background import Background
from server.sessions.errors import InvalidResume, InvalidTransition, SessionNotFound
from server.sessions.events import (
    SessionConnected,
    SessionDisconnected,
    SessionEnded,
    SessionLeft,
    SessionReturned,
    SessionRoleChanged,
    SessionTakenOver,
)
from server.sessions.journal import Journal
from server.sessions.luggage import Luggage
from server.sessions.primary import PrimaryRole, role_session
from server.sessions.resume import digest, new_token
from server.sessions.session import (
    Connected,
    EndReason,
    Liveness,
    LiveSession,
    SessionRole,
    SessionState,
    SessionTimes,
)


class SessionService:
    """Who works in which project now. Publishes what `events` lists, and an `Act` for each change of state.

    Sessions go on without the lease store; then everybody keeps the role they have.
    """

    def __init__(
        self,
        database: Database,
        events: EventBus,
        clock: Clock,
        *,
        leases: LeaseService,
        policy: AccessPolicy,
        node: str,
        times: SessionTimes | None = None,
    ) -> None:
        self.times = times or SessionTimes()
        self.node = node
        self.attendance = Attendance()
        self._events, self._clock, self._leases, self._policy = events, clock, leases, policy
        self._journal = Journal(database, events, clock, node)
        self._luggage = Luggage(leases)
        self._background = Background()
        self.spawn = self._background.spawn
        self.roles = PrimaryRole(leases, self.attendance, self.times, changed=self._on_role_changed, spawn=self.spawn)

    async def close(self) -> None:
        """Ends what has been begun; the sessions can be resumed at another node, or after a restart."""
        await self.settled()
        await self._journal.silence(self.attendance)

    async def settled(self) -> None:
        """Returns when everything that events have set in motion is done."""
        await self._background.settled()

    # From the first message to the last

    async def connect(
        self, principal: Principal, project_id: str, *, kind: Kind, name: str = "", resume: str | None = None
    ) -> Connected:
        """A new session in a project, or with a resume token the one it belongs to, with its leases and fences.

        Raises `NotFound` or `Forbidden` without the right to read the project, `InvalidResume`.
        """
        await self._policy.require(principal, Action.READ, project_id)
        if resume is not None:
            return await self._resume(principal, project_id, resume)
        return await self._begin(principal, project_id, kind, name)

    async def _begin(self, principal: Principal, project_id: str, kind: Kind, name: str, line: str = "") -> Connected:
        id, token = uuid7(), new_token()
        session = LiveSession(
            id=id,
            project_id=project_id,
            user_id=principal.id,
            user_name=principal.name,
            hue=principal.hue,
            kind=kind,
            name=name,
            role=SessionRole.SECONDARY,
            state=SessionState.ACTIVE,
            liveness=Liveness.CONNECTING,
            since=self._clock.now(),
            line=line or id,
            token_id=principal.token_id,
        )
        await self._journal.add(session, digest(token), by=principal)
        present = self.attendance.enter(session, principal, self._clock.monotonic())
        await self.open(present)
        return self._announce(present, token, resumed=False)

    async def _resume(self, principal: Principal, project_id: str, token: str) -> Connected:
        found = await self._journal.find_by(digest(token))
        if found is None or (found.session.user_id, found.session.project_id) != (principal.id, project_id):
            raise InvalidResume
        present = self.attendance.get(found.session.id)
        silent_since = found.silent_since
        if present is None and silent_since is not None:
            if self._clock.now() >= silent_since + timedelta(seconds=self.times.window_s):
                raise InvalidResume
        elif present is not None and self.is_over(present):
            raise InvalidResume
        return await self._take_up(found, principal, token)

    async def _take_up(self, found: store.Stored, principal: Principal, token: str) -> Connected:
        before = self.attendance.get(found.session.id)
        if not await self._journal.take_up(found, digest(token), by=principal):
            raise InvalidResume
        if self.attendance.get(found.session.id) is not before:  # it has ended while we wrote
            raise InvalidResume
        self.attendance.remove(found.session.id)
        if before is not None and before.connection:
            self._events.publish(SessionTakenOver(before.session, before.connection))
        session = replace(
            before.session if before else found.session,
            state=SessionState.ACTIVE,
            liveness=Liveness.CONNECTING,
            token_id=principal.token_id,
        )
        present = self.attendance.enter(session, principal, self._clock.monotonic())
        present.announced = before is not None
        await self.open(present)
        return self._announce(present, token, resumed=True)

    async def open(self, present: Present) -> None:
        """Makes the session known to the lease store, or goes on with it there, and asks for the primary role."""
        await self._open_leases(present)
        await self.roles.open(present)

    async def open_all(self) -> None:
        """The same for all that are heard of, in the line they stand in: the store may have forgotten everybody."""
        await asyncio.gather(*(self._open_leases(present) for present in self.attendance if present.active))
        await self.roles.reconcile_all()

    async def _open_leases(self, present: Present) -> None:
        session = present.session
        await self._leases.open(
            session.project_id,
            session.id,
            session.user_name,
            window_s=self.times.window_s,
            grace_s=self.times.silent_s,
        )

    def _announce(self, present: Present, token: str, *, resumed: bool) -> Connected:
        present.announced = True
        present.change(liveness=Liveness.ACTIVE)
        self._events.publish(SessionConnected(present.session, resumed))
        return Connected(present.session, token, resumed, present.connection)

    def beat(self, session_id: str) -> None:
        """The session has been heard of; the lease store learns it within a second."""
        present = self.attendance.get(session_id)
        if present is None or not present.connection or self.is_over(present):
            return
        present.heard_at = self._clock.monotonic()
        self._tell_store(present)
        if not present.active:
            self.spawn(self._heard_again(present))

    def _tell_store(self, present: Present) -> None:
        session = present.session
        self._leases.beat(session.project_id, session.id)
        self._leases.beat(session.project_id, role_session(session.id))

    async def _heard_again(self, present: Present) -> None:
        if present.session.liveness is Liveness.DISCONNECTED and self.attendance.get(present.session.id) is present:
            present.change(liveness=Liveness.ACTIVE)
            await self.open(present)
            self._events.publish(SessionConnected(present.session, resumed=True))
            await self._journal.set_silent(present.session, None)

    def is_over(self, present: Present) -> bool:
        """Whether it was silent for the whole window; a paused one lives as long as its client's other session."""
        return not present.paused and self._clock.monotonic() - present.heard_at >= self.times.window_s

    async def disconnect(self, session_id: str, connection: int | None = None) -> None:
        """The socket is gone (that of `connection` only): the window begins, leases are suspended by their policy."""
        present = self.attendance.get(session_id)
        if present is None or not present.connection or connection not in (None, present.connection):
            return
        present.connection = 0
        if present.active:
            present.heard_at = self._clock.monotonic()
            self._tell_store(present)
        await self.fall_silent(present)

    async def fall_silent(self, present: Present) -> None:
        """The session is not heard of any more."""
        if present.active:
            session = present.change(liveness=Liveness.DISCONNECTED)
            left_s = present.heard_at + self.times.window_s - self._clock.monotonic()
            now = self._clock.now()
            self._events.publish(SessionDisconnected(session, now + timedelta(seconds=left_s)))
            await self._journal.set_silent(session, now)

    async def end(self, session_id: str, *, by: Principal) -> None:
        """Ends a session, here or at another node, in order: what it held is free at once. Raises `SessionNotFound`."""
        present = self.attendance.get(session_id)
        session = present.session if present else (await self.get(session_id))
        reason = EndReason.LEFT if by.id == session.user_id else EndReason.ENDED_BY_OTHER
        await self._finish(session, reason, by)

    async def _finish(self, session: LiveSession, reason: EndReason, by: Principal | None = None) -> None:
        present = self.attendance.remove(session.id)
        for other in self.attendance.paused_in(session.line) if present and not present.paused else []:
            await self._finish(other.session, reason, by)
        # One that is gone from here unnoticed went on at another node, or was ended there.
        if present is not None and reason is EndReason.EXPIRED:
            ended = await self._journal.end(session, reason, by, node=self.node)
            reason = reason if ended else EndReason.MOVED
        elif reason is not EndReason.MOVED:
            await self._journal.end(session, reason, by)
        await self._luggage.put_down(session, reason)
        if not self.attendance.of_project(session.project_id):
            self.roles.forget(session.project_id)
        over = replace(session, liveness=Liveness.EXPIRED)
        self._events.publish(SessionEnded(over, reason))

    async def finish_all(self, over: Iterable[Present], reason: EndReason) -> None:
        """Ends sessions of this node."""
        for present in over:
            if self.attendance.get(present.session.id) is present:
                await self._finish(present.session, reason)

    async def end_tokens(self, token_ids: Collection[str]) -> None:
        """Ends the sessions of this node that these tokens opened."""
        over = [present for present in self.attendance if present.session.token_id in token_ids]
        await self.finish_all(over, EndReason.ACCESS)

    async def finish_lost(self, lost: Iterable[LiveSession]) -> None:
        """Ends sessions of nodes that are gone."""
        for session in lost:
            await self._finish(session, EndReason.EXPIRED)

    def tell_silenced(self, silenced: Iterable[LiveSession]) -> None:
        """Sessions of nodes that are gone can be resumed for the rest of their window."""
        for session in silenced:
            self._events.publish(SessionDisconnected(session, None))

    # Switching

    async def switch(self, session_id: str, project_id: str) -> Connected:
        """The client of a session goes on in another project: in its session there, if it has been there before.

        What it holds here is suspended, and there again when it comes back in time. Raises `SessionNotFound`,
        `InvalidTransition`, and `NotFound` or `Forbidden` without the right to read the other project.
        """
        present = self.attendance.get(session_id)
        if present is None or not present.active:
            raise SessionNotFound
        session, principal = present.session, present.principal
        if session.project_id == project_id:
            raise InvalidTransition("The session is in this project already.")
        await self._policy.require(principal, Action.READ, project_id)
        await self._leave(present)
        for waiting in self.attendance.paused_in(session.line, project_id):
            return await self._come_back(waiting, principal)
        return await self._begin(principal, project_id, session.kind, session.name, session.line)

    async def _leave(self, present: Present) -> None:
        present.left_behind, wanted = await self._luggage.of(present.session)
        if not await self._journal.pause(present.session, by=present.principal):
            raise InvalidTransition
        present.connection, present.heard_at = 0, self._clock.monotonic()
        self._tell_store(present)
        session = present.change(state=SessionState.PAUSED, liveness=Liveness.DISCONNECTED)
        self._events.publish(SessionDisconnected(session, None))
        self._events.publish(SessionLeft(session, wanted))

    async def _come_back(self, present: Present, principal: Principal) -> Connected:
        token, left_behind = new_token(), present.left_behind
        found = await self._journal.find(present.session.id)
        if found is None:
            raise SessionNotFound
        connected = await self._take_up(found, principal, token)
        lost = await self._luggage.missing(connected.session, left_behind)
        self._events.publish(SessionReturned(connected.session, lost))
        return connected

    # Looking

    async def get(self, session_id: str) -> LiveSession:
        """A session that has not ended, wherever it is connected; raises `SessionNotFound`."""
        found = await self._journal.find(session_id)
        if found is None:
            raise SessionNotFound
        return found.session

    async def projects(self) -> list[str]:
        """The ids of the projects that have sessions."""
        return await self._journal.projects()

    def _on_role_changed(self, present: Present) -> None:
        session = present.session
        self.spawn(self._journal.set_role(session))
        if present.announced:
            self._events.publish(SessionRoleChanged(session))

    async def owner(self, project_id: str, session_id: str) -> str | None:
        """The id of the user whose session this is; None if it is over, or in another project."""
        found = await self._journal.find(session_id)
        return found.session.user_id if found and found.session.project_id == project_id else None

    async def list(self, project_id: str, *, after: str = "", limit: int | None = 50) -> list[LiveSession]:
        """A project's sessions that have not ended, at all nodes, by id, those after `after`.

        What is known of this node's own is newer than what is written: a list is not older than an event before it.
        """
        found = await self._journal.page(project_id, after, limit)
        present = map(self.attendance.get, (session.id for session in found))
        return [here.session if here else stored for stored, here in zip(found, present, strict=True)]
