"""What administrators do with users: make them, change them, sign them out, hand out keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from server.access import (
    SERVER,
    SERVER_WIDE,
    AccessPolicy,
    Action,
    Issued,
    Kind,
    Principal,
    RoleService,
    TokenKind,
    TokenService,
    User,
    UserService,
    actor_of,
)
from server.accounts import store
from server.accounts.errors import NotAMachine, PasswordRefused
from server.accounts.passwords import Passwords, checked
from server.kit.audit import Act
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus

USERS = "users"


@dataclass(frozen=True, slots=True)
class Change:
    """What to change of a user; None leaves it, and a `server_role` of "" takes it away."""

    name: str | None = None
    disabled: bool | None = None
    server_role: str | None = None
    password: str | None = None


class UserAdministration:
    """Users, in the hands of administrators. Publishes an act for every change."""

    def __init__(
        self,
        database: Database,
        events: EventBus,
        clock: Clock,
        *,
        users: UserService,
        roles: RoleService,
        tokens: TokenService,
        passwords: Passwords,
        policy: AccessPolicy,
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._users = users
        self._roles = roles
        self._tokens = tokens
        self._passwords = passwords
        self._policy = policy

    async def require(self, principal: Principal, action: Action = Action.ADMIN) -> None:
        """Raises `NotFound` or `Forbidden` unless `principal` administers users."""
        await self._policy.require(principal, action, SERVER_WIDE, USERS)

    async def get(self, reference: str) -> User:
        """The user with this id or name; raises `UserNotFound`."""
        return await self._users.get(reference)

    async def find(self, q: str, *, after: str = "", limit: int = 50) -> list[User]:
        """Users whose name has `q` in it, by id, those after `after`."""
        return await self._users.list(q, after=after, limit=limit)

    async def with_password(self, users: list[User]) -> set[str]:
        """The ids of those who have a password."""
        ids = [user.id for user in users]
        return await self._database.read(lambda session: store.with_password(session, ids))

    async def create(
        self, by: Principal, name: str, kind: Kind, *, password: str | None = None, server_role: str | None = None
    ) -> User:
        """A new user; raises `InvalidUser`, `NameTaken`, `PasswordRefused`."""
        hash = None if password is None else await self._hashed(password, name, kind)

        user = self._users.new(name, kind)

        def work(session: Session) -> None:
            self._users.add(session, user)
            if hash is not None:
                store.set_password(session, user.id, hash, self._clock.now())

        if server_role is None:
            await self._database.write(work)
        else:
            await self._roles.set_server_role(user, server_role, by=_giver(by), together_with=work)
        self._publish(by, "user.created", user, {"name": user.name, "kind": user.kind, "server_role": server_role})
        return await self._users.get(user.id)

    async def change(self, by: Principal, user: User, change: Change) -> User:
        """Changes what `change` names; raises `InvalidUser`, `NameTaken`, `LastAdministrator`, …"""
        hash = None
        if change.password is not None:
            hash = await self._hashed(change.password, change.name or user.name, user.kind)
        if change.name is not None and change.name != user.name:
            await self._users.rename(user, change.name)
        if change.server_role is not None:
            await self._roles.set_server_role(user, change.server_role or None, by=_giver(by))
        if hash is not None:
            await self._set_password(by, user, hash)
        if change.disabled is not None:
            await (self._users.disable(user) if change.disabled else self._users.enable(user))
        self._publish(by, "user.changed", user, _shown(change))
        return await self._users.get(user.id)

    async def sign_out(self, by: Principal, user: User) -> None:
        """Ends all web sessions of a user; keys stay."""
        await self._tokens.end_all(user.id, {TokenKind.SESSION})
        self._publish(by, "user.signed_out", user, {})

    async def create_key(
        self,
        by: Principal,
        user: User,
        name: str,
        *,
        lifetime: timedelta | None = None,
        scopes: frozenset[Action] | None = None,
    ) -> Issued:
        """A key for an agent or a worker; raises `NotAMachine` for a person, who makes their own."""
        if user.kind is Kind.PERSON:
            raise NotAMachine
        return await self._tokens.create_key(by, user, name, lifetime=lifetime, scopes=scopes)

    async def _set_password(self, by: Principal, user: User, hash: str) -> None:
        """Whoever knew the former one is signed out; not the administrator who is at it."""
        await self._tokens.end_all(
            user.id,
            {TokenKind.SESSION},
            but=by.token_id,
            together_with=lambda session: store.set_password(session, user.id, hash, self._clock.now()),
        )

    async def _hashed(self, password: str, name: str, kind: Kind) -> str:
        if kind is not Kind.PERSON:
            raise PasswordRefused("Agents and workers have keys, not passwords.")
        return await self._passwords.hash(checked(password, name))

    def _publish(self, by: Principal, action: str, user: User, detail: dict[str, Any]) -> None:
        self._events.publish(Act(action, actor_of(by), resource=f"users/{user.id}", detail=detail))


def _giver(by: Principal) -> Principal | None:
    """Whose own rights limit what is given: nobody's, when it is the server itself, at somebody's command."""
    return None if by == SERVER else by


def _shown(change: Change) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": change.name,
        "disabled": change.disabled,
        "server_role": change.server_role,
        "password": "changed" if change.password else None,
    }
    return {field: value for field, value in shown.items() if value is not None}
