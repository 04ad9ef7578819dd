"""The words between the service and its store. Times are milliseconds by the store's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

DELAY = "~"
"""Prefix of the session that owns a lock delay: `~` and the session that failed."""
NO_LIMIT = 1 << 31


class Mode(StrEnum):
    """Whether others may hold a lease on it at the same time."""

    SHARED = "s"
    EXCLUSIVE = "x"


class Policy(StrEnum):
    """What becomes of a lease while its session is silent."""

    RELEASE_IF_WANTED = "release_if_wanted"
    HOLD = "hold"


class State(StrEnum):
    """What a grant is: a lease in use, one offered to a waiter, or the pause after a holder that failed."""

    HELD = "held"
    OFFERED = "offered"
    DELAY = "delay"


class Status(StrEnum):
    """How a command ended."""

    OK = "ok"
    GRANTED = "granted"
    OFFERED = "offered"
    QUEUED = "queued"
    HELD = "held"
    WAITING = "waiting"
    DEADLOCK = "deadlock"
    ENDED = "ended"
    LOST = "lost"
    FENCED = "fenced"
    NOT_OWNER = "not_owner"
    NO_SESSION = "no_session"
    FULL = "full"
    EPOCH = "epoch"


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every lease; the same on all nodes."""

    lock_delay_ms: int = 5_000
    accept_ms: int = 5_000
    remember_ms: int = 120_000
    grants_per_call: int = 64
    due_per_call: int = 16
    max_step_ms: int = 10_000
    per_session: int = 200
    per_project: int = 5_000


# Commands


@dataclass(frozen=True, slots=True)
class Open:
    """Makes a session, or hears of it again, and says what it holds.

    It may be silent for `window_ms`, undisturbed for `grace_ms`.
    """

    session: str
    user: str
    window_ms: int
    grace_ms: int


@dataclass(frozen=True, slots=True)
class Beat:
    """These sessions are alive; the answer's `gone` are not any more."""

    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class End:
    """Ends a session in order: its leases are released, its waiters go."""

    session: str


@dataclass(frozen=True, slots=True)
class Acquire:
    """A lease now, or a place in the queue for `wait_ms`. The same `request` of a session gets the same answer."""

    session: str
    path: str
    mode: Mode
    ttl_ms: int
    wait_ms: int
    policy: Policy
    request: str


@dataclass(frozen=True, slots=True)
class Release:
    """Gives up one acquisition of a lease, or declines an offer."""

    session: str
    path: str
    fence: int


@dataclass(frozen=True, slots=True)
class Extend:
    """Counts `ttl_ms` from now."""

    session: str
    path: str
    fence: int
    ttl_ms: int


@dataclass(frozen=True, slots=True)
class Accept:
    """Takes an offer."""

    session: str
    path: str
    fence: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Leaves the queue, or declines an offer."""

    session: str
    path: str


@dataclass(frozen=True, slots=True)
class Steal:
    """Takes the lease away from all its holders."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """Whether `fence` is that of a lease in use."""

    path: str
    fence: int


@dataclass(frozen=True, slots=True)
class Look:
    """What is granted, by key, then who waits, by rank: on `path`, above it and below it; "" is everywhere.

    At most `limit` of both together; those after `after`, which is "g|" and a grant's key or "w|" and a waiter's rank.
    """

    path: str = ""
    after: str = ""
    limit: int = NO_LIMIT


@dataclass(frozen=True, slots=True)
class Sweep:
    """Ends at most `limit` things that are due, and goes on with grants that were cut short."""

    limit: int


@dataclass(frozen=True, slots=True)
class Audit:
    """Compares every index with what it is made of."""


@dataclass(frozen=True, slots=True)
class InitEpoch:
    """Starts an epoch if it is newer; nothing below `roots` is granted for `delay_ms`."""

    epoch: int
    delay_ms: int
    roots: tuple[str, ...]


Command = (
    Open | Beat | End | Acquire | Release | Extend | Accept | Cancel | Steal | Check | Look | Sweep | Audit | InitEpoch
)

# Answers


@dataclass(frozen=True, slots=True)
class Grant:
    """A lease as the store has it.

    `first` and `fence` are the fences of its first acquisition and of the last that raised its mode; `expires` is when
    it ends unless its session is heard of; `safe` is when it may be taken away at the earliest.
    """

    path: str
    session: str
    user: str
    mode: Mode
    state: State
    fence: int
    first: int
    count: int
    policy: Policy
    ttl: int
    since: int
    expires: int
    safe: int


@dataclass(frozen=True, slots=True)
class Waiter:
    """A place in the queue; waiters go by `rank`. `position` 1 is the next who wants exactly this path."""

    path: str
    session: str
    user: str
    mode: Mode
    rank: str
    since: int
    until: int
    request: str
    position: int


@dataclass(frozen=True, slots=True)
class Blocker:
    """What a request has to wait for: a grant's state, or `waiting` for an earlier waiter."""

    path: str
    session: str
    user: str
    mode: Mode
    state: str


class Happening(StrEnum):
    """What a command changed."""

    ACQUIRED = "acquired"
    QUEUED = "queued"
    OFFERED = "offered"
    RELEASED = "released"
    EXPIRED = "expired"
    STOLEN = "stolen"
    REFUSED = "refused"
    SESSION_EXPIRED = "session_expired"


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """One change; `id` grows. `left` is how long the lease has, `waited` how long it took."""

    id: int
    kind: Happening
    session: str
    user: str = ""
    path: str = ""
    mode: Mode = Mode.EXCLUSIVE
    fence: int = 0
    reason: str = ""
    left: int = 0
    waited: int = 0
    request: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command at the store's time `now`.

    `more` says that a `Sweep` has work left; `due` is in how many milliseconds the next thing ends, None if nothing.
    """

    status: Status
    now: int
    grant: Grant | None = None
    position: int = 0
    reason: str = ""
    epoch: int = 0
    blockers: tuple[Blocker, ...] = ()
    cycle: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    waiters: tuple[Waiter, ...] = ()
    faults: tuple[str, ...] = ()
    events: tuple[StoreEvent, ...] = field(default=())
    more: bool = False
    due: int | None = None
