"""Who reacts to what: the one page that says which handler follows which event."""

from __future__ import annotations

from typing import get_args

from server.access import AccessChanged, TokenRevoked
from server.activity import Recorder
from server.conflicts import ConflictDetected, ConflictService, ConflictUpdated
from server.documents import DocumentRemoved
from server.files import FilesMoved
from server.gateway import ControlGateway, SyncGateway
from server.kit.audit import Act
from server.kit.events import EventBus
from server.leases import (
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
    LockType,
)
from server.live import LiveWriter
from server.projects import ProjectDeleted
from server.rooms import RoomRegistry
from server.sessions import (
    SessionConnected,
    SessionDisconnected,
    SessionEnded,
    SessionLeft,
    SessionReturned,
    SessionRoleChanged,
    SessionTakenOver,
    SessionWatch,
)


def connect(events: EventBus, *, rooms: RoomRegistry, gateway: SyncGateway, recorder: Recorder) -> None:
    """Subscribes every handler."""
    events.subscribe(Act, recorder.record)
    events.subscribe(TokenRevoked, gateway.on_token_revoked)
    events.subscribe(AccessChanged, gateway.on_access_changed)
    events.subscribe(FilesMoved, gateway.on_files_moved)
    events.subscribe(DocumentRemoved, lambda event: rooms.drop(event.document_id))
    events.subscribe(ProjectDeleted, lambda event: rooms.drop_project(event.project_id))


def connect_control(events: EventBus, control: ControlGateway) -> None:
    """Subscribes what the control channel tells; last, so that the others have done what is to be done."""
    tell = control.announcer
    for lease_event in (*LEASE_EVENTS, LeaseQueued):
        events.subscribe(lease_event, tell.on_lease)
    events.subscribe(LeasesUnavailable, tell.on_unavailable)
    events.subscribe(LeasesAvailable, tell.on_available)
    events.subscribe(LeasesTakenOver, tell.on_taken_over)
    events.subscribe(SessionConnected, tell.on_connected)
    events.subscribe(SessionDisconnected, tell.on_disconnected)
    events.subscribe(SessionRoleChanged, tell.on_role_changed)
    events.subscribe(SessionEnded, tell.on_ended)
    events.subscribe(ConflictDetected, tell.on_conflict_detected)
    events.subscribe(ConflictUpdated, tell.on_conflict_updated)
    events.subscribe(FilesMoved, tell.on_files_moved)
    events.subscribe(SessionTakenOver, control.on_session_taken_over)
    events.subscribe(SessionEnded, control.on_session_ended)


LEASE_EVENTS = (LeaseAcquired, LeaseOffered, LeaseRefused, LeaseReleased, LeaseExpired, LeaseStolen)
OWNERS_CHANGE = (LeaseAcquired, LeaseReleased, LeaseExpired, LeaseStolen)
SessionEvent = SessionConnected | SessionDisconnected | SessionRoleChanged | SessionEnded


def connect_sessions(events: EventBus, *, sessions: SessionWatch, conflicts: ConflictService, live: LiveWriter) -> None:
    """Subscribes the handlers of sessions, conflicts and live documents."""
    for lease_event in LEASE_EVENTS:
        events.subscribe(lease_event, sessions.on_lease)
    events.subscribe(LeaseSessionExpired, sessions.on_lease_session_expired)
    events.subscribe(LeasesAvailable, lambda _: sessions.on_leases_available())
    events.subscribe(TokenRevoked, sessions.on_token_revoked)
    events.subscribe(AccessChanged, sessions.on_access_changed)
    events.subscribe(ProjectDeleted, lambda event: sessions.on_project_deleted(event.project_id))

    events.subscribe(LeaseRefused, conflicts.on_lease_refused)
    events.subscribe(LeaseAcquired, conflicts.on_lease_acquired)
    events.subscribe(SessionEnded, conflicts.on_session_ended)
    events.subscribe(SessionLeft, conflicts.on_session_left)
    events.subscribe(SessionReturned, conflicts.on_session_returned)

    def lease_changed(event: LeaseEvent) -> None:
        if event.lock_type != LockType.ROLE:
            live.changed(event.project_id)

    for owner_event in OWNERS_CHANGE:
        events.subscribe(owner_event, lease_changed)

    def session_changed(event: SessionEvent) -> None:
        live.changed(event.session.project_id)

    def conflict_changed(event: ConflictDetected | ConflictUpdated) -> None:
        live.changed(event.conflict.project_id)

    for session_event in get_args(SessionEvent):
        events.subscribe(session_event, session_changed)
    events.subscribe(ConflictDetected, conflict_changed)
    events.subscribe(ConflictUpdated, conflict_changed)
