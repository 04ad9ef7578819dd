"""One project's leases in memory, with the indices that make them quick to find. It knows no rules."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from server.leases.model import DELAY, Mode, Policy, State, Status

LAST = "\U0010ffff"


@dataclass(slots=True)
class SessionEntry:
    """A session: when it was heard of last, and how long it may be silent."""

    user: str
    window: int
    grace: int
    last: int


@dataclass(slots=True)
class GrantEntry:
    """A grant; `until` is its end not counting what its session's heartbeats add."""

    path: str
    session: str
    user: str
    mode: Mode
    state: State
    until: int
    since: int
    fence: int = 0
    first: int = 0
    count: int = 1
    ttl: int = 0
    policy: Policy = Policy.RELEASE_IF_WANTED
    request: str = ""
    asked: int = 0


@dataclass(slots=True)
class WaiterEntry:
    """Somebody who waits."""

    rank: str
    path: str
    session: str
    user: str
    mode: Mode
    ttl: int
    policy: Policy
    request: str
    since: int
    until: int


@dataclass(slots=True)
class Answer:
    """What is remembered of a request: its last answer, and where to look for more."""

    status: Status
    path: str
    until: int
    rank: str = ""
    reason: str = ""


class Lex:
    """A set of strings in order, found by prefix: Redis's sorted set with equal scores."""

    def __init__(self) -> None:
        self._members: list[str] = []

    def add(self, member: str) -> None:
        at = bisect_left(self._members, member)
        if self._members[at : at + 1] != [member]:
            self._members.insert(at, member)

    def discard(self, member: str) -> None:
        at = bisect_left(self._members, member)
        if self._members[at : at + 1] == [member]:
            del self._members[at]

    def starting(self, prefix: str) -> list[str]:
        """The members that start with `prefix`, in order."""
        start = end = bisect_left(self._members, prefix)
        while end < len(self._members) and self._members[end].startswith(prefix):
            end += 1
        return self._members[start:end]

    def count(self, prefix: str) -> int:
        """How many members start with `prefix`."""
        return bisect_left(self._members, prefix + LAST) - bisect_left(self._members, prefix)

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


