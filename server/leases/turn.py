"""What one command may set in motion: leases end, the queue moves up, events say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from server.leases.blocking import blockers, is_wanted
from server.leases.ledger import Answer, GrantEntry, Ledger, SessionEntry, WaiterEntry
from server.leases.model import DELAY, Grant, Happening, Mode, Policy, Rules, State, Status, StoreEvent

FENCES_PER_EPOCH = 1 << 32


@dataclass(slots=True)
class Turn:
    """One command at one moment; `known` is the session that gives it, if it lives."""

    ledger: Ledger
    rules: Rules
    now: int
    budget: int
    known: SessionEntry | None = None
    events: list[StoreEvent] = field(default_factory=list)

    # Reading

    def expires(self, grant: GrantEntry) -> int:
        """When it ends unless its session is heard of: each heartbeat counts its time anew."""
        if grant.state is not State.HELD:
            return grant.until
        return max(grant.until, self.ledger.sessions[grant.session].last + grant.ttl)

    def safe(self, grant: GrantEntry) -> int:
        """When somebody else may have it at the earliest."""
        expires = self.expires(grant)
        session = self.ledger.sessions.get(grant.session)
        if session is None or grant.state is not State.HELD:
            return expires
        silent = session.grace if grant.policy is Policy.RELEASE_IF_WANTED else session.window
        return min(expires, session.last + silent, session.last + session.window)

    def view(self, grant: GrantEntry) -> Grant:
        """The grant as answers show it."""
        return Grant(
            path=grant.path,
            session=grant.session,
            user=grant.user,
            mode=grant.mode,
            state=grant.state,
            fence=grant.fence,
            first=grant.first,
            count=grant.count,
            policy=grant.policy,
            ttl=grant.ttl,
            since=grant.since,
            expires=self.expires(grant),
            safe=self.safe(grant),
        )

    def owned(self, path: str, session: str) -> GrantEntry | None:
        """The session's grant on exactly this path, if it has not come to its end."""
        grant = self.ledger.grant_of(path, session)
        return self.ledger.grant_of(path, session) if grant and self._is_over(grant) else grant

    # Telling

    def tell(self, kind: Happening, about: GrantEntry | WaiterEntry, reason: str = "") -> None:
        """Records an event about a grant or a waiter."""
        event: dict[str, Any] = {}
        if isinstance(about, GrantEntry):
            event = {"fence": about.fence, "left": max(0, self.expires(about) - self.now)}
        asked = about.since if isinstance(about, WaiterEntry) else about.asked
        self._number(
            kind=kind,
            session=about.session,
            user=about.user,
            path=about.path,
            mode=about.mode,
            reason=reason,
            waited=self.now - asked,
            request=about.request,
            **event,
        )

    def _number(self, **event: Any) -> None:
        self.ledger.numbers += 1
        self.events.append(StoreEvent(id=self.ledger.epoch * FENCES_PER_EPOCH + self.ledger.numbers, **event))

    def remember(self, session: str, request: str, answer: Answer) -> None:
        """Keeps what a request was answered, for when it comes again."""
        if request:
            key = f"{session}|{request}"
            self.ledger.answers[key] = answer
            self.ledger.due.set(f"r|{key}", answer.until)

    def settle(self, about: GrantEntry | WaiterEntry, status: Status, reason: str = "") -> None:
        """Remembers how a request came out."""
        until = self.now + self.rules.remember_ms
        self.remember(about.session, about.request, Answer(status, about.path, until, reason=reason))

    # Granting

    def grant(self, wish: WaiterEntry, state: State) -> GrantEntry:
        """Gives the session what it asked for: a new lease, or once more or stronger what it has."""
        grant = self.ledger.grant_of(wish.path, wish.session)
        if grant is None:
            grant = self._new_grant(wish, state)
        else:
            grant.count += 1
            if wish.mode is Mode.EXCLUSIVE and grant.mode is Mode.SHARED:
                grant.mode, grant.fence = wish.mode, self._next_fence()
            grant.ttl, grant.policy = max(grant.ttl, wish.ttl), wish.policy
            grant.until = max(grant.until, self.now + wish.ttl)
            grant.request, grant.asked = wish.request, wish.since
        self.ledger.put_grant(grant)
        self.ledger.due.set(f"g|{grant.path}|{grant.session}", self._next_look(grant))
        self.settle(grant, Status.GRANTED if grant.state is State.HELD else Status.OFFERED)
        self.tell(Happening.ACQUIRED if grant.state is State.HELD else Happening.OFFERED, grant)
        return grant

    def _new_grant(self, wish: WaiterEntry, state: State) -> GrantEntry:
        fence = self._next_fence()
        return GrantEntry(
            path=wish.path,
            session=wish.session,
            user=wish.user,
            mode=wish.mode,
            state=state,
            until=self.now + (wish.ttl if state is State.HELD else self.rules.accept_ms),
            since=self.now,
            fence=fence,
            first=fence,
            ttl=wish.ttl,
            policy=wish.policy,
            request=wish.request,
            asked=wish.since,
        )

    def _next_fence(self) -> int:
        self.ledger.fences += 1
        return self.ledger.epoch * FENCES_PER_EPOCH + self.ledger.fences

    def move_up(self, path: str) -> None:
        """Something that overlaps `path` is gone: offers to whoever need not wait any more, in their order."""
        for waiter in self.ledger.overlapping_waiters(path):
            if self.budget == 0:
                self.ledger.unfinished.add(path)
                return
            if next(blockers(self.ledger, waiter), None) is None:
                self.budget -= 1
                self.ledger.drop_waiter(waiter)
                self.grant(waiter, State.OFFERED)

    # Ending

    def end_grant(self, grant: GrantEntry, kind: Happening, reason: str = "") -> None:
        """Ends a grant; whoever waited for it is next."""
        self.tell(kind, grant, reason)
        if grant.state is State.OFFERED:
            self.settle(grant, Status.ENDED, reason)
        self.ledger.drop_grant(grant)
        self.move_up(grant.path)

    def fail_grant(self, grant: GrantEntry, kind: Happening, reason: str) -> None:
        """Ends a lease whose holder may not know it: the resource stays closed for the lock delay."""
        if self.rules.lock_delay_ms == 0 or grant.state is not State.HELD:
            self.end_grant(grant, kind, reason)
            return
        self.tell(kind, grant, reason)
        self.ledger.drop_grant(grant)
        self.close(grant.path, grant.session, grant.mode, self.rules.lock_delay_ms)

    def close(self, path: str, session: str, mode: Mode, delay_ms: int) -> None:
        """Puts a lock delay on `path`, or strengthens the one that is there."""
        before = self.ledger.grant_of(path, DELAY + session)
        if before is not None and before.mode is Mode.EXCLUSIVE:
            mode = before.mode
        until = max(self.now + delay_ms, before.until if before else 0)
        self.ledger.put_grant(GrantEntry(path, DELAY + session, "", mode, State.DELAY, until, self.now))

    def end_wait(self, waiter: WaiterEntry, reason: str) -> None:
        """Takes a waiter out of the queue; those behind may move up."""
        self._leave(waiter, reason)
        self.move_up(waiter.path)

    def _leave(self, waiter: WaiterEntry, reason: str) -> None:
        self.ledger.drop_waiter(waiter)
        self.settle(waiter, Status.ENDED, reason)
        self.tell(Happening.REFUSED, waiter, reason)

    def end_session(self, session: str, *, failed: bool) -> None:
        """Ends a session with all it holds and waits for; `failed` if it has not done so itself."""
        waiters = self.ledger.waiters_of(session)
        for waiter in waiters:  # all of them first: what one leaves must not be offered to the other
            self._leave(waiter, "session")
        for waiter in waiters:
            self.move_up(waiter.path)
        for grant in self.ledger.grants_of(session):
            if failed:
                self.fail_grant(grant, Happening.EXPIRED, "session")
            else:
                self.end_grant(grant, Happening.RELEASED, "session")
        entry = self.ledger.sessions.pop(session)
        self.ledger.due.drop(f"s|{session}")
        if failed:
            self._number(kind=Happening.SESSION_EXPIRED, session=session, user=entry.user)

    # Looking at what is due

    def sweep(self, limit: int) -> None:
        """Goes on with what was cut short, then looks at the first `limit` things that are due."""
        for path in list(self.ledger.unfinished):
            if self.budget == 0:
                return
            self.ledger.unfinished.discard(path)
            self.move_up(path)
        for _ in range(limit):
            first = self.ledger.due.first()
            if first is None or first[0] > self.now:
                return
            self.look_at(first[1])

    def look_at(self, timer: str) -> None:
        """Ends what the timer is about, or sets it again."""
        kind, _, name = timer.partition("|")
        if kind == "g":
            self.look_at_grant(name)
        elif kind == "w":
            self.end_wait(self.ledger.waiters[name], "timeout")
        elif kind == "s":
            self.look_at_session(name)
        else:
            del self.ledger.answers[name]
            self.ledger.due.drop(timer)

    def living(self, session: str | None) -> SessionEntry | None:
        """The session, unless it has been silent for too long: then it ends."""
        entry = self.ledger.sessions.get(session or "")
        if session is not None and entry is not None and entry.last + entry.window <= self.now:
            self.end_session(session, failed=True)
            return None
        return entry

    def hear(self, session: str | None) -> SessionEntry | None:
        """The session, if it lives: whatever it asks shows that it does. Its timer is set anew when it goes off."""
        entry = self.living(session)
        if entry is not None:
            entry.last = self.now
        return entry

    def look_at_session(self, session: str) -> None:
        entry = self.living(session)
        if entry is not None:
            self.ledger.due.set(f"s|{session}", entry.last + entry.window)

    def look_at_grant(self, key: str) -> None:
        """Ends the grant if its time has come, or sets its timer again."""
        grant = self.ledger.grants.get(key)
        if grant is not None and not self._is_over(grant):
            self.ledger.due.set(f"g|{key}", self._next_look(grant))

    def _is_over(self, grant: GrantEntry) -> bool:
        """Ends the grant if its time has come, a silent holder's sooner if it is wanted; whether it has."""
        if self.expires(grant) <= self.now:
            self._expire(grant)
        elif self._is_left_alone(grant) and is_wanted(self.ledger, grant):
            self.fail_grant(grant, Happening.EXPIRED, "wanted")
        else:
            return False
        return True

    def _is_left_alone(self, grant: GrantEntry) -> bool:
        """Whether its session has been silent for so long that others may have it."""
        if grant.state is not State.HELD or grant.policy is Policy.HOLD:
            return False
        session = self.ledger.sessions[grant.session]
        return session.last + session.grace <= self.now

    def _next_look(self, grant: GrantEntry) -> int:
        """When to look again; that the session ends is the session's own timer's business."""
        expires = self.expires(grant)
        if grant.state is not State.HELD or grant.policy is Policy.HOLD or self._is_left_alone(grant):
            return expires
        session = self.ledger.sessions[grant.session]
        return min(expires, session.last + session.grace)

    def _expire(self, grant: GrantEntry) -> None:
        if grant.state is State.HELD:
            self.fail_grant(grant, Happening.EXPIRED, "ttl")
        elif grant.state is State.OFFERED:
            self.end_grant(grant, Happening.EXPIRED, "not_accepted")
        else:
            self.ledger.drop_grant(grant)
            self.move_up(grant.path)
