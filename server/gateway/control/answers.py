"""Answers to messages about leases, and errors as messages."""

from __future__ import annotations

from typing import Any

from server.conflicts import Conflict
from server.gateway.control import messages
from server.gateway.control.client_messages import LockRequest
from server.kit.errors import AtriumError
from server.leases import AlreadyWaiting, Deadlock, Lease, LeaseHeld, Place, Resource, TooMany
from server.sessions import LiveSession

REFUSALS = (LeaseHeld, Deadlock, AlreadyWaiting, TooMany)


def user_out(session: LiveSession) -> messages.UserOut:
    """Whose session it is."""
    return messages.UserOut(id=session.user_id, name=session.user_name, hue=session.hue)


def acquired(lease: Lease, request_id: str = "") -> messages.LockAcquired:
    """The session has it."""
    return messages.LockAcquired(
        **_lease(lease), fence=lease.fence, expires_at=lease.expires_at, request_id=request_id or None
    )


def renewed(lease: Lease) -> messages.LockRenewed:
    """The session has it for longer."""
    return messages.LockRenewed(**_lease(lease), fence=lease.fence, expires_at=lease.expires_at)


def offered(lease: Lease, request_id: str) -> messages.LockOffered:
    """It is the session's turn."""
    return messages.LockOffered(
        **_lease(lease), fence=lease.fence, accept_by=lease.expires_at, request_id=request_id or None
    )


def queued(place: Place, request_id: str) -> messages.LockQueued:
    """The session waits."""
    return messages.LockQueued(
        **_lease(place),
        position=place.position,
        until=place.until,
        waits_for=list(place.waits_for),
        request_id=request_id or None,
    )


def released(session: LiveSession, resource: Resource, fence: int, *, held: bool) -> messages.LockReleased:
    """The session has given it up, at least once."""
    return messages.LockReleased(**_of(session, resource), fence=fence, held=held)


def cancelled(session: LiveSession, resource: Resource) -> messages.LockCancelled:
    """The session waits no more."""
    return messages.LockCancelled(**_of(session, resource))


def asked(session: LiveSession, resource: Resource, holders: list[str]) -> messages.LockAsked:
    """The session would like to have it."""
    return messages.LockAsked(**_of(session, resource), sessions=holders)


def refused(error: AtriumError, session: LiveSession, request: LockRequest, resource: Resource) -> messages.LockRefused:
    """The request for a lease came to nothing."""
    members = getattr(error, "members", {})
    return messages.LockRefused(
        **_of(session, resource),
        mode=request.mode,
        reason=error.code.rpartition(".")[2],
        request_id=request.request_id or None,
        waits_for=members.get("waits_for"),
        cycle=members.get("cycle"),
        code=error.code,
        message=error.detail,
        retryable=error.retryable,
    )


def conflict_message(conflict: Conflict, kind: type[messages.ConflictMessage]) -> messages.ConflictMessage:
    """A message of this kind about a conflict."""
    return kind(
        conflict_id=conflict.id,
        conflict_type=conflict.type,
        resource=conflict.resource,
        sessions=[conflict.session_id, *conflict.others],
        state=conflict.state,
        reason=conflict.reason,
        resolution=conflict.resolution,
    )


def error_message(error: AtriumError) -> messages.Error:
    """An error, as clients are told it."""
    return messages.Error(
        code=error.code,
        message=error.detail,
        retryable=error.retryable,
        errors=[dict(field) for field in error.errors] or None,
    )


def _lease(one: Lease | Place) -> dict[str, Any]:
    return {
        "session_id": one.session_id,
        "user_name": one.user,
        "lock_type": one.resource.type,
        "resource_id": one.resource.id,
        "mode": one.mode,
    }


def _of(session: LiveSession, resource: Resource) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "user_name": session.user_name,
        "lock_type": resource.type,
        "resource_id": resource.id,
    }
