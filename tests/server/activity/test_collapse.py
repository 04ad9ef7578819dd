"""Repetitions stay out of the log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.activity.collapse import ANY, ROWS, ROWS_PER_ACTOR, WINDOW_S, Collapser
from server.activity.model import Note, note
from server.kit.audit import Act, Actor, Outcome
from server.kit.clock import ManualClock
from tests.support.activity import MIA, act, denied


class Log:
    """What a collapser lets through, on a clock moved by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.collapser = Collapser(self.clock)
        self.kept: list[Note] = []

    def record(self, *acts: Act) -> int:
        """Offers acts; how many are kept, with the counts that end meanwhile."""
        before = len(self.kept)
        for one in acts:
            self.kept += self.collapser.ended()
            taken = note(one, self.clock.now())
            if self.collapser.admit(taken):
                self.kept.append(taken)
        return len(self.kept) - before

    def wait(self) -> list[Note]:
        """Lets a minute go by; the counts that end."""
        self.clock.advance(WINDOW_S)
        return list(self.collapser.ended())


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.FAILED])
def test_a_denial_is_kept_once_and_counted(log: Log, outcome: Outcome) -> None:
    """The first is kept at once; how often it was repeated is one row at the end of the minute."""
    assert log.record(*[replace(denied(), outcome=outcome)] * 1000) == 1
    [count] = log.wait()
    assert count.detail == '{"repeats":999,"since":"2026-01-01T00:00:00.000000Z"}'
    assert (count.actor_id, count.resource, count.action) == (MIA.id, "file/a.txt", "access.denied")
    assert (count.at, count.outcome) == (log.clock.now(), outcome)
    assert log.wait() == []


def test_a_denial_alone_has_no_count(log: Log) -> None:
    """Nothing is said of what did not happen."""
    log.record(denied())
    assert log.wait() == []


def test_the_next_minute_begins_anew(log: Log) -> None:
    """Whoever goes on is kept once a minute."""
    for _ in range(3):
        assert log.record(denied(), denied()) == 1
        assert len(log.wait()) == 1


@pytest.mark.parametrize(
    "other",
    [
        denied("file/b.txt"),
        denied(project="p"),
        replace(denied(), action="session.refused"),
        denied(actor=replace(MIA, id="user:2")),
        denied(actor=replace(MIA, address="192.0.2.2")),
    ],
)
def test_what_differs_is_kept(log: Log, other: Act) -> None:
    """Another resource, project, action, actor or address is another denial."""
    assert log.record(denied(), other) == 2


def test_what_is_done_is_always_kept(log: Log) -> None:
    """Only what did not succeed is collapsed."""
    assert log.record(*[act()] * 10) == 10


def test_ever_other_resources(log: Log) -> None:
    """Who tries resource after resource is soon counted whatever the resource; others are not affected."""
    assert log.record(*(denied(f"file/{number}") for number in range(10_000))) == ROWS_PER_ACTOR + 1
    assert log.record(denied(actor=replace(MIA, id="user:2"))) == 1
    counts = log.wait()
    assert [(count.resource, count.actor_id) for count in counts] == [(ANY, MIA.id)]
    assert f'"repeats":{10_000 - ROWS_PER_ACTOR - 1}' in counts[0].detail
    assert log.record(denied("file/again")) == 1


def test_ever_other_actors(log: Log) -> None:
    """When very many try, the log does not grow with them."""
    attackers = (
        Actor("anonymous", f"Guest {number}", "person", address=f"2001:db8::{number:x}") for number in range(5000)
    )
    assert log.record(*(denied(actor=attacker) for attacker in attackers)) == ROWS + 1
    counts = log.wait()
    assert [(count.actor_id, count.actor_name, count.address) for count in counts] == [(ANY, ANY, ANY)]
    assert f'"repeats":{5000 - ROWS - 1}' in counts[0].detail


def test_opening_a_document_is_kept_once_a_minute(log: Log) -> None:
    """A client that reconnects again and again has opened the document once."""
    opened = act("document.opened", "p", "file/a.txt")
    assert log.record(*[opened] * 100) == 1
    assert log.record(replace(opened, resource="file/b.txt"), replace(opened, actor=replace(MIA, id="user:2"))) == 2
    assert log.wait() == []
    assert log.record(opened) == 1


def test_closing_tells_the_counts(log: Log) -> None:
    """Nothing that was counted is forgotten at the end."""
    log.record(denied(), denied())
    assert len(list(log.collapser.close())) == 1
    assert list(log.collapser.close()) == []


def test_nothing_is_remembered_for_long(log: Log) -> None:
    """A minute later all memory is free again."""
    log.record(*(denied(f"file/{number}") for number in range(100)), act("document.opened"))
    log.wait()
    assert not any(vars(log.collapser)[name] for name in ("_windows", "_once", "_rows"))
