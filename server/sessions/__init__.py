"""Sessions: who works in a project now, from which client, and who of them is primary."""

from __future__ import annotations

from server.sessions.errors import InvalidResume, InvalidTransition, SessionNotFound
from server.sessions.events import (
    Endangered,
    SessionConnected,
    SessionDisconnected,
    SessionEnded,
    SessionLeft,
    SessionReturned,
    SessionRoleChanged,
    SessionTakenOver,
)
from server.sessions.keeper import SessionKeeper
from server.sessions.routes import routes
from server.sessions.service import SessionService
from server.sessions.session import (
    Connected,
    EndReason,
    Liveness,
    LiveSession,
    SessionRole,
    SessionState,
    SessionTimes,
)
from server.sessions.watch import SessionWatch

__all__ = [
    "Connected",
    "EndReason",
    "Endangered",
    "InvalidResume",
    "InvalidTransition",
    "LiveSession",
    "Liveness",
    "SessionConnected",
    "SessionDisconnected",
    "SessionEnded",
    "SessionKeeper",
    "SessionLeft",
    "SessionNotFound",
    "SessionReturned",
    "SessionRole",
    "SessionRoleChanged",
    "SessionService",
    "SessionState",
    "SessionTakenOver",
    "SessionTimes",
    "SessionWatch",
    "routes",
]
