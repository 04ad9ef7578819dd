"""What can go wrong with leases."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from server.kit.errors import Conflict, Invalid, NotFound, Unavailable


class InvalidResource(Invalid):
    """A resource is a lock type and an id that fits it."""

    code = "lease.invalid_resource"


class InvalidRequest(Invalid):
    """A lease cannot be asked for like that."""

    code = "lease.invalid"


class LeaseHeld(Conflict):
    """Somebody else holds a lease that overlaps, or waits before you; queue for it or try later."""

    code = "lease.held"
    members: Mapping[str, Any] = MappingProxyType({})


class LeaseTimeout(LeaseHeld):
    """It did not become free while you waited."""

    code = "lease.timeout"


class AlreadyWaiting(Conflict):
    """This session already waits for it, or has been offered it."""

    code = "lease.already_waiting"


class Deadlock(Conflict):
    """Waiting for it would be waiting for yourself; release what the others wait for first."""

    code = "lease.deadlock"
    members: Mapping[str, Any] = MappingProxyType({})


class TooMany(Conflict):
    """There are as many leases and requests as there may be; give some back first."""

    code = "lease.too_many"


class NotOwner(Conflict):
    """The lease belongs to another session."""

    code = "lease.not_owner"


class LeaseLost(Conflict):
    """You no longer have this lease: it was released, expired or was taken away."""

    code = "lease.lease_lost"


class Fenced(Conflict):
    """This fence is not the lease's: a later holder has come since."""

    code = "lease.fenced"


class NotWaiting(Conflict):
    """This session does not wait for it."""

    code = "lease.not_waiting"


class NoSession(Conflict):
    """The session has ended, or never was; open one first."""

    code = "lease.no_session"


class LeaseNotFound(NotFound):
    """Nobody has a lease on it."""

    code = "lease.not_found"


class LeaseUnavailable(Unavailable):
    """Leases cannot be given out right now; text editing goes on. Try again."""

    code = "lease.unavailable"


class TakenOver(LeaseUnavailable):
    """Another node has taken the leases over; ask there."""


class OwnerChanged(Conflict):
    """Another node was quicker to take the leases over, or to give them back."""

    code = "lease.owner_changed"
