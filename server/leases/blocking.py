"""Who has to wait for whom.

A request waits for the grants that overlap and conflict with it, and for the conflicting requests before it: first
come, first served, so that nobody waits for ever. Only an upgrade goes before everybody, since those who wait, wait for
its shared lease anyway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from server.leases.ledger import GrantEntry, Ledger, WaiterEntry
from server.leases.model import DELAY, Mode, State


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody's request with its place in the queue."""

    path: str
    session: str
    mode: Mode
    rank: str


def conflict(one: Mode, session: str, other: Mode, other_session: str) -> bool:
    """Whether two overlapping grants or requests exclude each other; a lock delay does not concern who caused it."""
    return Mode.EXCLUSIVE in (one, other) and session.removeprefix(DELAY) != other_session.removeprefix(DELAY)


def blockers(ledger: Ledger, wish: Wish | WaiterEntry) -> Iterator[GrantEntry | WaiterEntry]:
    """What `wish` waits for: grants first, then those who come before it."""
    for grant in ledger.overlapping_grants(wish.path):
        if conflict(wish.mode, wish.session, grant.mode, grant.session):
            yield grant
    for waiter in ledger.overlapping_waiters(wish.path):
        if waiter.rank >= wish.rank:
            return
        if conflict(wish.mode, wish.session, waiter.mode, waiter.session):
            yield waiter


def covered(ledger: Ledger, wish: Wish) -> bool:
    """Whether a lease of the session's own, on the path or above it, excludes all that `wish` would exclude."""
    return any(
        grant.session == wish.session
        and grant.state is State.HELD
        and len(grant.path) <= len(wish.path)
        and wish.mode in (grant.mode, Mode.SHARED)
        for grant in ledger.overlapping_grants(wish.path)
    )


def is_wanted(ledger: Ledger, grant: GrantEntry) -> bool:
    """Whether somebody else waits for something that `grant` excludes."""
    return any(
        conflict(grant.mode, grant.session, waiter.mode, waiter.session)
        for waiter in ledger.overlapping_waiters(grant.path)
    )


def find_cycle(ledger: Ledger, wish: Wish) -> tuple[str, ...]:
    """The shortest circle of sessions that would wait for each other if `wish` were in the queue, the wisher first."""
    if not ledger.grants_of(wish.session) and not ledger.waiters_of(wish.session):
        return ()  # nobody can wait for whoever holds nothing and waits for nothing else
    came_from: dict[str, str] = {}
    explored: dict[tuple[str, Mode], str] = {}
    to_visit = deque([wish.session])
    while to_visit:
        session = to_visit.popleft()
        for waits_for in _waits_for(ledger, session, wish, explored):
            if waits_for == wish.session:
                return _way(came_from, wish.session, session)
            if waits_for not in came_from:
                came_from[waits_for] = session
                to_visit.append(waits_for)
    return ()


def _way(came_from: dict[str, str], start: str, end: str) -> tuple[str, ...]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))


def _waits_for(ledger: Ledger, session: str, wish: Wish, explored: dict[tuple[str, Mode], str]) -> Iterator[str]:
    """The sessions that `session` waits for, as if `wish` were in the queue; those in the last places first.

    Who is further ahead in the same queue waits for nobody else: it is not `explored` again.
    """
    for waiter in ledger.waiters_of(session):
        if waiter.rank < explored.get((waiter.path, waiter.mode), ""):
            continue
        explored[waiter.path, waiter.mode] = waiter.rank
        overtaken = wish.rank < waiter.rank and _overlap(wish.path, waiter.path)
        if overtaken and conflict(wish.mode, wish.session, waiter.mode, waiter.session):
            yield wish.session
        yield from (blocker.session for blocker in reversed(list(blockers(ledger, waiter))))
    if session == wish.session:
        yield from (blocker.session for blocker in reversed(list(blockers(ledger, wish))))


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
