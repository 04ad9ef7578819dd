"""A node's sessions and conflicts, as the edges use them, with real leases, rights and rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.access import (
    AccessChanged,
    Kind,
    Principal,
    Role,
    RolePolicy,
    RoleService,
    TokenRevoked,
)
from server.conflicts import ConflictDetected, ConflictService, ConflictUpdated
from server.kit.audit import Act
from server.kit.clock import ManualClock
from server.kit.database import Database
from server.kit.events import EventBus
from server.leases import (
    LeaseAcquired,
    LeaseAuthority,
    LeaseListener,
    LeaseService,
    MemoryLeaseStore,
    RedisLeaseStore,
    Resource,
    Rules,
)
from server.projects import ProjectDeleted, ProjectService
from server.reactions import SessionEvent, connect_sessions
from server.sessions import (
    Connected,
    SessionKeeper,
    SessionLeft,
    SessionReturned,
    SessionRole,
    SessionService,
    SessionTakenOver,
    SessionWatch,
)
from tests.support.leases import PATIENCE_S, UNLIMITED_MS
from tests.support.migrated import open_migrated

T = TypeVar("T")
MAIN = Resource.of("git", "main")
TOKEN = "tokenid1"
EVENTS = (*get_args(SessionEvent), SessionTakenOver, SessionLeft, SessionReturned, ConflictDetected, ConflictUpdated)


class Changes:
    """Takes the place of the live document: which projects would be looked at."""

    def __init__(self) -> None:
        self.projects: list[str] = []

    def changed(self, project_id: str) -> None:
        self.projects.append(project_id)


@dataclass
class SessionNode:
    """One server process as its sessions see it."""

    database: Database
    events: EventBus
    clock: ManualClock
    roles: RoleService
    projects: ProjectService
    leases: LeaseService
    sessions: SessionService
    conflicts: ConflictService
    keeper: SessionKeeper
    changes: Changes
    memory: MemoryLeaseStore
    ended_tokens: set[str] = field(default_factory=set)
    published: list[Any] = field(default_factory=list)

    def told(self, kind: type[T]) -> list[T]:
        """The events of this kind so far."""
        return [event for event in self.published if isinstance(event, kind)]

    async def project(self, slug: str = "acme") -> str:
        """The id of a project, a new one if need be."""
        await self.projects.ensure(slug)
        return await self.projects.find_id(slug)

    async def member(self, project_id: str, name: str, role: Role = Role.EDITOR) -> Principal:
        """A user who has `role` in the project, signed in."""
        user = await self.roles.ensure_user(name)
        await self.roles.set_role(project_id, user.id, role)
        return Principal(user.id, user.name, user.hue, token_id=f"{name}-token")

    async def join(self, project_id: str, user: str, **options: Any) -> Connected:
        """A new session of a member of that name."""
        principal = await self.member(project_id, user)
        connected = await self.sessions.connect(principal, project_id, kind=Kind.TERMINAL, **options)
        await self.settled()
        return connected

    async def settled(self) -> None:
        """Everything that events have set in motion is done."""
        await self.sessions.settled()

    async def pass_time(self, seconds: int, *alive: Connected) -> None:
        """Lets time pass, while the sessions `alive` are heard of."""
        for _ in range(seconds):
            self.clock.advance(1)
            for connected in alive:
                self.sessions.beat(connected.session.id)
            await self.leases.keeper.tick()
            await self.keeper.tick()
            await self.settled()

    async def role_of(self, connected: Connected) -> SessionRole:
        """The role of a session now."""
        return (await self.sessions.get(connected.session.id)).role


def connect(url: str) -> Redis:
    """A client that waits for a busy machine."""
    return Redis.from_url(url, socket_timeout=PATIENCE_S, retry=Retry(NoBackoff(), 0))


def redis_leases(url: str, clock: ManualClock) -> RedisLeaseStore:
    """Leases in Redis, by the test's clock."""
    rules = Rules(max_step_ms=UNLIMITED_MS)
    return RedisLeaseStore(connect(url), rules, timeout_s=PATIENCE_S, now_ms=lambda: int(clock.monotonic() * 1000))


@asynccontextmanager
async def open_session_node(
    url: str,
    *,
    name: str = "node",
    clock: ManualClock | None = None,
    store: MemoryLeaseStore | None = None,
    redis_url: str | None = None,
    retry_after_s: tuple[float, ...] = (0, 0, 0),
) -> AsyncIterator[SessionNode]:
    """A node; with another's `clock` and lease `store`, or its Redis, it shares its sessions with that one."""
    clock, events, database = clock or ManualClock(), EventBus(), open_migrated(url)
    roles = RoleService(database, events, clock)
    policy = RolePolicy(roles)
    memory = store or MemoryLeaseStore(clock, Rules(max_step_ms=UNLIMITED_MS))
    shared = redis_leases(redis_url, clock) if redis_url else None
    leases = LeaseService(
        LeaseAuthority(database, clock, name, shared or memory, memory if shared else None), events, clock
    )
    sessions = SessionService(database, events, clock, leases=leases, policy=policy, node=name)
    conflicts = ConflictService(database, events, clock, leases=leases, sessions=sessions, retry_after_s=retry_after_s)
    ended: set[str] = set()

    async def ended_tokens(held: Any) -> set[str]:
        return ended & set(held)

    keeper = SessionKeeper(sessions, database, clock, leases, ended_tokens=ended_tokens)
    changes: Any = Changes()
    node = SessionNode(
        database=database,
        events=events,
        clock=clock,
        roles=roles,
        projects=ProjectService(database, events, clock, roles=roles),
        leases=leases,
        sessions=sessions,
        conflicts=conflicts,
        keeper=keeper,
        changes=changes,
        memory=memory,
        ended_tokens=ended,
    )
    for kind in (*EVENTS, LeaseAcquired, Act, AccessChanged, TokenRevoked, ProjectDeleted):
        events.subscribe(kind, node.published.append)
    connect_sessions(events, sessions=SessionWatch(sessions, policy), conflicts=conflicts, live=changes)
    await conflicts.start()
    listener = LeaseListener(connect(redis_url), leases.dispatcher) if redis_url else None
    if listener is not None:
        listener.start()
        await listener.listening.wait()
    try:
        yield node
    finally:
        if listener is not None:
            await listener.stop()
        await keeper.stop()
        await sessions.close()
        await conflicts.close()
        await leases.close()
        database.close()
