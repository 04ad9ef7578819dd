"""The rules of leases in one project, in memory. `acquire.lua` says the same for Redis: change both, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from server.leases import model
from server.leases.blocking import Wish, blockers, conflict, covered, find_cycle
from server.leases.ledger import Answer, GrantEntry, Ledger, SessionEntry, WaiterEntry
from server.leases.model import (
    Blocker,
    Command,
    Happening,
    Mode,
    Reply,
    Rules,
    State,
    Status,
    Waiter,
)
from server.leases.resource import EVERYTHING
from server.leases.turn import Turn

UPGRADES, OTHERS = "0", "1"
MAX_BLOCKERS = 16
UNTOUCHED = (model.InitEpoch, model.Audit, model.Sweep)


class Engine:
    """Carries out commands on one ledger."""

    def __init__(self, rules: Rules) -> None:
        self.ledger = Ledger()
        self._rules = rules

    def apply(self, command: Command, now: int) -> Reply:
        """The answer to `command` at `now`; time never goes back."""
        ledger = self.ledger
        ledger.clock = now = max(now, ledger.clock)
        if ledger.epoch == 0 and not isinstance(command, model.InitEpoch):
            return Reply(Status.EPOCH, now)
        turn = Turn(ledger, self._rules, now, self._rules.grants_per_call)
        if not isinstance(command, UNTOUCHED):
            turn.sweep(self._rules.due_per_call)
        turn.known = turn.hear(getattr(command, "session", None))
        answer = COMMANDS[type(command)](turn, command)
        first = ledger.due.first()
        return Reply(
            now=now,
            epoch=ledger.epoch,
            events=tuple(turn.events),
            more=len(ledger.unfinished) > 0 or (first is not None and first[0] <= now),
            due=None if first is None else max(0, first[0] - now),
            **answer,
        )


Answered = dict[str, Any]


def _open(turn: Turn, c: model.Open) -> Answered:
    turn.ledger.sessions[c.session] = SessionEntry(c.user, c.window_ms, c.grace_ms, turn.now)
    turn.ledger.due.set(f"s|{c.session}", turn.now + c.window_ms)
    held = (grant for grant in turn.ledger.grants_of(c.session) if grant.state is State.HELD)
    return {"status": Status.OK, "grants": tuple(map(turn.view, held))}


def _beat(turn: Turn, c: model.Beat) -> Answered:
    return {"status": Status.OK, "gone": tuple(session for session in c.sessions if turn.hear(session) is None)}


def _end(turn: Turn, c: model.End) -> Answered:
    if turn.known is None:
        return {"status": Status.NO_SESSION}
    turn.end_session(c.session, failed=False)
    return {"status": Status.OK}


def _acquire(turn: Turn, c: model.Acquire) -> Answered:
    if turn.known is None:
        return {"status": Status.NO_SESSION}
    if before := turn.ledger.answers.get(f"{c.session}|{c.request}"):
        return _again(turn, c, before)
    own = turn.owned(c.path, c.session)
    if (own and own.state is State.OFFERED) or turn.ledger.waiters_of(c.session, c.path):
        return {"status": Status.WAITING}
    if own is None and (full := _full(turn, c)):
        return {"status": Status.FULL, "reason": full}
    upgrade = own is not None and own.mode is Mode.SHARED and c.mode is Mode.EXCLUSIVE
    rank = f"{UPGRADES if upgrade else OTHERS}{turn.ledger.numbers + 1:016d}"
    wish = Wish(c.path, c.session, c.mode, rank)
    answer = _decide(turn, wish, c, upgrade)
    if answer is not None:
        refused = Answer(answer["status"], c.path, turn.now + turn.rules.remember_ms)
        turn.remember(c.session, c.request, refused)
        return answer
    waiter = WaiterEntry(
        rank, c.path, c.session, turn.known.user, c.mode, c.ttl_ms, c.policy, c.request, turn.now, turn.now + c.wait_ms
    )
    return _admit(turn, waiter, wait=not covered(turn.ledger, wish) and _is_blocked(turn, wish))


def _full(turn: Turn, c: model.Acquire) -> str:
    """Whose leases and requests are as many as they may be; roles, of which each session has one, do not count."""
    ledger, rules, own = turn.ledger, turn.rules, f"{c.session}|"
    if not c.path.startswith(EVERYTHING):
        return ""
    if ledger.held_by.count(own) + ledger.waits_of.count(own) >= rules.per_session:
        return "session"
    return "project" if ledger.held.count(EVERYTHING) + ledger.queue.count(EVERYTHING) >= rules.per_project else ""


def _decide(turn: Turn, wish: Wish, c: model.Acquire, upgrade: bool) -> Answered | None:
    """The refusal, if it has to be refused."""
    if covered(turn.ledger, wish):
        return None
    blocked = _is_blocked(turn, wish)
    if blocked and c.wait_ms == 0:
        return {"status": Status.HELD, "blockers": _blockers(turn, wish)}
    if (blocked or upgrade) and (cycle := find_cycle(turn.ledger, wish)):
        return {"status": Status.DEADLOCK, "blockers": _blockers(turn, wish), "cycle": cycle}
    return None


def _admit(turn: Turn, waiter: WaiterEntry, *, wait: bool) -> Answered:
    if not wait:
        return {"status": Status.GRANTED, "grant": turn.view(turn.grant(waiter, State.HELD))}
    turn.ledger.put_waiter(waiter)
    turn.tell(Happening.QUEUED, waiter)
    until = waiter.until + turn.rules.remember_ms
    turn.remember(waiter.session, waiter.request, Answer(Status.QUEUED, waiter.path, until, waiter.rank))
    # Those who have been silent for long lose it now that it is wanted.
    for blocker in list(blockers(turn.ledger, waiter)):
        if isinstance(blocker, GrantEntry):
            turn.look_at_grant(f"{blocker.path}|{blocker.session}")
    return _standing(turn, waiter)


def _standing(turn: Turn, waiter: WaiterEntry) -> Answered:
    """Where somebody in the queue stands."""
    if waiter.rank in turn.ledger.waiters:
        return {
            "status": Status.QUEUED,
            "position": _position(turn, waiter),
            "blockers": _blockers(turn, waiter),
        }
    grant = turn.owned(waiter.path, waiter.session)
    assert grant is not None
    status = Status.OFFERED if grant.state is State.OFFERED else Status.GRANTED
    return {"status": status, "grant": turn.view(grant)}


def _again(turn: Turn, c: model.Acquire, before: Answer) -> Answered:
    """The answer to a request that came before: it may have moved on since, but nothing is done twice."""
    if before.path != c.path:
        return {"status": Status.ENDED, "reason": "reused"}
    if before.status is Status.QUEUED:
        return _standing(turn, turn.ledger.waiters[before.rank])
    if before.status in (Status.GRANTED, Status.OFFERED):
        grant = turn.owned(c.path, c.session)
        if grant is None:
            return {"status": Status.ENDED, "reason": "lost"}
        return {"status": Status.GRANTED if grant.state is State.HELD else Status.OFFERED, "grant": turn.view(grant)}
    return {"status": before.status, "reason": before.reason}


def _holding(turn: Turn, path: str, session: str, fence: int) -> GrantEntry | Answered:
    """The session's grant with this fence, or why not."""
    grant = turn.owned(path, session)
    if grant is None:
        others = (other for other in turn.ledger.overlapping_grants(path) if other.path == path)
        owned = any(other.first <= fence <= other.fence for other in others if other.state is not State.DELAY)
        return {"status": Status.NOT_OWNER if owned else Status.LOST}
    return grant if grant.first <= fence <= grant.fence else {"status": Status.FENCED}


