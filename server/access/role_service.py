"""Users and their roles: on the whole server, and project by project."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from sqlmodel import Session

from server.access import store
from server.access.cache import MomentCache
from server.access.errors import InvalidUser, LastOwner, UserNotFound
from server.access.events import AccessChanged
from server.access.model import (
    ADMIN_ID,
    ANONYMOUS_ID,
    BUILT_IN,
    RESERVED_NAMES,
    SERVER_ID,
    Member,
    Role,
    ServerRole,
    Standing,
    User,
    strongest,
)
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus
from server.kit.ids import uuid7

MAX_NAME_LENGTH = 64
SEPARATORS = frozenset("/:")


class RoleService:
    """Who has which role. Publishes `AccessChanged` after every change.

    `anonymous_role` is what everybody has on every project, signed in or not. Another process's changes are seen
    after a second, and told to this process's subscribers by `sweep`.
    """

    def __init__(
        self, database: Database, events: EventBus, clock: Clock, *, anonymous_role: Role | None = None
    ) -> None:
        self.anonymous_role = anonymous_role
        self._database = database
        self._events = events
        self._clock = clock
        self._standings: MomentCache[str, Standing] = MomentCache(clock)
        self._seen_version: int | None = None

    # Users

    async def user(self, reference: str) -> User:
        """The user with this id or name; raises `UserNotFound`."""
        if not reference.isprintable():
            raise UserNotFound
        user = await self._database.read(lambda session: _find_user(session, reference))
        if user is None:
            raise UserNotFound
        return user

    async def ensure_user(self, name: str) -> User:
        """The user with this name, created if need be; raises `InvalidUser` for a name that cannot be."""
        if name == BUILT_IN[ADMIN_ID].name:
            return BUILT_IN[ADMIN_ID]
        name = _checked_name(name)
        return await self._database.write(lambda session: self._ensure_user(session, name))

    def _ensure_user(self, session: Session, name: str) -> User:
        user = store.user_by_name(session, name)
        if user is None:
            user = User(f"user:{uuid7()}", name)
            store.add_user(session, user, self._clock.now())
        return user

    # Roles

    async def role(self, principal_id: str, project_id: str) -> Role | None:
        """The strongest role of a principal in a project (or `SERVER_WIDE`); None when there is none."""
        standing = await self.standing(principal_id)
        everywhere = standing.server_role.role if standing.server_role else None
        return strongest((self.anonymous_role, everywhere, standing.projects.get(project_id)))

    async def standing(self, principal_id: str) -> Standing:
        """All roles given to a principal; remembered for a moment."""
        return await self._standings.get(principal_id, lambda: self._load(principal_id))

    async def _load(self, principal_id: str) -> Standing:
        standing, version = await self._database.read(
            lambda session: (store.standing(session, principal_id), store.policy_version(session))
        )
        if self._seen_version is None:
            self._seen_version = version
        return standing

    async def set_server_role(self, user: User, role: ServerRole) -> None:
        """Gives a user a role on every project, in the place of one given before."""
        if user.id in BUILT_IN:
            raise InvalidUser(f"The role of the built-in user {user.name!r} cannot be changed.")
        await self._change(None, user.id, lambda session: store.set_server_role(session, user.id, role))

    async def set_role(
        self, project_id: str, user_id: str, role: Role, *, together_with: Callable[[Session], None] | None = None
    ) -> None:
        """Makes a user a member, or changes their role; raises `LastOwner`.

        `together_with` runs before, in the same transaction: a project is created together with its owner.
        """

        def change(session: Session) -> None:
            if together_with:
                together_with(session)
            if role is not Role.OWNER:
                _keep_an_owner(session, project_id, user_id)
            store.bind(session, user_id, project_id, role, self._clock.now())

        await self._change(project_id, user_id, change)

    async def remove_role(self, project_id: str, user_id: str) -> None:
        """Ends a membership; raises `UserNotFound` when there is none, `LastOwner`."""

        def change(session: Session) -> None:
            _keep_an_owner(session, project_id, user_id)
            if not store.unbind(session, user_id, project_id):
                raise UserNotFound

        await self._change(project_id, user_id, change)

    async def members(self, project_id: str, *, after: str = "", limit: int = 50) -> list[Member]:
        """A project's members by user id, those after `after`."""
        return await self._database.read(lambda session: store.members(session, project_id, after, limit))

    # Change

    async def sweep(self) -> None:
        """Publishes `AccessChanged` for everybody if another process has changed roles since the last call."""
        version = await self._database.read(store.policy_version)
        if self._seen_version is not None and version != self._seen_version:
            self._publish(AccessChanged(None, None))
        self._seen_version = version

    async def _change(self, project_id: str | None, user_id: str, change: Callable[[Session], None]) -> None:
        def work(session: Session) -> int:
            change(session)
            return store.raise_policy_version(session)

        version = await self._database.write(work)
        if self._seen_version == version - 1:
            self._seen_version = version  # our own change, told below; a gap in between is somebody else's
        self._publish(AccessChanged(project_id, user_id))

    def _publish(self, event: AccessChanged) -> None:
        self._standings.clear()
        self._events.publish(event)


def _find_user(session: Session, reference: str) -> User | None:
    user = store.user_by_id(session, reference) or store.user_by_name(session, reference)
    return None if user and user.id in (ANONYMOUS_ID, SERVER_ID) else user


def _keep_an_owner(session: Session, project_id: str, user_id: str) -> None:
    if store.owners(session, project_id) == [user_id]:
        raise LastOwner


def _checked_name(raw: str) -> str:
    """A name that looks like itself: no control or invisible characters, and nothing that looks like an id."""
    name = unicodedata.normalize("NFC", raw.strip())
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise InvalidUser(f"A user's name has 1 to {MAX_NAME_LENGTH} characters; this one has {len(name)}.")
    if not name.isprintable() or SEPARATORS & set(name):
        raise InvalidUser("A user's name has no control or invisible characters, and no '/' or ':'.")
    if name.casefold() in RESERVED_NAMES:
        raise InvalidUser(f"The name {name!r} is reserved; choose another.")
    return name
