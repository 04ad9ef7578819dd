"""The policy as one process knows it: remembered while its version stays, changed in transactions that raise it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from sqlmodel import Session

from server.access import policy_store
from server.access.capabilities import Capabilities
from server.access.events import AccessChanged
from server.access.model import Principal
from server.access.roles import RoleBook
from server.access.standing import Standing
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.single_flight import SingleFlight

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

MOMENT_S: Final = 1.0
STANDINGS, CAPABILITIES = 10_000, 2_000
"""How many are remembered. Capabilities weigh some 10 kB; whoever is connected holds theirs anyway."""


@dataclass
class Known:
    """What was read of one version; replaced as a whole, so that what is still being read cannot outlive it."""

    standings: dict[str, Standing] = field(default_factory=dict)
    capabilities: dict[tuple[Principal, str], Capabilities] = field(default_factory=dict)
    book: RoleBook | None = None
    loads: SingleFlight[Standing] = field(default_factory=SingleFlight)

    def fresh(self, key: tuple[Principal, str], now: datetime) -> Capabilities | None:
        """What is known and still holds."""
        found = self.capabilities.get(key)
        return None if found is None or (found.valid_until is not None and found.valid_until <= now) else found


class PolicyData:
    """Standings, roles and capabilities. Publishes `AccessChanged`.

    Our own changes count at once, those of another process after a second. `everybody` is the role that everybody has
    in every project, signed in or not.
    """

    def __init__(self, database: Database, events: EventBus, clock: Clock, *, everybody: str | None = None) -> None:
        self.database = database
        self.events = events
        self.clock = clock
        self.everybody = everybody
        self._known = Known()
        self._version: int | None = None
        self._checked_until = float("-inf")
        self._told_version: int | None = None
        self._told_until = clock.now()

    # Read

    async def standing(self, principal_id: str) -> Standing:
        """All that a principal was given."""
        known = await self._current()
        found = known.standings.get(principal_id)
        if found is None:
            found = await known.loads.run(principal_id, lambda: self._read_standing(principal_id))
            _make_room(known.standings, STANDINGS)
            known.standings[principal_id] = found
        return found

    async def _read_standing(self, principal_id: str) -> Standing:
        return await self.database.read(lambda session: policy_store.standing(session, principal_id, self.everybody))

    async def book(self) -> RoleBook:
        """All roles."""
        known = await self._current()
        if known.book is None:
            known.book = await self.database.read(policy_store.role_book)
        return known.book

    async def capabilities(self, principal: Principal, project_id: str) -> Capabilities:
        """What `principal` may do in a project, or with the server."""
        known, now = await self._current(), self.clock.now()
        found = known.fresh((principal, project_id), now)
        if found is None:
            standing, book = await self.standing(principal.id), await self.book()
            # After a change all connections of a principal ask at once: whoever is first does it for the others.
            found = known.fresh((principal, project_id), now)
            if found is None:
                found = assemble(standing, book, principal, project_id, now)
                _make_room(known.capabilities, CAPABILITIES)
                known.capabilities[principal, project_id] = found
        return found

    def capabilities_in(self, session: Session, principal: Principal, project_id: str) -> Capabilities:
        """The same inside a transaction, from what is in the database at this moment."""
        standing = policy_store.standing(session, principal.id, self.everybody)
        return assemble(standing, policy_store.role_book(session), principal, project_id, self.clock.now())

    # Change

    async def change(self, work: Callable[[Session], T], tells: Callable[[T], Iterable[object]]) -> T:
        """Runs `work` in one transaction with the raised version; then publishes what `tells` makes of its result."""

        def raised(session: Session) -> tuple[int, T]:
            return policy_store.raise_policy_version(session), work(session)

        version, result = await self.database.write(raised)
        if self._told_version in (None, version - 1):
            self._told_version = version  # our own change, told below; a gap in between is somebody else's
        self.forget()
        for event in tells(result):
            self.events.publish(event)
        return result

    async def sweep(self) -> None:
        """Publishes `AccessChanged` for whose role or grant began or ended since the last call.

        And for everybody if another process has changed the policy.
        """
        after, now = self._told_until, self.clock.now()
        version, timed = await self.database.read(
            lambda session: (
                policy_store.policy_version(session),
                policy_store.changed_by_time(session, after, now),
            )
        )
        changes = [AccessChanged(project_id, user_id) for project_id, user_id in sorted(timed)]
        if self._told_version is not None and version != self._told_version:
            changes = [AccessChanged(None, None)]
        self._told_version, self._told_until = version, now
        if changes:
            self.forget()
        for change in changes:
            self.events.publish(change)

    def forget(self) -> None:
        """Drops what is remembered: the policy was changed."""
        self._known = Known()

    async def _current(self) -> Known:
        """What is known of the present version, which is asked for once in a moment."""
        if self.clock.monotonic() >= self._checked_until:
            version = await self.database.read(policy_store.policy_version)
            self._checked_until = self.clock.monotonic() + MOMENT_S
            if version != self._version:
                self._version = version
                self.forget()
            if self._told_version is None:
                self._told_version = version
        return self._known


def assemble(standing: Standing, book: RoleBook, principal: Principal, project_id: str, now: datetime) -> Capabilities:
    """What `principal`, who was given `standing`, may do in a project now."""
    refusal = ""
    if standing.disabled:
        refusal = "This account is disabled."
    elif principal.project_scope not in (None, project_id):
        refusal = "The ticket is for another project."
    return Capabilities(principal, standing.rules(project_id, book), now, refusal=refusal)


def _make_room(remembered: dict[K, V], most: int) -> None:
    if len(remembered) >= most:
        remembered.clear()