def _release(turn: Turn, c: model.Release) -> Answered:
    grant = _holding(turn, c.path, c.session, c.fence)
    if not isinstance(grant, GrantEntry):
        return grant
    if grant.count > 1:
        grant.count -= 1
        return {"status": Status.OK, "grant": turn.view(grant)}
    turn.end_grant(grant, Happening.RELEASED, "declined" if grant.state is State.OFFERED else "")
    return {"status": Status.OK}


def _extend(turn: Turn, c: model.Extend) -> Answered:
    grant = _holding(turn, c.path, c.session, c.fence)
    if not isinstance(grant, GrantEntry):
        return grant
    if grant.state is State.OFFERED:
        return {"status": Status.LOST}
    grant.ttl, grant.until = c.ttl_ms, turn.now + c.ttl_ms
    turn.look_at_grant(f"{c.path}|{c.session}")
    return {"status": Status.OK, "grant": turn.view(grant)}


def _accept(turn: Turn, c: model.Accept) -> Answered:
    grant = _holding(turn, c.path, c.session, c.fence)
    if not isinstance(grant, GrantEntry):
        return grant
    if grant.state is State.OFFERED:
        grant.state, grant.since, grant.until = State.HELD, turn.now, turn.now + grant.ttl
        turn.look_at_grant(f"{c.path}|{c.session}")
        turn.settle(grant, Status.GRANTED)
        turn.tell(Happening.ACQUIRED, grant)
    return {"status": Status.OK, "grant": turn.view(grant)}


