"""The sessions whose clients are, or were just now, connected to this node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from server.access import Principal
from server.leases import Lease
from server.sessions.session import Liveness, LiveSession, SessionState


@dataclass(slots=True)
class Present:
    """A session of this node.

    `connection` 0 is none. `announced` says that others know of it; `left_behind` is what it held when its client
    switched to another project.
    """

    session: LiveSession
    principal: Principal
    heard_at: float
    connection: int
    announced: bool = False
    left_behind: tuple[Lease, ...] = ()

    @property
    def paused(self) -> bool:
        return self.session.state is SessionState.PAUSED

    @property
    def active(self) -> bool:
        """Whether it is connected and heard of, or just connecting."""
        return self.session.liveness in (Liveness.CONNECTING, Liveness.ACTIVE) and not self.paused

    def change(self, **fields: Any) -> LiveSession:
        """The session with other values in `fields`."""
        self.session = replace(self.session, **fields)
        return self.session


class Attendance:
    """Sessions of this node by id."""

    def __init__(self) -> None:
        self._present: dict[str, Present] = {}
        self._connections = 0

    def enter(self, session: LiveSession, principal: Principal, now: float) -> Present:
        """A session is here now."""
        present = Present(session, principal, now, self.next_connection())
        self._present[session.id] = present
        return present

    def next_connection(self) -> int:
        """A number that no connection had before."""
        self._connections += 1
        return self._connections

    def get(self, id: str) -> Present | None:
        return self._present.get(id)

    def remove(self, id: str) -> Present | None:
        """It is here no more."""
        return self._present.pop(id, None)

    def of_project(self, project_id: str) -> list[Present]:
        """A project's sessions, the primary one first, then in the order in which they came, or came back."""
        found = [present for present in self if present.session.project_id == project_id]
        return sorted(found, key=lambda present: present.session.role)

    def paused_in(self, line: str, project_id: str | None = None) -> list[Present]:
        """The paused sessions (of one project) between which one client switches."""
        return [
            present
            for present in self
            if present.paused and present.session.line == line and project_id in (None, present.session.project_id)
        ]

    def __iter__(self) -> Iterator[Present]:
        return iter(list(self._present.values()))

    def __len__(self) -> int:
        return len(self._present)
