"""The store's events as the events and metrics of the server."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from server.kit.clock import Clock
from server.kit.events import EventBus
from server.kit.metrics import (
    LEASE_WAIT_SECONDS,
    LEASES_ENDED,
    LEASES_GRANTED,
    LEASES_QUEUED,
    LEASES_REFUSED,
)
from server.leases.events import (
    LeaseAcquired,
    LeaseEvent,
    LeaseExpired,
    LeaseOffered,
    LeaseQueued,
    LeaseRefused,
    LeaseReleased,
    LeaseSessionExpired,
    LeaseStolen,
)
from server.leases.model import Acquire, Happening, Reply, Status, StoreEvent
from server.leases.resource import Resource

ENDINGS: dict[Happening, type[LeaseReleased | LeaseExpired | LeaseStolen]] = {
    Happening.RELEASED: LeaseReleased,
    Happening.EXPIRED: LeaseExpired,
    Happening.STOLEN: LeaseStolen,
}


class Announcer:
    """Publishes on the bus."""

    def __init__(self, events: EventBus, clock: Clock) -> None:
        self._events = events
        self._clock = clock

    def announce(self, project_id: str, event: StoreEvent) -> None:
        """Tells this process what has happened in the store, here or on another node."""
        now = self._clock.now()
        if event.kind is Happening.SESSION_EXPIRED:
            self.publish(LeaseSessionExpired(event.id, project_id, event.session, event.user, now))
        else:
            self.publish(_translated(project_id, event, now))

    def tell_refusal(self, project_id: str, request: Acquire, user: str, reply: Reply) -> None:
        """Tells that a request was refused at once, if it was."""
        if reply.status not in (Status.HELD, Status.DEADLOCK, Status.FULL):
            return
        LEASES_REFUSED.labels(reply.status.value).inc()
        if reply.status is Status.FULL:  # nobody is in the way, so it is no conflict
            return
        refused = StoreEvent(0, Happening.REFUSED, request.session, user, request.path, request.mode)
        waits_for = tuple(dict.fromkeys(blocker.session for blocker in reply.blockers))
        about = _about(project_id, refused, self._clock.now())
        why: dict[str, Any] = {"reason": reply.status.value, "waits_for": waits_for, "cycle": reply.cycle}
        self.publish(LeaseRefused(**about, waited_s=0, request_id=request.request, **why))

    def count(self, event: StoreEvent) -> None:
        """Counts what has happened; each node counts what its own commands set in motion."""
        if event.kind is Happening.SESSION_EXPIRED:
            return
        lock_type = Resource.at(event.path).type
        if event.kind is Happening.ACQUIRED:
            LEASES_GRANTED.labels(lock_type).inc()
            LEASE_WAIT_SECONDS.observe(event.waited / 1000)
        elif event.kind is Happening.QUEUED:
            LEASES_QUEUED.labels(lock_type).inc()
        elif event.kind is Happening.REFUSED:
            LEASES_REFUSED.labels(event.reason).inc()
        elif event.kind in ENDINGS:
            LEASES_ENDED.labels(event.kind).inc()

    def publish(self, event: object) -> None:
        """Tells this process something that is not the store's."""
        self._events.publish(event)


def _about(project_id: str, event: StoreEvent, now: datetime) -> dict[str, Any]:
    resource = Resource.at(event.path)
    return {
        "event_id": event.id,
        "project_id": project_id,
        "session_id": event.session,
        "user": event.user,
        "lock_type": resource.type.value,
        "resource_id": resource.id,
        "mode": event.mode.value,
        "at": now,
    }


def _translated(project_id: str, event: StoreEvent, now: datetime) -> LeaseEvent:
    about = _about(project_id, event, now)
    waited_s, until = event.waited / 1000, now + timedelta(milliseconds=event.left)
    if event.kind is Happening.ACQUIRED:
        return LeaseAcquired(**about, fence=event.fence, expires_at=until, waited_s=waited_s, request_id=event.request)
    if event.kind is Happening.QUEUED:
        return LeaseQueued(**about, request_id=event.request)
    if event.kind is Happening.OFFERED:
        return LeaseOffered(**about, fence=event.fence, accept_by=until, request_id=event.request)
    if event.kind is Happening.REFUSED:
        return LeaseRefused(**about, reason=event.reason, waited_s=waited_s, request_id=event.request)
    return ENDINGS[event.kind](**about, fence=event.fence, reason=event.reason)
