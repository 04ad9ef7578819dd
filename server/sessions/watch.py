"""What happens elsewhere and concerns sessions: to leases, tokens, rights and projects."""

from __future__ import annotations

from server.access import AccessChanged, AccessPolicy, Action, TokenRevoked
from server.leases import LeaseEvent, LeaseSessionExpired
from server.sessions.attendance import Present
from server.sessions.primary import session_of
from server.sessions.service import SessionService
from server.sessions.session import EndReason


class SessionWatch:
    """Handlers of other features' events."""

    def __init__(self, sessions: SessionService, policy: AccessPolicy) -> None:
        self._sessions, self._policy = sessions, policy

    def on_lease(self, event: LeaseEvent) -> None:
        """A lease of a role may be a session's."""
        self._sessions.roles.on_lease(event)

    def on_lease_session_expired(self, event: LeaseSessionExpired) -> None:
        """The store has not heard of a session that is heard of here: it is opened again, with nothing."""
        present = self._sessions.attendance.get(session_of(event.session_id))
        if present is not None and present.active:
            self._sessions.spawn(self._sessions.open(present))

    def on_leases_available(self) -> None:
        """The lease store answers again: what it has forgotten is asked for anew."""
        self._sessions.spawn(self._sessions.open_all())

    def on_token_revoked(self, event: TokenRevoked) -> None:
        """The sessions that the token opened are over."""
        self._sessions.spawn(self._sessions.end_tokens({event.token_id}))

    def on_access_changed(self, event: AccessChanged) -> None:
        """Who may not read the project any more has no session in it."""
        concerned = [
            present
            for present in self._sessions.attendance
            if event.project_id in (None, present.session.project_id)
            and event.principal_id in (None, present.session.user_id)
        ]
        self._sessions.spawn(self._recheck(concerned))

    async def _recheck(self, concerned: list[Present]) -> None:
        for present in concerned:
            can = await self._policy.capabilities(present.principal, present.session.project_id)
            if not can.allows(Action.READ):
                await self._sessions.finish_all([present], EndReason.ACCESS)

    def on_project_deleted(self, project_id: str) -> None:
        """Its sessions are over."""
        self._sessions.spawn(
            self._sessions.finish_all(self._sessions.attendance.of_project(project_id), EndReason.PROJECT_DELETED)
        )