def _cancel(turn: Turn, c: model.Cancel) -> Answered:
    for waiter in turn.ledger.waiters_of(c.session, c.path):
        turn.end_wait(waiter, "cancelled")
        return {"status": Status.OK}
    grant = turn.owned(c.path, c.session)
    if grant is None or grant.state is not State.OFFERED:
        return {"status": Status.LOST}
    turn.end_grant(grant, Happening.RELEASED, "declined")
    return {"status": Status.OK}


def _steal(turn: Turn, c: model.Steal) -> Answered:
    grants = [grant for grant in turn.ledger.overlapping_grants(c.path) if grant.path == c.path]
    taken = [turn.view(grant) for grant in grants if grant.state is not State.DELAY]
    for grant in taken:
        turn.fail_grant(turn.ledger.grants[f"{grant.path}|{grant.session}"], Happening.STOLEN, c.reason)
    return {"status": Status.OK if taken else Status.LOST, "grants": tuple(taken)}


def _check(turn: Turn, c: model.Check) -> Answered:
    newest = 0
    for grant in turn.ledger.overlapping_grants(c.path):
        if grant.path == c.path and grant.state is State.HELD and turn.expires(grant) > turn.now:
            newest = max(newest, grant.fence)
            if grant.first <= c.fence <= grant.fence:
                return {"status": Status.OK, "grant": turn.view(grant)}
    return {"status": Status.FENCED if newest > c.fence else Status.LOST}


def _look(turn: Turn, c: model.Look) -> Answered:
    kind, _, after = c.after.partition("|")
    grants = [] if kind == "w" else turn.ledger.page_of_grants(c.path, after, c.limit)
    waiters = islice(_waiting(turn, c.path, after if kind == "w" else ""), c.limit - len(grants))
    return {"status": Status.OK, "grants": tuple(map(turn.view, grants)), "waiters": tuple(waiters)}


def _waiting(turn: Turn, path: str, after: str) -> Iterator[Waiter]:
    """Those who wait for what overlaps `path`, after the rank `after`."""
    positions: Counter[str] = Counter()
    for w in turn.ledger.overlapping_waiters(path):
        positions[w.path] += 1
        if w.rank > after:
            yield Waiter(w.path, w.session, w.user, w.mode, w.rank, w.since, w.until, w.request, positions[w.path])


def _sweep(turn: Turn, c: model.Sweep) -> Answered:
    turn.sweep(c.limit)
    return {"status": Status.OK}


def _audit(turn: Turn, _c: model.Audit) -> Answered:
    return {"status": Status.OK, "faults": tuple(turn.ledger.faults())}


def _init_epoch(turn: Turn, c: model.InitEpoch) -> Answered:
    if c.epoch > turn.ledger.epoch:
        turn.ledger.epoch = c.epoch
        for root in c.roots if c.delay_ms else ():
            turn.close(root, "", Mode.EXCLUSIVE, c.delay_ms)
    return {"status": Status.OK}


def _is_blocked(turn: Turn, wish: Wish) -> bool:
    return next(blockers(turn.ledger, wish), None) is not None


def _blockers(turn: Turn, wish: Wish | WaiterEntry) -> tuple[Blocker, ...]:
    found = []
    for blocker in blockers(turn.ledger, wish):
        state = blocker.state if isinstance(blocker, GrantEntry) else "waiting"
        found.append(Blocker(blocker.path, blocker.session, blocker.user, blocker.mode, state))
        if len(found) == MAX_BLOCKERS:
            break
    return tuple(found)


def _position(turn: Turn, waiter: WaiterEntry) -> int:
    """1 for whoever is next."""
    return 1 + sum(
        other.rank < waiter.rank and conflict(waiter.mode, waiter.session, other.mode, other.session)
        for other in turn.ledger.overlapping_waiters(waiter.path)
    )


COMMANDS: dict[type, Callable[[Turn, Any], Answered]] = {
    model.Open: _open,
    model.Beat: _beat,
    model.End: _end,
    model.Acquire: _acquire,
    model.Release: _release,
    model.Extend: _extend,
    model.Accept: _accept,
    model.Cancel: _cancel,
    model.Steal: _steal,
    model.Check: _check,
    model.Look: _look,
    model.Sweep: _sweep,
    model.Audit: _audit,
    model.InitEpoch: _init_epoch,
}
