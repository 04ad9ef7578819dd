from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from server.gateway.control.hub import FORGET_AFTER_S, REMEMBERED, About, ControlHub
from server.gateway.control.messages import Notice
from server.kit.clock import ManualClock

NOTICES = About("notices")


@dataclass(eq=False)
class Listener:
    """A member that hears what it should."""

    project_id: str = "p"
    session_id: str = "s"
    deaf: bool = False
    frames: list[bytes] = field(default_factory=list)

    def hears(self, about: About) -> bool:
        return not self.deaf and about.path != "secret"

    def write(self, frame: bytes) -> None:
        self.frames.append(frame)

    def write_in_passing(self, frame: bytes) -> None:
        self.frames.append(frame)

    @property
    def told(self) -> list[str]:
        return [message["code"] for message in map(read, self.frames)]


def read(frame: bytes) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(frame[frame.index(b"{") :])
    return message


def notice(code: str) -> Notice:
    return Notice(code=code, message="something")


def test_members_are_told() -> None:
    """Those of the project, who hear it; nobody else."""
    hub = ControlHub(ManualClock())
    one, deaf, elsewhere = Listener(), Listener(deaf=True), Listener("q")
    for member in (one, deaf, elsewhere):
        hub.join(member, None)
    hub.publish("p", NOTICES, notice("a"))
    hub.leave(one)
    hub.publish("p", NOTICES, notice("b"))
    assert (one.told, deaf.told, elsewhere.told) == (["a"], [], [])


def test_who_comes_back_is_told_what_was_missed() -> None:
    """From the event that it knows, without a gap, and only what it may know."""
    hub = ControlHub(ManualClock())
    hub.join(Listener(), None)
    hub.publish("p", NOTICES, notice("a"))
    known = hub.join(Listener(), None).newest
    hub.publish("p", NOTICES, notice("b"))
    hub.publish("p", About("leases", path="secret"), notice("c"))
    hub.publish("p", NOTICES, notice("d"))
    missed = hub.join(Listener(), known)
    assert [read(frame)["code"] for frame in missed.frames] == ["b", "d"]
    assert not missed.gap
    assert missed.newest == read(missed.frames[-1])["event_id"]


def test_numbers_grow_while_the_clock_stands_still() -> None:
    """And after a restart they are greater than before."""
    clock = ManualClock()
    listener = Listener()
    hub = ControlHub(clock)
    hub.join(listener, None)
    for _ in range(3):
        hub.publish("p", NOTICES, notice("a"))
    numbers = [read(frame)["event_id"] for frame in listener.frames]
    assert numbers == sorted(set(numbers))
    clock.advance(1)
    assert ControlHub(clock).join(Listener(), None).newest > numbers[-1]


def test_a_gap_is_admitted() -> None:
    """What is forgotten, or was numbered elsewhere, is said to be missing."""
    hub = ControlHub(ManualClock())
    first = hub.join(Listener(), None).newest
    for number in range(REMEMBERED + 1):
        hub.publish("p", NOTICES, notice(str(number)))
    missed = hub.join(Listener(), first)
    assert missed.gap
    assert len(missed.frames) == REMEMBERED
    assert ControlHub(ManualClock()).join(Listener(), 12345).gap


def test_an_empty_project_is_forgotten() -> None:
    """But not before everybody had the time to come back."""
    clock = ManualClock()
    hub = ControlHub(clock)
    member = Listener()
    known = hub.join(member, None).newest
    hub.leave(member)
    hub.leave(member)
    hub.publish("p", NOTICES, notice("a"))
    assert len(hub.join(Listener(), known).frames) == 1
    hub.leave(hub.members("p")[0])  # type: ignore[arg-type]
    clock.advance(FORGET_AFTER_S + 1)
    hub.join(Listener("q"), None)
    assert hub.join(Listener(), known).gap


def test_what_passes_is_not_remembered() -> None:
    """Nor told to who said it."""
    hub = ControlHub(ManualClock())
    speaker, other = Listener(session_id="me"), Listener()
    known = hub.join(speaker, None).newest
    hub.join(other, None)
    hub.pass_on("p", About("cursors", "me"), notice("here"))
    assert (speaker.told, other.told) == ([], ["here"])
    assert hub.join(Listener(), known).frames == []
