"""REST of users, for administrators: `/api/v1/users`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import SecretStr

from server.access import CurrentPrincipal, Kind, User
from server.accounts.administration import Change, UserAdministration
from server.accounts.schemas import KeyOut, NewKey, NewUser, UserChange, UserDetail
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems

Search = Annotated[str, Query(max_length=64, description="What the name has in it.")]


def user_routes(users: UserAdministration) -> APIRouter:
    """Every one of them asks whether the caller administers users."""
    router = APIRouter(prefix="/api/v1/users")

    @router.get("", responses=problems(401, 403, 404, 422))
    async def list_users(
        principal: CurrentPrincipal, q: Search = "", limit: Limit = 50, cursor: Cursor = None
    ) -> Page[UserDetail]:
        """All users by age; with `q`, those who have that in their name."""
        await users.require(principal)
        found = await users.find(q, after=decode_cursor(cursor) or "", limit=limit + 1)
        page = found[:limit]
        return Page(
            items=await _details(users, page),
            next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
        )

    @router.post("", status_code=201, responses=problems(401, 403, 404, 409, 422, 503))
    async def create_user(body: NewUser, principal: CurrentPrincipal) -> UserDetail:
        """Makes a person, who may be given a password, or an agent or worker, who gets a key."""
        await users.require(principal)
        user = await users.create(
            principal, body.name, Kind(body.kind), password=_revealed(body.password), server_role=body.server_role
        )
        return await _detail(users, user)

    @router.get("/{user}", responses=problems(401, 403, 404, 422))
    async def get_user(user: str, principal: CurrentPrincipal) -> UserDetail:
        """A user by id or name."""
        await users.require(principal)
        return await _detail(users, await users.get(user))

    @router.patch("/{user}", responses=problems(401, 403, 404, 409, 422, 503))
    async def change_user(user: str, body: UserChange, principal: CurrentPrincipal) -> UserDetail:
        """Renames, disables or enables a user, or gives them another server role or password.

        Disabling revokes all that they have; a new password ends their web sessions.
        """
        await users.require(principal)
        takes_role = "server_role" in body.model_fields_set
        change = Change(
            name=body.name,
            disabled=body.disabled,
            server_role=(body.server_role or "") if takes_role else None,
            password=_revealed(body.password),
        )
        return await _detail(users, await users.change(principal, await users.get(user), change))

    @router.post("/{user}:sign-out", status_code=204, responses=problems(401, 403, 404, 422))
    async def sign_user_out(user: str, principal: CurrentPrincipal) -> None:
        """Ends all web sessions of a user; keys stay."""
        await users.require(principal)
        await users.sign_out(principal, await users.get(user))

    @router.post("/{user}/tokens", status_code=201, responses=problems(401, 403, 404, 422))
    async def create_key(user: str, body: NewKey, principal: CurrentPrincipal) -> KeyOut:
        """Makes a key for an agent or a worker; it ends with the key that you use, if you use one."""
        await users.require(principal)
        issued = await users.create_key(
            principal,
            await users.get(user),
            body.name,
            lifetime=None if body.expires_in_s is None else timedelta(seconds=body.expires_in_s),
            scopes=None if body.scopes is None else frozenset(body.scopes),
        )
        return KeyOut(id=issued.token.id, token=issued.text)

    return router


async def _detail(users: UserAdministration, user: User) -> UserDetail:
    return (await _details(users, [user]))[0]


async def _details(users: UserAdministration, page: list[User]) -> list[UserDetail]:
    with_password = await users.with_password(page)
    return [
        UserDetail(
            id=user.id,
            name=user.name,
            hue=user.hue,
            kind=user.kind,
            server_role=user.server_role,
            disabled=user.disabled_at is not None,
            created_at=user.created_at,
            last_seen_at=user.last_seen_at,
            has_password=user.id in with_password,
        )
        for user in page
    ]


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
