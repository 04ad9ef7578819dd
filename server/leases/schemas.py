"""What REST takes and answers about leases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from server.leases.lease import Lease, Place
from server.leases.model import Mode, Policy, State

ResourceId = Annotated[str, Field(max_length=1024)]
Word = Annotated[str, Field(max_length=128)]


class LeaseOut(BaseModel):
    """A lease; `state` is `held`, `offered`, or `delay` for the pause after a holder that failed."""

    lock_type: str
    resource_id: str
    mode: Mode
    state: State
    session_id: str
    user: str
    fence: int
    count: int
    policy: Policy
    since: datetime
    expires_at: datetime

    @classmethod
    def of(cls, lease: Lease) -> LeaseOut:
        """As REST shows it."""
        return cls(
            lock_type=lease.resource.type,
            resource_id=lease.resource.id,
            mode=lease.mode,
            state=lease.state,
            session_id=lease.session_id,
            user=lease.user,
            fence=lease.fence,
            count=lease.count,
            policy=lease.policy,
            since=lease.since,
            expires_at=lease.expires_at,
        )


class PlaceOut(BaseModel):
    """A place in the queue; `position` 1 is next."""

    lock_type: str
    resource_id: str
    mode: Mode
    session_id: str
    user: str
    position: int
    since: datetime
    until: datetime

    @classmethod
    def of(cls, place: Place) -> PlaceOut:
        """As REST shows it."""
        return cls(
            lock_type=place.resource.type,
            resource_id=place.resource.id,
            mode=place.mode,
            session_id=place.session_id,
            user=place.user,
            position=place.position,
            since=place.since,
            until=place.until,
        )


class LeasePage(BaseModel):
    """One page of leases, and after the last of them of those who wait; `next_cursor` is null at the end."""

    items: list[LeaseOut]
    waiting: list[PlaceOut]
    next_cursor: str | None = None


class Named(BaseModel):
    """What a request is about."""

    lock_type: Word
    resource_id: ResourceId


class NewLease(Named):
    """A lease to take.

    With `wait_s` the answer waits until it is there. Without a `session_id` it is the caller's alone, until it is given
    back or its time is over.
    """

    mode: Mode = Mode.EXCLUSIVE
    ttl_s: float | None = None
    wait_s: float = 0
    request_id: Annotated[str, Field(max_length=64)] = ""
    session_id: Word | None = None


class Fenced(Named):
    """A lease that the caller has, or is offered."""

    fence: int


class Extension(Fenced):
    """How long it is to live, from now: `ttl_s`, or as long as a new one."""

    ttl_s: float | None = None


class Cancellation(Named):
    """A place in the queue to leave; of this session, if one of the caller's is named."""

    session_id: Word | None = None


class Theft(Named):
    """A lease to take away from its holders, and why."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class OwnerOut(BaseModel):
    """The node that gives out leases, "" for the store that all nodes share."""

    node: str


class AuditOut(BaseModel):
    """Whether the lease store's indices agree, and who gives out leases."""

    ok: bool
    faults: list[str]
    node: str
