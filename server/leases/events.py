"""What happened to leases. `at` is when; `event_id` grows, so that a client can ask for what it missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LeaseEvent:
    """What every event about one lease says; `user` and `session_id` are the holder's or waiter's, `mode` is s or x."""

    event_id: int
    project_id: str
    session_id: str
    user: str
    lock_type: str
    resource_id: str
    mode: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LeaseAcquired(LeaseEvent):
    """A session has the lease; it waited for it for `waited_s`."""

    fence: int
    expires_at: datetime
    waited_s: float
    request_id: str


@dataclass(frozen=True, slots=True)
class LeaseQueued(LeaseEvent):
    """A session waits for its turn."""

    request_id: str


@dataclass(frozen=True, slots=True)
class LeaseOffered(LeaseEvent):
    """It is a waiter's turn; it has until `accept_by` to accept."""

    fence: int
    accept_by: datetime
    request_id: str


@dataclass(frozen=True, slots=True)
class LeaseRefused(LeaseEvent):
    """A request came to nothing: `held`, `deadlock`, `timeout`, `cancelled`, or its `session` has ended.

    `waits_for` are the sessions in the way, `cycle` those of a deadlock.
    """

    reason: str
    waited_s: float
    request_id: str
    waits_for: tuple[str, ...] = ()
    cycle: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeaseReleased(LeaseEvent):
    """A holder gave it up; `declined` an offer, or its `session` ended in order."""

    fence: int
    reason: str


@dataclass(frozen=True, slots=True)
class LeaseExpired(LeaseEvent):
    """It ended without its holder's doing.

    `ttl` passed, its `session` fell silent, it was `wanted` meanwhile, an offer was `not_accepted`; or this node could
    not confirm it in time (`unconfirmed`), the store has `forgotten` it, or another node has `taken_over`.
    """

    fence: int
    reason: str


@dataclass(frozen=True, slots=True)
class LeaseStolen(LeaseEvent):
    """An administrator took it away, for `reason`."""

    fence: int
    reason: str


@dataclass(frozen=True, slots=True)
class LeaseSessionExpired:
    """A session was silent for its whole window: all it held and waited for is gone."""

    event_id: int
    project_id: str
    session_id: str
    user: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LeasesUnavailable:
    """The store does not answer: nothing is given out, and holders may go on until their leases are due."""

    at: datetime


@dataclass(frozen=True, slots=True)
class LeasesAvailable:
    """The store answers again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class LeasesTakenOver:
    """Another owner gives out leases now: a node, or "" for the store that nodes share."""

    node: str
    by: str
    at: datetime
