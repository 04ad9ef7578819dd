"""What a session holds, when it leaves and when it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from server.leases import Lease, LeaseService, LeaseUnavailable, LockType, Mode, NoSession, Place, Resource, State
from server.sessions.events import Endangered
from server.sessions.primary import role_session
from server.sessions.session import EndReason, LiveSession


class Luggage:
    """Leases by session, as far as the store can say."""

    def __init__(self, leases: LeaseService) -> None:
        self._leases = leases

    async def of(self, session: LiveSession) -> tuple[tuple[Lease, ...], tuple[Endangered, ...]]:
        """What the session holds, and what of that others wait for."""
        leases, places = await self._look(session)
        held = tuple(lease for lease in leases if _is_of(lease, session))
        waiting = [(lease, [place.session_id for place in places if _wants(place, lease)]) for lease in held]
        return held, tuple(_endangered(lease.resource, sessions) for lease, sessions in waiting if sessions)

    async def missing(self, session: LiveSession, left_behind: Sequence[Lease]) -> tuple[Endangered, ...]:
        """What the session left behind and does not hold any more, with those who do."""
        if not left_behind:
            return ()
        leases, _ = await self._look(session)
        kept = {lease.resource for lease in leases if _is_of(lease, session)}
        lost = [lease.resource for lease in left_behind if lease.resource not in kept]
        return tuple(
            _endangered(resource, [lease.session_id for lease in leases if lease.resource == resource])
            for resource in lost
        )

    async def _look(self, session: LiveSession) -> tuple[Sequence[Lease], Sequence[Place]]:
        try:
            return await self._leases.list(session.project_id)
        except LeaseUnavailable:
            return (), ()

    async def put_down(self, session: LiveSession, reason: EndReason) -> None:
        """Ends the session in the lease store, unless it goes on at another node.

        What an expired one holds is not free before its holder must have noticed: the store ends it by its silence.
        The role is the server's to give.
        """
        if reason is not EndReason.MOVED:
            await self._end(session.project_id, role_session(session.id))
        if reason not in (EndReason.MOVED, EndReason.EXPIRED):
            await self._end(session.project_id, session.id)
        for id in (session.id, role_session(session.id)):
            self._leases.leave(session.project_id, id)

    async def _end(self, project_id: str, id: str) -> None:
        with suppress(LeaseUnavailable, NoSession):  # then it ends by its silence, if it has not ended
            await self._leases.end(project_id, id)


def _is_of(lease: Lease, session: LiveSession) -> bool:
    return lease.session_id == session.id and lease.state is State.HELD


def _wants(place: Place, lease: Lease) -> bool:
    """Whether somebody waits for what the lease excludes."""
    one, other = f"{place.resource.path}/", f"{lease.resource.path}/"
    overlap = one.startswith(other) or other.startswith(one)
    return overlap and place.session_id != lease.session_id and Mode.EXCLUSIVE in (place.mode, lease.mode)


def _endangered(resource: Resource, sessions: Sequence[str]) -> Endangered:
    lock_type: LockType = resource.type
    return Endangered(lock_type.value, resource.id, tuple(sessions))
