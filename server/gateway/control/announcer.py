"""The server's events as messages: which event is told with which, and to whom."""

from __future__ import annotations

from typing import Any

from server import leases, sessions
from server.conflicts import Conflict, ConflictDetected, ConflictUpdated
from server.files import FilesMoved
from server.gateway.control import messages
from server.gateway.control.answers import conflict_message, user_out
from server.gateway.control.hub import About, ControlHub
from server.gateway.control.messages import LockEvent, ServerMessage, SessionMessage
from server.leases import LeaseEvent, LockType
from server.sessions import LiveSession

UNAVAILABLE = "Leases cannot be given out right now. Text editing goes on; who holds a lease may use it until it ends."
AVAILABLE = "Leases are given out again."


class Announcer:
    """Hears of what happens, and tells the hub."""

    def __init__(self, hub: ControlHub) -> None:
        self._hub = hub

    def on_lease(self, event: LeaseEvent) -> None:
        """A lease began, ended, or is waited for."""
        if event.lock_type == LockType.ROLE:  # told as `session_role_changed`
            return
        answered = None if is_news(event) else (event.lock_type, event.resource_id)
        path = file_of(event.lock_type, event.resource_id)
        about = About("leases", event.session_id, path, answered)
        # What the store announces, all nodes hear of.
        publish = self._hub.publish_here if event.event_id else self._hub.publish
        publish(event.project_id, about, lease_message(event))

    def on_connected(self, event: sessions.SessionConnected) -> None:
        """A session is there."""
        self._tell_session(event.session, messages.SessionConnectedMessage, resumed=event.resumed)

    def on_disconnected(self, event: sessions.SessionDisconnected) -> None:
        """A session is not heard of."""
        self._tell_session(event.session, messages.SessionDisconnectedMessage, until=event.until)

    def on_role_changed(self, event: sessions.SessionRoleChanged) -> None:
        """A session is primary, or is not any more."""
        self._tell_session(event.session, messages.SessionRoleChangedMessage)

    def on_ended(self, event: sessions.SessionEnded) -> None:
        """A session is over; one that moved is so here only."""
        about, project_id = About("sessions", event.session.id), event.session.project_id
        message = session_message(event.session, messages.SessionEndedMessage, reason=event.reason)
        publish = self._hub.publish_here if event.reason == sessions.EndReason.MOVED else self._hub.publish
        publish(project_id, about, message)

    def on_files_moved(self, event: FilesMoved) -> None:
        """Files have other paths."""
        self._hub.publish(event.project_id, About("files"), messages.FileChanged())

    def on_conflict_detected(self, event: ConflictDetected) -> None:
        """There is a new conflict."""
        self._tell_conflict(event.conflict, messages.ConflictDetectedMessage)

    def on_conflict_updated(self, event: ConflictUpdated) -> None:
        """A conflict is in another state."""
        self._tell_conflict(event.conflict, messages.ConflictUpdatedMessage)

    def on_unavailable(self, _event: leases.LeasesUnavailable) -> None:
        """No leases are given out."""
        self._notice("lease.unavailable", UNAVAILABLE)

    def on_available(self, _event: leases.LeasesAvailable) -> None:
        """They are again."""
        self._notice("lease.available", AVAILABLE)

    def on_taken_over(self, event: leases.LeasesTakenOver) -> None:
        """Another node gives out leases."""
        owner = f"Node {event.node!r} gives out leases now." if event.node else "The nodes share their leases again."
        self._notice("lease.taken_over", f"{owner} {event.by} has decided so.")

    def _notice(self, code: str, message: str) -> None:
        self._hub.publish_everywhere(About("notices"), messages.Notice(code=code, message=message))

    def _tell_conflict(self, conflict: Conflict, kind: type[messages.ConflictMessage]) -> None:
        about = About("conflicts", conflict.session_id, file_of(conflict.lock_type, conflict.resource_id))
        message, once = conflict_message(conflict, kind), f"{conflict.id}/{conflict.state}"
        self._hub.publish(conflict.project_id, about, message, once=once)

    def _tell_session(self, session: LiveSession, kind: type[SessionMessage], **more: Any) -> None:
        self._hub.publish(session.project_id, About("sessions", session.id), session_message(session, kind, **more))


def session_message(session: LiveSession, kind: type[SessionMessage], **more: Any) -> SessionMessage:
    """A message of this kind about a session."""
    return kind(
        session_id=session.id,
        user=user_out(session),
        kind=session.kind,
        name=session.name,
        role=session.role,
        state=session.shown_state,
        since=session.since,
        **more,
    )


LEASE_MESSAGES: dict[type[LeaseEvent], tuple[type[LockEvent], tuple[str, ...]]] = {
    leases.LeaseAcquired: (messages.LockAcquired, ("fence", "expires_at", "request_id")),
    leases.LeaseQueued: (messages.LockQueued, ("request_id",)),
    leases.LeaseOffered: (messages.LockOffered, ("fence", "accept_by", "request_id")),
    leases.LeaseRefused: (messages.LockRefused, ("reason", "request_id")),
    leases.LeaseReleased: (messages.LockReleased, ("fence", "reason")),
    leases.LeaseExpired: (messages.LockExpired, ("fence", "reason")),
    leases.LeaseStolen: (messages.LockStolen, ("fence", "reason")),
}
"""The message for each event, and what it takes from it besides what they all have."""


def lease_message(event: LeaseEvent) -> ServerMessage:
    """What is said of something that happened to a lease."""
    kind, fields = LEASE_MESSAGES[type(event)]
    return kind(
        session_id=event.session_id,
        user_name=event.user,
        lock_type=event.lock_type,
        resource_id=event.resource_id,
        mode=event.mode,
        **{
            field: getattr(event, field) or None if field == "request_id" else getattr(event, field) for field in fields
        },
    )


def is_news(event: LeaseEvent) -> bool:
    """Whether the event is none that always answers a request of the session that it is about."""
    if isinstance(event, leases.LeaseRefused):
        return event.reason in ("timeout", "session")
    return not isinstance(event, leases.LeaseAcquired | leases.LeaseQueued | leases.LeaseReleased)


def file_of(lock_type: str, resource_id: str) -> str | None:
    """The path of the file or folder that a lease is about; None for all files and for what is no file."""
    return resource_id if lock_type == LockType.FILE and resource_id != "/" else None
