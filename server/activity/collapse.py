"""Keeps repetitions out of the log, so that nobody fills the disk with them.

What was denied or has failed is kept the first time; what repeats it (same actor, address, resource and action) within
a minute is counted, and the count is one more row when the minute is over. Somebody who tries ever other resources is
soon counted whatever the resource, and when ever others try, they are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from server.activity.chain import timestamp
from server.activity.model import Note, canonical
from server.kit.audit import Outcome
from server.kit.clock import Clock

WINDOW_S = 60
ROWS_PER_ACTOR = 30
ROWS = 1000
ANY = "*"
ONCE = frozenset({"document.opened", "file.read", "quarantine.viewed"})
"""Looking, which people do again and again: kept once a minute, not counted, and no answer waits for it."""

LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class _Window:
    """A minute that began with `first`, and how often that was repeated in it."""

    first: Note
    until: float
    repeats: int = 0


class Collapser:
    """Says of each note whether it is kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Both in the order in which they end: all windows are equally long.
        self._windows: dict[Note, _Window] = {}
        self._once: dict[Note, float] = {}
        self._rows: Counter[tuple[str, str]] = Counter()

    def admit(self, note: Note) -> bool:
        """Whether `note` is to be written; take `ended` before it."""
        if note.outcome != Outcome.DONE:
            return self._is_first(note)
        return note.action not in ONCE or self._is_new(note)

    def ended(self) -> Iterator[Note]:
        """The counts of the windows that are over."""
        now = self._clock.monotonic()
        while self._once and next(iter(self._once.values())) <= now:
            del self._once[next(iter(self._once))]
        while self._windows and next(iter(self._windows.values())).until <= now:
            yield from self._end(next(iter(self._windows)))

    def close(self) -> Iterator[Note]:
        """The counts of all windows."""
        while self._windows:
            yield from self._end(next(iter(self._windows)))

    def _is_new(self, note: Note) -> bool:
        key, known = _key(note), len(self._once)
        self._once.setdefault(key, self._clock.monotonic() + WINDOW_S)
        return len(self._once) > known

    def _is_first(self, note: Note) -> bool:
        for key, may_have_row in self._keys(note):
            if key in self._windows:
                self._windows[key].repeats += 1
                return False
            if may_have_row:
                break
        self._windows[key] = _Window(note, self._clock.monotonic() + WINDOW_S)
        self._rows[_actor(key)] += 1
        return True

    def _keys(self, note: Note) -> Iterator[tuple[Note, bool]]:
        """What `note` may be a repetition of, from the same to the similar, and whether that may have a row of its own.

        There are few actions, so the last one always may.
        """
        same, room = _key(note), len(self._windows) < ROWS
        yield same, room and self._rows[_actor(same)] < ROWS_PER_ACTOR
        similar = replace(same, resource=ANY)
        yield similar, room
        yield replace(similar, actor_id=ANY, actor_name=ANY, actor_kind=ANY, token_id=ANY, address=ANY), True

    def _end(self, key: Note) -> Iterator[Note]:
        window = self._windows.pop(key)
        self._rows[_actor(key)] -= 1
        if not self._rows[_actor(key)]:
            del self._rows[_actor(key)]
        if window.repeats:
            detail = {"repeats": window.repeats, "since": timestamp(window.first.at)}
            yield replace(key, at=self._clock.now(), detail=canonical(detail))


def _key(note: Note) -> Note:
    """The same for a note and its repetitions."""
    return replace(note, at=LONG_AGO, detail="")


def _actor(note: Note) -> tuple[str, str]:
    return note.actor_id, note.address
