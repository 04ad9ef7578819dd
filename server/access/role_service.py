"""Users and their roles: on the whole server, and project by project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from server.access import policy_store, store
from server.access.actor import actor_of
from server.access.changes import Change, events_of
from server.access.errors import Forbidden, InvalidPermission, InvalidUser, LastAdministrator
from server.access.events import AccessChanged
from server.access.guards import find_user, somebody
from server.access.model import (
    ADMIN_ID,
    BUILT_IN,
    SERVER,
    SERVER_WIDE,
    Member,
    Principal,
    ServerRole,
    User,
)
from server.access.names import checked_name
from server.access.policy_data import PolicyData, assemble
from server.access.project_changes import ProjectChanges
from server.access.standing import Grant, Standing
from server.kit.audit import Act
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.ids import uuid7

Step = Callable[[ProjectChanges], Change]


@dataclass(frozen=True, slots=True)
class GivenGrant:
    """A grant, to whom and by whom."""

    grant: Grant
    user: User
    granted_by: User


class DryRun(Exception):
    """Carries what would have been changed out of the transaction."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes


class RoleService:
    """Who has which role and which grants. Publishes `AccessChanged` and an `Act` after every change.

    `anonymous_role` is what everybody has on every project, signed in or not. Another process's changes are seen
    after a second, and told to this process's subscribers by `sweep`.
    """

    def __init__(
        self, database: Database, events: EventBus, clock: Clock, *, anonymous_role: str | None = None
    ) -> None:
        self.anonymous_role = anonymous_role
        self.data = PolicyData(database, events, clock, everybody=anonymous_role)
        self._database = database
        self._clock = clock

    # Users

    async def user(self, reference: str) -> User:
        """The user with this id or name; raises `UserNotFound`."""
        return await self._database.read(lambda session: find_user(session, reference))

    async def ensure_user(self, name: str) -> User:
        """The user with this name, created if need be; raises `InvalidUser` for a name that cannot be."""
        if name == BUILT_IN[ADMIN_ID].name:
            return BUILT_IN[ADMIN_ID]
        name = checked_name(name)
        return await self._database.write(lambda session: self._ensure_user(session, name))

    def _ensure_user(self, session: Session, name: str) -> User:
        user = store.user_by_name(session, name)
        if user is None:
            now = self._clock.now()
            user = User(f"user:{uuid7()}", name, created_at=now)
            store.add_user(session, user, now)
        return user

    # What somebody has

    async def role(self, principal_id: str, project_id: str) -> str | None:
        """The name of the role to show for a user in a project; None when it does not exist for them."""
        standing, now = await self.standing(principal_id), self._clock.now()
        somebody = Principal(principal_id, "", 0)
        visible = assemble(standing, await self.data.book(), somebody, project_id, now).visible
        return standing.shown_role(project_id, now) if visible else None

    async def standing(self, principal_id: str) -> Standing:
        """All roles and grants of a principal."""
        return await self.data.standing(principal_id)

    async def members(self, project_id: str, *, after: str = "", limit: int = 50) -> list[Member]:
        """A project's members by user id, those after `after`."""
        return await self._database.read(
            lambda session: [
                Member(user, bound.role, bound.expires)
                for bound in policy_store.members(session, project_id, self._clock.now(), after, limit)
                if (user := store.user_by_id(session, bound.user_id))
            ]
        )

    async def grants(self, project_id: str, *, after: str = "", limit: int = 50) -> list[GivenGrant]:
        """A project's grants by id, those after `after`, that are not over."""
        now = self._clock.now()
        return await self._database.read(
            lambda session: [
                GivenGrant(grant, somebody(session, grant.user_id), somebody(session, grant.granted_by))
                for grant in policy_store.grants(session, project_id, now, after, limit)
            ]
        )

    # Roles on the server

    async def set_server_role(
        self,
        user: User,
        role: str | None,
        *,
        by: Principal | None = None,
        together_with: Callable[[Session], None] | None = None,
    ) -> None:
        """Gives a user a role on every project, in the place of one given before; None takes it away.

        `together_with` runs before, in the same transaction. Raises `Forbidden` for who is no administrator,
        `InvalidUser` for a built-in one, `InvalidPermission` and `LastAdministrator`.
        """
        if user.id in BUILT_IN:
            raise InvalidUser(f"The role of the built-in user {user.name!r} cannot be changed.")

        def work(session: Session) -> User:
            refuse_who_is_no_administrator(session, by)
            if together_with:
                together_with(session)
            before = find_user(session, user.id)
            if role is not None and policy_store.role_book(session).get(role) is None:
                raise InvalidPermission(f"There is no role {role!r}.")
            if role != ServerRole.ADMIN:
                keep_an_administrator(session, user.id)
            store.set_server_role(session, user.id, role)
            return before

        def tells(before: User) -> Iterable[object]:
            detail = {"user": user.name, "before": before.server_role, "after": role}
            yield AccessChanged(None, user.id)
            yield Act("user.server_role_set", actor_of(by or SERVER), SERVER_WIDE, f"users/{user.id}", detail=detail)

        await self.data.change(work, tells)

    # Roles in a project

    async def set_role(
        self,
        project_id: str,
        user_id: str,
        role: str,
        *,
        until: datetime | None = None,
        by: Principal | None = None,
        together_with: Callable[[Session], None] | None = None,
    ) -> Change:
        """Makes a user a member, or changes their role; for `by`, who must have what they give (None: the server).

        `together_with` runs before, in the same transaction: a project is created together with its owner. Raises
        what `ProjectChanges` does.
        """

        def work(session: Session) -> Change:
            if together_with:
                together_with(session)
            return ProjectChanges(session, self.data, project_id, by).set_role(user_id, role, until)

        return await self.data.change(work, lambda change: events_of(project_id, by, [change]))

    async def require_offer(self, project_id: str, role: str, *, by: Principal) -> None:
        """Raises what `set_role` would if `by` gave somebody this role."""
        await self._database.read(lambda session: ProjectChanges(session, self.data, project_id, by).offer(role))

    async def remove_role(self, project_id: str, user_id: str, *, by: Principal | None = None) -> None:
        """Ends a membership; raises `UserNotFound` when there is none, `LastOwner`."""
        await self.change(project_id, [lambda changes: changes.remove(user_id)], by=by)

    async def change(
        self, project_id: str, steps: Sequence[Step], *, by: Principal | None = None, dry_run: bool = False
    ) -> Sequence[Change]:
        """Does all the steps in one transaction, or none; with `dry_run` only says what they would change."""

        def work(session: Session) -> Sequence[Change]:
            desk = ProjectChanges(session, self.data, project_id, by)
            changes = [step(desk) for step in steps]
            if dry_run:
                raise DryRun(changes)
            return changes

        try:
            return await self.data.change(work, lambda changes: events_of(project_id, by, changes))
        except DryRun as dry:
            return dry.changes

    async def sweep(self) -> None:
        """Publishes `AccessChanged` for what time and other processes have changed since the last call."""
        await self.data.sweep()


def refuse_who_is_no_administrator(session: Session, by: Principal | None) -> None:
    """Raises `Forbidden`: whoever gives roles on the server, or defines roles, could make themselves anything."""
    if by is not None and not (by.is_admin and policy_store.standing(session, by.id, None).administers):
        raise Forbidden("This is for administrators.")


def keep_an_administrator(session: Session, user_id: str) -> None:
    """Raises `LastAdministrator` when nobody else who can sign in administers the server."""
    if policy_store.enabled_administrators(session) == [user_id]:
        raise LastAdministrator
