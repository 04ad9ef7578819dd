"""Leases: the right to change something that does not merge, for one session at a time, with a fence."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from server.leases.authority import LeaseAuthority
from server.leases.epochs import Owner
from server.leases.errors import (
    AlreadyWaiting,
    Deadlock,
    Fenced,
    InvalidRequest,
    InvalidResource,
    LeaseHeld,
    LeaseLost,
    LeaseNotFound,
    LeaseTimeout,
    LeaseUnavailable,
    NoSession,
    NotOwner,
    NotWaiting,
    OwnerChanged,
    TakenOver,
    TooMany,
)
from server.leases.events import (
    LeaseAcquired,
    LeaseEvent,
    LeaseExpired,
    LeaseOffered,
    LeaseQueued,
    LeaseRefused,
    LeaseReleased,
    LeasesAvailable,
    LeaseSessionExpired,
    LeasesTakenOver,
    LeaseStolen,
    LeasesUnavailable,
)
from server.leases.guard import guarded_update
from server.leases.lease import Lease, Place
from server.leases.memory_store import MemoryLeaseStore
from server.leases.model import Mode, Policy, Rules, State
from server.leases.resource import LockType, Resource
from server.leases.rights import is_shown, require_lease, require_steal
from server.leases.routes import routes
from server.leases.service import LeaseService

if TYPE_CHECKING:
    from server.leases.listener import LeaseListener
    from server.leases.redis_store import RedisLeaseStore
else:
    _OVER_REDIS = {"LeaseListener": "listener", "RedisLeaseStore": "redis_store"}

    def __getattr__(name: str) -> object:
        """Imports what needs redis-py, which takes 0.3 s and 15 MB, for whoever asks for it."""
        if name not in _OVER_REDIS:
            raise AttributeError(name)
        return getattr(import_module(f"{__name__}.{_OVER_REDIS[name]}"), name)


__all__ = [
    "AlreadyWaiting",
    "Deadlock",
    "Fenced",
    "InvalidRequest",
    "InvalidResource",
    "Lease",
    "LeaseAcquired",
    "LeaseAuthority",
    "LeaseEvent",
    "LeaseExpired",
    "LeaseHeld",
    "LeaseListener",
    "LeaseLost",
    "LeaseNotFound",
    "LeaseOffered",
    "LeaseQueued",
    "LeaseRefused",
    "LeaseReleased",
    "LeaseService",
    "LeaseSessionExpired",
    "LeaseStolen",
    "LeaseTimeout",
    "LeaseUnavailable",
    "LeasesAvailable",
    "LeasesTakenOver",
    "LeasesUnavailable",
    "LockType",
    "MemoryLeaseStore",
    "Mode",
    "NoSession",
    "NotOwner",
    "NotWaiting",
    "Owner",
    "OwnerChanged",
    "Place",
    "Policy",
    "RedisLeaseStore",
    "Resource",
    "Rules",
    "State",
    "TakenOver",
    "TooMany",
    "guarded_update",
    "is_shown",
    "require_lease",
    "require_steal",
    "routes",
]
