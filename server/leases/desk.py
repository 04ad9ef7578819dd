"""Leases for those who come over REST: what they may do, and which of the leases are theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from uuid import uuid4

from server.access import AccessPolicy, Action, Capabilities, FindProject, Principal
from server.leases.errors import LeaseLost, NoSession, NotOwner, NotWaiting
from server.leases.lease import Lease, Place
from server.leases.resource import Resource
from server.leases.rights import is_shown, require_lease
from server.leases.schemas import NewLease
from server.leases.service import LeaseService

SPARE_S = 60.0
"""A session of REST is silent: it lives for as long as its lease may, and a little longer."""

OwnerOf = Callable[[str, str], Awaitable[str | None]]
"""From a project's id and a session's to the id of the user whose live session it is; None if there is none."""


class LeaseDesk:
    """What the routes do, each after asking who it is.

    A lease that is taken without a session gets one of its own, named after the caller: so that two terminals of one
    user do not share what each believes to have alone.
    """

    def __init__(
        self, leases: LeaseService, policy: AccessPolicy, find_project: FindProject, owner_of: OwnerOf
    ) -> None:
        self.leases, self.policy = leases, policy
        self._find_project, self._owner_of = find_project, owner_of

    async def enter(self, slug: str, caller: Principal) -> str:
        """The id of a project that the caller may read; raises `NotFound` or `Forbidden`."""
        project_id = await self._find_project(slug)
        await self.policy.require(caller, Action.READ, project_id)
        return project_id

    async def page(
        self, project_id: str, caller: Principal, after: str, limit: int, overlapping: Resource
    ) -> tuple[list[Lease], list[Place], str | None]:
        """What the caller may see of one page, and after what the next begins."""
        can: Capabilities = await self.policy.capabilities(caller, project_id)
        leases, places = await self.leases.page(project_id, after=after, limit=limit + 1, overlapping=overlapping)
        rows: list[Lease | Place] = [*leases, *places]
        return (
            [lease for lease in leases[:limit] if is_shown(can, lease.resource)],
            [place for place in places[: limit - len(leases)] if is_shown(can, place.resource)],
            rows[limit - 1].key if len(rows) > limit else None,
        )

    async def take(self, project_id: str, caller: Principal, wanted: NewLease) -> Lease:
        """The lease, once it is there; raises what `LeaseService.obtain` does."""
        resource = Resource.of(wanted.lock_type, wanted.resource_id)
        await require_lease(self.policy, caller, project_id, resource)
        session = wanted.session_id
        if session is None:
            session = f"{_own(caller)}{wanted.request_id or uuid4().hex}"
            await self._open(project_id, session, caller, wanted.wait_s + self._ttl_s(wanted.ttl_s))
        elif not await self._is_of(project_id, session, caller):
            raise NoSession
        return await self.leases.obtain(
            project_id,
            session,
            resource,
            wanted.mode,
            ttl_s=wanted.ttl_s,
            wait_s=wanted.wait_s,
            request_id=wanted.request_id,
        )

    def _ttl_s(self, asked_s: float | None) -> float:
        return self.leases.ttl_s if asked_s is None else asked_s

    async def extend(
        self, project_id: str, caller: Principal, resource: Resource, fence: int, ttl_s: float | None
    ) -> Lease:
        """Counts `ttl_s` from now; raises `LeaseLost`, `NotOwner`, `Fenced`."""
        session = await self._holder(project_id, caller, resource, fence)
        if session.startswith(_own(caller)):
            await self._open(project_id, session, caller, self._ttl_s(ttl_s))
        return await self.leases.extend(project_id, session, resource, fence, ttl_s=ttl_s)

    async def release(self, project_id: str, caller: Principal, resource: Resource, fence: int) -> None:
        """Gives the lease back; raises `LeaseLost`, `NotOwner`, `Fenced`."""
        session = await self._holder(project_id, caller, resource, fence)
        over = await self.leases.release(project_id, session, resource, fence)
        if over and session.startswith(_own(caller)):
            await self.leases.end(project_id, session)

    async def accept(self, project_id: str, caller: Principal, resource: Resource, fence: int) -> Lease:
        """Takes an offer; raises `LeaseLost`, `NotOwner`, `Fenced`."""
        await require_lease(self.policy, caller, project_id, resource)
        session = await self._holder(project_id, caller, resource, fence)
        return await self.leases.accept(project_id, session, resource, fence)

    async def cancel(self, project_id: str, caller: Principal, resource: Resource, session_id: str | None) -> None:
        """Leaves the queue, in each of the caller's sessions unless one is named; raises `NotWaiting`."""
        _, places = await self.leases.list(project_id, resource)
        waiting = [place.session_id for place in places if place.resource == resource]
        own = [session for session in waiting if await self._is_of(project_id, session, caller)]
        cancelled = [session for session in own if session_id in (None, session)]
        for session in cancelled:
            await self.leases.cancel(project_id, session, resource)
        if not cancelled:
            raise NotWaiting

    async def _open(self, project_id: str, session: str, caller: Principal, lives_s: float) -> None:
        window_s = lives_s + SPARE_S
        await self.leases.open(project_id, session, caller.name, window_s=window_s, grace_s=window_s)

    async def _holder(self, project_id: str, caller: Principal, resource: Resource, fence: int) -> str:
        """The caller's session that has the lease, the one with this fence first."""
        leases, _ = await self.leases.list(project_id, resource)
        on_it: Sequence[Lease] = [lease for lease in leases if lease.resource == resource]
        for lease in sorted(on_it, key=lambda lease: lease.fence != fence):
            if await self._is_of(project_id, lease.session_id, caller):
                return lease.session_id
        raise NotOwner if on_it else LeaseLost

    async def _is_of(self, project_id: str, session: str, caller: Principal) -> bool:
        if session.startswith(_own(caller)):
            return True
        return not caller.is_anonymous and await self._owner_of(project_id, session) == caller.id


def _own(caller: Principal) -> str:
    """What the names of a caller's REST sessions begin with; no session on the control channel is called like that.

    Visitors who did not sign in all have one id: they are told apart by their address, as they are where sockets and
    requests are counted.
    """
    visitor = f".{sha256(caller.address.encode()).hexdigest()[:16]}" if caller.is_anonymous else ""
    return f"rest:{caller.id}{visitor}:"