class Timers:
    """Names with the time at which to look at each: Redis's sorted set by time, then name."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def set(self, name: str, at: int) -> None:
        self.at[name] = at
        heapq.heappush(self._heap, (at, name))

    def drop(self, name: str) -> None:
        self.at.pop(name, None)

    def first(self) -> tuple[int, str] | None:
        """The earliest, if any; what was changed or dropped meanwhile is thrown away on the way."""
        while self._heap and self.at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None


@dataclass(slots=True)
class Ledger:
    """Everything that is known of one project's leases."""

    epoch: int = 0
    fences: int = 0
    numbers: int = 0
    clock: int = 0
    sessions: dict[str, SessionEntry] = field(default_factory=dict)
    grants: dict[str, GrantEntry] = field(default_factory=dict)
    waiters: dict[str, WaiterEntry] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    held: Lex = field(default_factory=Lex)
    held_by: Lex = field(default_factory=Lex)
    queue: Lex = field(default_factory=Lex)
    waits_of: Lex = field(default_factory=Lex)
    due: Timers = field(default_factory=Timers)
    unfinished: Lex = field(default_factory=Lex)

    def put_grant(self, grant: GrantEntry) -> None:
        """Adds a grant, or puts it in the place of the session's former one on the same path."""
        key = f"{grant.path}|{grant.session}"
        self.grants[key] = grant
        self.held.add(key)
        self.held_by.add(f"{grant.session}|{grant.path}")
        self.due.set(f"g|{key}", grant.until)

    def drop_grant(self, grant: GrantEntry) -> None:
        key = f"{grant.path}|{grant.session}"
        del self.grants[key]
        self.held.discard(key)
        self.held_by.discard(f"{grant.session}|{grant.path}")
        self.due.drop(f"g|{key}")

    def grant_of(self, path: str, session: str) -> GrantEntry | None:
        return self.grants.get(f"{path}|{session}")

    def grants_of(self, session: str) -> list[GrantEntry]:
        """A session's grants, by path."""
        return [self.grants[_turned(member)] for member in self.held_by.starting(f"{session}|")]

    def overlapping_grants(self, path: str) -> Iterator[GrantEntry]:
        """Grants on `path`, above it and below it, from the top down."""
        for prefix in _prefixes(path):
            for key in self.held.starting(prefix):
                yield self.grants[key]

    def page_of_grants(self, path: str, after: str, limit: int) -> list[GrantEntry]:
        """At most `limit` grants that overlap `path`, by key, those after the key `after`."""
        ranges = _ranges(path)
        if after and not after.startswith(ranges):
            return []
        keys = (key for prefix in ranges for key in self.held.starting(prefix) if key > after)
        return [self.grants[key] for key in islice(keys, limit)]

    def put_waiter(self, waiter: WaiterEntry) -> None:
        self.waiters[waiter.rank] = waiter
        self.queue.add(f"{waiter.path}|{waiter.rank}")
        self.waits_of.add(f"{waiter.session}|{waiter.path}|{waiter.rank}")
        self.due.set(f"w|{waiter.rank}", waiter.until)

    def drop_waiter(self, waiter: WaiterEntry) -> None:
        del self.waiters[waiter.rank]
        self.queue.discard(f"{waiter.path}|{waiter.rank}")
        self.waits_of.discard(f"{waiter.session}|{waiter.path}|{waiter.rank}")
        self.due.drop(f"w|{waiter.rank}")

    def waiters_of(self, session: str, path: str = "") -> list[WaiterEntry]:
        """A session's waiters, on `path` only if it is given."""
        prefix = f"{session}|{path}|" if path else f"{session}|"
        return [self.waiters[member.rpartition("|")[2]] for member in self.waits_of.starting(prefix)]

    def overlapping_waiters(self, path: str) -> list[WaiterEntry]:
        """Those who wait for `path`, for something above it or below it, in their order."""
        ranks = [key.rpartition("|")[2] for prefix in _ranges(path) for key in self.queue.starting(prefix)]
        return [self.waiters[rank] for rank in sorted(ranks)]

    def faults(self) -> list[str]:
        """Every disagreement between an index and what it is made of."""
        grants, waiters = self.grants.values(), self.waiters.values()
        expected = {
            "held": sorted(f"{g.path}|{g.session}" for g in grants),
            "held_by": sorted(f"{g.session}|{g.path}" for g in grants),
            "queue": sorted(f"{w.path}|{w.rank}" for w in waiters),
            "waits_of": sorted(f"{w.session}|{w.path}|{w.rank}" for w in waiters),
        }
        faults = [f"index {name}" for name, members in expected.items() if list(getattr(self, name)) != members]
        timers = {f"g|{key}" for key in self.grants} | {f"w|{rank}" for rank in self.waiters}
        timers |= {f"s|{session}" for session in self.sessions} | {f"r|{key}" for key in self.answers}
        if timers != set(self.due.at):
            faults.append("index due")
        strangers = {g.session for g in grants if not g.session.startswith(DELAY)} | {w.session for w in waiters}
        return faults + [f"no session {session}" for session in sorted(strangers - set(self.sessions))]


def _prefixes(path: str) -> Iterator[str]:
    """What the keys of everything that overlaps `path` start with."""
    at = path.find("/")
    while at >= 0:
        yield f"{path[:at]}|"
        at = path.find("/", at + 1)
    yield f"{path}|"
    yield f"{path}/"


def _ranges(path: str) -> tuple[str, ...]:
    """The same in the order of the keys; everything for ""."""
    return tuple(reversed(list(_prefixes(path)))) if path else ("",)


def _turned(member: str) -> str:
    session, _, path = member.partition("|")
    return f"{path}|{session}"
