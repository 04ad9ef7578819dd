"""Leases, as the edges use them: REST, the control channel, other features."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from server.kit.audit import Act, Actor
from server.kit.clock import Clock
from server.kit.events import EventBus
from server.kit.metrics import FENCES_REJECTED
from server.leases import events
from server.leases.announcer import Announcer
from server.leases.authority import LeaseAuthority
from server.leases.dispatcher import Dispatcher
from server.leases.epochs import Owner
from server.leases.errors import (
    Fenced,
    InvalidRequest,
    LeaseLost,
    LeaseNotFound,
    LeaseTimeout,
    LeaseUnavailable,
    NotWaiting,
)
from server.leases.holders import Holders
from server.leases.keeper import LeaseKeeper
from server.leases.lease import Lease, Moment, Place
from server.leases.model import (
    Accept,
    Acquire,
    Audit,
    Cancel,
    Check,
    Command,
    End,
    Extend,
    Grant,
    Look,
    Mode,
    Open,
    Policy,
    Release,
    Reply,
    State,
    Status,
    Steal,
)
from server.leases.outcomes import refuse
from server.leases.requests import check_fence, check_id, check_times
from server.leases.resource import ALL, LockType, Resource

WINDOW_S, GRACE_S = 120.0, 30.0
TTL_S, WAIT_S = 300.0, 30.0
PAGE = 200
PATIENCE_S = 10.0  # beyond the wait itself: for an answer that an outage has swallowed


class LeaseService:
    """Who may change what does not merge. Leases belong to sessions; sessions live by their heartbeats.

    Every call may raise `LeaseUnavailable`: then nothing is known, and repeating an `acquire` with its request id, or
    any other call, does no harm.
    """

    def __init__(
        self, authority: LeaseAuthority, bus: EventBus, clock: Clock, *, ttl_s: float = TTL_S, wait_s: float = WAIT_S
    ) -> None:
        """`ttl_s` and `wait_s` are for those who do not say how long they want to have or to wait for a lease."""
        self.ttl_s, self.wait_s = ttl_s, wait_s
        self._authority = authority
        self._clock = clock
        self._announcer = Announcer(bus, clock)
        self._holders = Holders()
        self.dispatcher = Dispatcher(authority, self._announcer, self._holders, clock)
        self.keeper = LeaseKeeper(self.dispatcher, self._announcer, self._holders, clock)

    def start(self) -> None:
        """Begins to send heartbeats and to sweep."""
        self.keeper.start()

    async def close(self) -> None:
        """Stops; what is held stays held until its session ends or is heard of on another node."""
        await self.keeper.stop()
        await self._authority.close()

    # Sessions

    async def open(
        self, project_id: str, session_id: str, user: str, *, window_s: float = WINDOW_S, grace_s: float = GRACE_S
    ) -> None:
        """Makes a session of this node, or goes on with one: with all that it held, if it is back in time.

        It may be silent for `window_s` before it ends, and for `grace_s` before others get what they want from it.
        While the store is unavailable the session is only noted, and opened later.
        """
        check_id("session", session_id)
        command = Open(session_id, user, round(window_s * 1000), round(grace_s * 1000))
        self._holders.sessions[project_id, session_id] = command
        self.keeper.hear(project_id, session_id)
        with suppress(LeaseUnavailable):
            await self.keeper.open(project_id, command)

    def beat(self, project_id: str, session_id: str) -> None:
        """The session has been heard of; the store learns it within a second."""
        self.keeper.hear(project_id, session_id)

    def leave(self, project_id: str, session_id: str) -> None:
        """The session is not this node's any more; it goes on elsewhere, or ends by its silence."""
        self._holders.forget(project_id, session_id)

    async def end(self, project_id: str, session_id: str) -> None:
        """Ends the session in order: what it held is free at once, and it waits for nothing any more."""
        await self.dispatcher.call(project_id, End(session_id))
        self._holders.forget(project_id, session_id)

    # Leases

    async def acquire(
        self,
        project_id: str,
        session_id: str,
        resource: Resource,
        mode: Mode = Mode.EXCLUSIVE,
        *,
        ttl_s: float | None = None,
        wait_s: float = 0,
        policy: Policy = Policy.RELEASE_IF_WANTED,
        request_id: str = "",
    ) -> Lease | Place:
        """The lease, or with `wait_s` a place in the queue: `LeaseOffered` tells when it is this session's turn.

        Raises `LeaseHeld`, `Deadlock`, `AlreadyWaiting`, `TooMany`, `NoSession`, `InvalidRequest`; `LeaseLost` or
        `LeaseTimeout` if the request came before and is over.
        """
        ttl_s = self.ttl_s if ttl_s is None else ttl_s
        # Who waits for a role waits for as long as its session lives.
        check_times(ttl_s, 0 if resource.type is LockType.ROLE else wait_s)
        check_id("request", request_id, optional=True)
        ttl_ms, wait_ms = round(ttl_s * 1000), round(wait_s * 1000)
        command = Acquire(session_id, resource.path, mode, ttl_ms, wait_ms, policy, request_id)
        moment = Moment(self._clock)
        async with self._holders.asking(project_id, session_id, resource.path):
            reply = await self.dispatcher.call(project_id, command)
            if reply.status is Status.NO_SESSION and await self.keeper.open_forgotten(project_id, command):
                reply = await self.dispatcher.call(project_id, command)
            user = self._user(project_id, session_id)
            self._announcer.tell_refusal(project_id, command, user, reply)
            refuse(reply)
            if reply.grant is not None:
                return self._note(project_id, moment, reply.grant, reply.now)
        waits_for = tuple(dict.fromkeys(blocker.session for blocker in reply.blockers))
        since, until = moment.wall(0, 0), moment.wall(wait_ms, 0)
        return Place(resource, session_id, user, mode, reply.position, since, until, waits_for)

    async def obtain(
        self,
        project_id: str,
        session_id: str,
        resource: Resource,
        mode: Mode = Mode.EXCLUSIVE,
        *,
        ttl_s: float | None = None,
        wait_s: float | None = None,
        policy: Policy = Policy.RELEASE_IF_WANTED,
        request_id: str = "",
    ) -> Lease:
        """As `acquire`, but waits for its turn and accepts it; raises `LeaseTimeout` when it does not come."""
        wait_s = self.wait_s if wait_s is None else wait_s
        turn = self.dispatcher.turn(project_id, session_id, resource.path)
        try:
            found = await self.acquire(
                project_id, session_id, resource, mode, ttl_s=ttl_s, wait_s=wait_s, policy=policy, request_id=request_id
            )
            if isinstance(found, Lease) and found.state is State.HELD:
                return found
            async with asyncio.timeout(wait_s + PATIENCE_S):
                fence = found.fence if isinstance(found, Lease) else await turn
            return await self.accept(project_id, session_id, resource, fence)
        except TimeoutError:
            raise LeaseTimeout from None
        finally:
            self.dispatcher.forget(project_id, session_id, resource.path, turn)

    async def release(self, project_id: str, session_id: str, resource: Resource, fence: int) -> bool:
        """Gives up one acquisition, or an offer; whether that was the last.

        Raises `LeaseLost`, `NotOwner`, `Fenced`.
        """
        check_fence(fence)
        _, reply = await self._ask(project_id, Release(session_id, resource.path, fence))
        return reply.grant is None

    async def extend(
        self, project_id: str, session_id: str, resource: Resource, fence: int, *, ttl_s: float | None = None
    ) -> Lease:
        """Counts `ttl_s` from now; raises `LeaseLost`, `NotOwner`, `Fenced`."""
        check_fence(fence)
        ttl_s = self.ttl_s if ttl_s is None else ttl_s
        check_times(ttl_s, 0)
        return await self._hold(project_id, Extend(session_id, resource.path, fence, round(ttl_s * 1000)))

    async def accept(self, project_id: str, session_id: str, resource: Resource, fence: int) -> Lease:
        """Takes what was offered; raises `LeaseLost` when it was too late, `NotOwner`, `Fenced`."""
        check_fence(fence)
        return await self._hold(project_id, Accept(session_id, resource.path, fence))

    async def cancel(self, project_id: str, session_id: str, resource: Resource) -> None:
        """Leaves the queue, or declines an offer; raises `NotWaiting`."""
        try:
            await self._ask(project_id, Cancel(session_id, resource.path))
        except LeaseLost:
            raise NotWaiting from None

    async def check(self, project_id: str, resource: Resource, fence: int) -> Lease:
        """The lease in use whose fence this is; raises `Fenced` if a later one is in use, `LeaseLost` if none is."""
        check_fence(fence)
        try:
            moment, reply = await self._ask(project_id, Check(resource.path, fence))
        except (Fenced, LeaseLost):
            FENCES_REJECTED.inc()
            raise
        assert reply.grant is not None
        return moment.lease(reply.grant, reply.now)

    # Looking

    async def page(
        self, project_id: str, *, after: str = "", limit: int = PAGE, overlapping: Resource = ALL
    ) -> tuple[list[Lease], list[Place]]:
        """What is granted, by resource, and then who waits, in their order; the roles of sessions only if named.

        At most `limit` of both together, those after the `key` of a lease or place.
        """
        moment, reply = await self._ask(project_id, Look(overlapping.path, after, limit))
        return moment.leases(reply), [moment.place(waiter, reply.now) for waiter in reply.waiters]

    async def list(self, project_id: str, overlapping: Resource = ALL) -> tuple[list[Lease], list[Place]]:
        """All pages: what comes or goes meanwhile may be missing, what stays is not."""
        leases, places = await self.page(project_id, overlapping=overlapping)
        newest: list[Lease | Place] = [*leases, *places]
        while len(newest) == PAGE:
            held, waiting = await self.page(project_id, after=newest[-1].key, overlapping=overlapping)
            newest = [*held, *waiting]
            leases, places = leases + held, places + waiting
        return leases, places

    # Administration

    async def steal(self, project_id: str, resource: Resource, reason: str, by: Actor) -> Sequence[Lease]:
        """Takes a lease away from all its holders, and stores who did it and why; raises `LeaseNotFound`."""
        if not reason.strip():
            raise InvalidRequest("Say why the lease is taken away.")
        try:
            moment, reply = await self._ask(project_id, Steal(resource.path, reason))
        except LeaseLost:
            raise LeaseNotFound from None
        detail = {"reason": reason, "sessions": [grant.session for grant in reply.grants]}
        self._announcer.publish(Act("lease.stolen", by, project_id, f"lease/{resource}", detail=detail))
        return moment.leases(reply)

    async def audit(self, project_id: str) -> tuple[str, ...]:
        """What is wrong with the store's indices: nothing, or there is a bug."""
        _, reply = await self._ask(project_id, Audit())
        return reply.faults

    async def owner(self) -> Owner:
        """Who gives out leases: this or another node, or "" for the store that nodes share."""
        return await self._authority.owner()

    async def take_over(self, by: Actor) -> None:
        """Makes this node give out leases from its memory, when the shared store is gone; raises `OwnerChanged`."""
        self._tell_owner(await self._authority.take_over(), by)

    async def give_back(self, by: Actor) -> None:
        """Lets the shared store give out leases again; raises `OwnerChanged`."""
        self._tell_owner(await self._authority.give_back(), by)

    def _tell_owner(self, owner: Owner, by: Actor) -> None:
        self._announcer.publish(Act("leases.taken_over", by, resource="leases", detail={"node": owner.node}))
        self._announcer.publish(events.LeasesTakenOver(owner.node, by.name, self._clock.now()))

    # How

    def _user(self, project_id: str, session_id: str) -> str:
        opened = self._holders.sessions.get((project_id, session_id))
        return opened.user if opened else ""

    async def _ask(self, project_id: str, command: Command) -> tuple[Moment, Reply]:
        moment = Moment(self._clock)
        reply = await self.dispatcher.call(project_id, command)
        refuse(reply)
        return moment, reply

    async def _hold(self, project_id: str, command: Extend | Accept) -> Lease:
        async with self._holders.asking(project_id, command.session, command.path):
            moment, reply = await self._ask(project_id, command)
            assert reply.grant is not None
            return self._note(project_id, moment, reply.grant, reply.now)

    def _note(self, project_id: str, moment: Moment, grant: Grant, now: int) -> Lease:
        lease = moment.lease(grant, now)
        if lease.state is State.HELD:
            self._holders.hold(project_id, lease, grant.path, grant.ttl)
        return lease
