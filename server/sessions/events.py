"""What happened to sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.sessions.session import LiveSession


@dataclass(frozen=True, slots=True)
class SessionConnected:
    """A session is there: a new one, or one that is back (`resumed`) with all that it still holds."""

    session: LiveSession
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class SessionDisconnected:
    """It is not heard of, or its client switched to another project; it may come back `until` then.

    Without `until` it may come back for as long as the session that its client switched to lives.
    """

    session: LiveSession
    until: datetime | None


@dataclass(frozen=True, slots=True)
class SessionRoleChanged:
    """It is primary now, or secondary."""

    session: LiveSession


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """It is over; `reason` is an `EndReason`. For `moved` it goes on at another node."""

    session: LiveSession
    reason: str


@dataclass(frozen=True, slots=True)
class SessionTakenOver:
    """Another connection goes on with the session: `connection` is to be closed with 4409."""

    session: LiveSession
    connection: int


@dataclass(frozen=True, slots=True)
class Endangered:
    """A lease that was left behind: `resource` is its public name, `sessions` are those who wait for it or have it."""

    lock_type: str
    resource_id: str
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionLeft:
    """A client switched away from `session`, while others wait for what it holds."""

    session: LiveSession
    wanted: tuple[Endangered, ...]


@dataclass(frozen=True, slots=True)
class SessionReturned:
    """A client switched back to `session`: what it left behind is there again, but for what is `lost`."""

    session: LiveSession
    lost: tuple[Endangered, ...]
