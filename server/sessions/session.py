"""A session, and the two axes of its life: what has become of it, and whether it is heard of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.access import Kind


class SessionState(StrEnum):
    """What has become of a session."""

    CREATED = "created"
    ACTIVE = "active"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMPLETED = "completed"
    FAILED = "failed"
    TERMINATED = "terminated"


_ENDS = frozenset({SessionState.COMPLETED, SessionState.FAILED, SessionState.TERMINATED})

TRANSITIONS: Mapping[SessionState, frozenset[SessionState]] = {
    SessionState.CREATED: frozenset({SessionState.ACTIVE}) | _ENDS,
    SessionState.ACTIVE: frozenset({SessionState.PAUSED}) | _ENDS,
    SessionState.PAUSED: frozenset({SessionState.RESUMED}) | _ENDS,
    SessionState.RESUMED: frozenset({SessionState.ACTIVE}) | _ENDS,
    SessionState.COMPLETED: frozenset(),
    SessionState.FAILED: frozenset(),
    SessionState.TERMINATED: frozenset(),
}
"""Where each state may lead; every change of a session's state is checked against this table."""


def sources(state: SessionState) -> list[SessionState]:
    """The states that may lead to `state`."""
    return sorted(before for before, following in TRANSITIONS.items() if state in following)


class Liveness(StrEnum):
    """Whether a session is heard of."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    DISCONNECTED = "disconnected"
    EXPIRED = "expired"


class SessionRole(StrEnum):
    """One session of each project is primary; the others follow in the order in which they came."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class EndReason(StrEnum):
    """Why a session ended."""

    LEFT = "left"
    ENDED_BY_OTHER = "ended_by_other"
    EXPIRED = "expired"
    ACCESS = "access"
    PROJECT_DELETED = "project_deleted"
    MOVED = "moved"


ENDS_AS: Mapping[EndReason, SessionState] = {
    EndReason.LEFT: SessionState.COMPLETED,
    EndReason.ENDED_BY_OTHER: SessionState.TERMINATED,
    EndReason.EXPIRED: SessionState.FAILED,
    EndReason.ACCESS: SessionState.TERMINATED,
    EndReason.PROJECT_DELETED: SessionState.TERMINATED,
}
"""The last state by reason; a session that only moved to another node goes on."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A stretch of somebody's work in one project, as it is now.

    `since` is when it was connected first. `line` names the sessions between which one client switches; only one of
    them is active at a time. `token_id` is what its user signed in with.
    """

    id: str
    project_id: str
    user_id: str
    user_name: str
    hue: int
    kind: Kind
    name: str
    role: SessionRole
    state: SessionState
    liveness: Liveness
    since: datetime
    line: str
    token_id: str | None = None

    @property
    def group(self) -> str:
        """The sessions that share leases and the primary role: those of one project."""
        return self.project_id

    @property
    def shown_state(self) -> str:
        """One word for people: `active`, `disconnected` or `paused`."""
        return self.state if self.state is SessionState.PAUSED else self.liveness


@dataclass(frozen=True, slots=True)
class Connected:
    """What a client gets: its session and the token with which it comes back.

    `connection` tells this connection from others of the same session: hand it to `SessionService.disconnect`.
    """

    session: LiveSession
    resume_token: str
    resumed: bool
    connection: int


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How often a session has to be heard of, and for how long it may be silent; in seconds.

    It is `disconnected` after `silent_s`, and over after `window_s`.
    """

    heartbeat_s: float = 15.0
    silent_s: float = 30.0
    window_s: float = 120.0
