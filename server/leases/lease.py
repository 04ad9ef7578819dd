"""What callers get: leases and places in the queue, with times for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.kit.clock import Clock
from server.leases.model import Grant, Mode, Policy, Reply, State, Waiter
from server.leases.resource import Resource


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease, an offer of one, or the pause after a holder that failed.

    `expires_at` is when it ends unless its session is heard of. `act_until` is monotonic: a holder that has no newer
    word by then has to stop, since somebody else may have the lease soon after.
    """

    resource: Resource
    session_id: str
    user: str
    mode: Mode
    state: State
    fence: int
    count: int
    policy: Policy
    since: datetime
    expires_at: datetime
    act_until: float

    @property
    def key(self) -> str:
        """Its place in a list of leases."""
        return f"g|{self.resource.path}|{self.session_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue; `position` 1 is next. `waits_for` are the sessions in the way, holders first.

    `key` is its place in a list of leases, after all leases; "" if it is in none.
    """

    resource: Resource
    session_id: str
    user: str
    mode: Mode
    position: int
    since: datetime
    until: datetime
    waits_for: tuple[str, ...] = ()
    key: str = ""


MARGIN_S = 2.0
MARGIN_SHARE = 0.2


def act_for_s(safe_ms: int) -> float:
    """How long a holder may act that is safe for `safe_ms`: two clocks and a message to it are in between."""
    seconds = max(0, safe_ms) / 1000
    return seconds - min(MARGIN_S, seconds * MARGIN_SHARE)


class Moment:
    """Translates the store's times of one answer: counted from when it was asked for, so never too late."""

    def __init__(self, clock: Clock) -> None:
        self.asked_at = clock.monotonic()
        self._wall = clock.now()

    def wall(self, ms: int, now: int) -> datetime:
        """The wall time of `ms` when the store's was `now`."""
        return self._wall + timedelta(milliseconds=ms - now)

    def lease(self, grant: Grant, now: int) -> Lease:
        """A grant of an answer given at `now`."""
        return Lease(
            resource=Resource.at(grant.path),
            session_id=grant.session,
            user=grant.user,
            mode=grant.mode,
            state=grant.state,
            fence=grant.fence,
            count=grant.count,
            policy=grant.policy,
            since=self.wall(grant.since, now),
            expires_at=self.wall(grant.expires, now),
            act_until=self.asked_at + act_for_s(grant.safe - now),
        )

    def place(self, waiter: Waiter, now: int) -> Place:
        """A waiter of an answer given at `now`."""
        return Place(
            resource=Resource.at(waiter.path),
            session_id=waiter.session,
            user=waiter.user,
            mode=waiter.mode,
            position=waiter.position,
            since=self.wall(waiter.since, now),
            until=self.wall(waiter.until, now),
            key=f"w|{waiter.rank}",
        )

    def leases(self, reply: Reply) -> list[Lease]:
        """All leases of a `Look`, by resource."""
        return [self.lease(grant, reply.now) for grant in reply.grants]
