"""What happens in a project, told to everybody who is there and may know it, and again to who comes back.

Events of a project are numbered upwards, by the microsecond and never twice: a number of before a restart is smaller
than all that follow, and one of another node is not taken for one of this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from server.gateway.control.client_messages import Topic
from server.gateway.control.messages import ServerMessage
from server.kit.clock import Clock

REMEMBERED, ONCE = 1000, 100
FORGET_AFTER_S = 150.0
"""Longer than a session may be away: whoever comes back in time finds what happened meanwhile."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom an event is for.

    `path` is the file that it is about, if it is about one; `session_id` whose doing it was. `answered` is the lease
    of which that session is told by the answer to its own request.
    """

    topic: Topic
    session_id: str | None = None
    path: str | None = None
    answered: tuple[str, str] | None = None


class Member(Protocol):
    """Somebody at the hub."""

    @property
    def project_id(self) -> str: ...

    @property
    def session_id(self) -> str: ...

    def hears(self, about: About) -> bool:
        """Whether this is for them."""

    def write(self, frame: bytes) -> None:
        """Sends a prepared frame."""

    def write_in_passing(self, frame: bytes) -> None:
        """Sends a prepared frame if there is room for it; nothing is lost if not."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What somebody who comes back is told: the newest event's number, and the frames; with a `gap`, not all."""

    newest: int
    frames: Sequence[bytes] = ()
    gap: bool = False


@dataclass(slots=True)
class Project:
    """The members and the newest events of one project; `empty_since` is when the last member left.

    `told` are those of the newest that are told once only, whichever node they come from.
    """

    newest: int
    told: deque[str] = field(default_factory=lambda: deque(maxlen=ONCE))
    members: dict[Member, None] = field(default_factory=dict)
    ring: deque[tuple[int, About, bytes]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    empty_since: float | None = None

    def missed(self, member: Member, after: int | None) -> Missed:
        """What happened after the event with this number, as far as it is remembered; None asks for nothing."""
        if after is None:
            return Missed(self.newest)
        gap = after != self.newest and all(id != after for id, _, _ in self.ring)
        frames = [frame for id, about, frame in self.ring if id > after and member.hears(about)]
        return Missed(self.newest, frames, gap)


Forward = Callable[[str, About, ServerMessage, str, bool], None]
"""From the arguments of `publish`, and whether it is in passing."""


class ControlHub:
    """All projects that somebody is in, or was a moment ago. `forward` takes what is for other nodes too."""

    def __init__(self, clock: Clock) -> None:
        self.forward: Forward | None = None
        self._clock = clock
        self._projects: dict[str, Project] = {}

    def join(self, member: Member, after: int | None) -> Missed:
        """From now on `member` is told what happens; returns what happened after the event `after`."""
        self._forget()
        project = self._projects.setdefault(member.project_id, Project(self._now()))
        project.empty_since = None
        project.members[member] = None
        return project.missed(member, after)

    def leave(self, member: Member) -> None:
        """`member` is gone. Doing it twice is harmless."""
        project = self._projects.get(member.project_id)
        if project is not None and project.members.pop(member, member) is None and not project.members:
            project.empty_since = self._clock.monotonic()

    def members(self, project_id: str) -> list[Member]:
        """Who is there."""
        project = self._projects.get(project_id)
        return list(project.members) if project else []

    def publish(self, project_id: str, about: About, message: ServerMessage, *, once: str = "") -> None:
        """Tells what happened, here and at the other nodes; with `once`, what has that name only if it is new."""
        if self.publish_here(project_id, about, message, once=once) and self.forward is not None:
            self.forward(project_id, about, message, once, False)

    def publish_here(self, project_id: str, about: About, message: ServerMessage, *, once: str = "") -> bool:
        """Tells what happened, and remembers it; where nobody is, nothing is remembered. False if it was told."""
        project = self._projects.get(project_id)
        if project is None:
            return True
        if once:
            if once in project.told:
                return False
            project.told.append(once)
        project.newest = max(project.newest + 1, self._now())
        frame = message.model_copy(update={"event_id": project.newest}).frame()
        project.ring.append((project.newest, about, frame))
        for member in list(project.members):
            if member.hears(about):
                member.write(frame)
        return True

    def publish_everywhere(self, about: About, message: ServerMessage) -> None:
        """Tells something that is of no project; each node knows by itself."""
        for project_id in list(self._projects):
            self.publish_here(project_id, about, message)

    def pass_on(self, project_id: str, about: About, message: ServerMessage) -> None:
        """Tells something that is outdated with the next of its kind, and not remembered; not to who said it."""
        self.pass_on_here(project_id, about, message)
        if self.forward is not None:
            self.forward(project_id, about, message, "", True)

    def pass_on_here(self, project_id: str, about: About, message: ServerMessage) -> None:
        """The same at this node only."""
        frame = message.frame()
        for member in self.members(project_id):
            if member.session_id != about.session_id and member.hears(about):
                member.write_in_passing(frame)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000)

    def _forget(self) -> None:
        """Lets go of projects that nobody is in any more."""
        before = self._clock.monotonic() - FORGET_AFTER_S
        for project_id, project in list(self._projects.items()):
            if project.empty_since is not None and project.empty_since < before:
                del self._projects[project_id]
