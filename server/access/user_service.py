"""Users: found, listed, made, renamed, disabled. What they may do is the policy's affair."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from server.access import store, user_store
from server.access.errors import InvalidUser, UserNotFound
from server.access.events import AccessChanged
from server.access.model import ADMIN_ID, BUILT_IN, Kind, User
from server.access.names import checked_name, name_like
from server.access.role_service import RoleService, keep_an_administrator
from server.access.token_service import TokenService
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.ids import uuid7

USER_KINDS = frozenset({Kind.PERSON, Kind.AGENT, Kind.WORKER})


class UserService:
    """Users by id and by name, the built-in administrator among them, who is neither renamed nor disabled."""

    def __init__(self, database: Database, clock: Clock, roles: RoleService, tokens: TokenService) -> None:
        self._database = database
        self._clock = clock
        self._roles = roles
        self._tokens = tokens

    async def get(self, reference: str) -> User:
        """The user with this id or name; raises `UserNotFound`."""
        user = await self.find(reference)
        if user is None:
            raise UserNotFound
        return user

    async def find(self, reference: str) -> User | None:
        """The user with this id or name, if there is one."""
        if not reference.isprintable():
            return None
        return await self._database.read(lambda session: _find(session, reference))

    async def list(self, q: str = "", *, after: str = "", limit: int = 50) -> list[User]:
        """Users whose name has `q` in it, by id, those after `after`: the administrator's comes first."""
        admin = BUILT_IN[ADMIN_ID]
        first = [admin] if after < admin.id and q.casefold() in admin.name else []
        return first + await self._database.read(lambda session: user_store.page(session, q, after, limit - len(first)))

    def new(self, name: str, kind: Kind = Kind.PERSON) -> User:
        """A user to be added; raises `InvalidUser`."""
        return User(f"user:{uuid7()}", checked_name(name), kind=kind, created_at=self._clock.now())

    def add(self, session: Session, user: User) -> None:
        """Adds a new user in a transaction of the caller's; raises `NameTaken`."""
        user_store.add(session, user, self._clock.now())

    def add_like(self, session: Session, name: str) -> User:
        """Adds a new person under `name`, or under one like it where that is taken or cannot be."""
        base = name_like(name)
        names = (base, *(f"{base} {number}" for number in range(2, 10_000)))
        user = self.new(next(name for name in names if store.user_by_name(session, name) is None))
        self.add(session, user)
        return user

    async def rename(self, user: User, name: str) -> User:
        """Raises `InvalidUser`, `NameTaken`."""
        _refuse_built_in(user)
        checked = checked_name(name)
        await self._database.write(lambda session: user_store.rename(session, user.id, checked))
        return await self.get(user.id)

    async def disable(self, user: User) -> User:
        """Revokes all that the user has and lets them in no more.

        Raises `InvalidUser` for a built-in one, `LastAdministrator`.
        """
        _refuse_built_in(user)

        def work(session: Session) -> Sequence[str]:
            keep_an_administrator(session, user.id)
            user_store.set_disabled(session, user.id, self._clock.now())
            return self._tokens.end_all_in(session, user.id)

        self._tokens.announce(await self._roles.data.change(work, lambda _: [AccessChanged(None, user.id)]))
        return await self.get(user.id)

    async def enable(self, user: User) -> User:
        """Lets a disabled user sign in again; what was revoked stays revoked."""
        _refuse_built_in(user)
        await self._roles.data.change(
            lambda session: user_store.set_disabled(session, user.id, None), lambda _: [AccessChanged(None, user.id)]
        )
        return await self.get(user.id)


def _find(session: Session, reference: str) -> User | None:
    if reference in BUILT_IN:
        return BUILT_IN[reference] if reference == ADMIN_ID else None
    return store.user_by_id(session, reference) or store.user_by_name(session, reference)


def _refuse_built_in(user: User) -> None:
    if user.id in BUILT_IN:
        raise InvalidUser(f"The built-in user {user.name!r} cannot be renamed or disabled.")
