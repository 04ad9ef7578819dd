"""Changes of who may do what in one project: nobody gives, takes or denies what they do not have themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from server.access import policy_store
from server.access.changes import Change, NewGrant, shown_binding, shown_grant
from server.access.errors import (
    Forbidden,
    GrantNotFound,
    InvalidPermission,
    LacksItself,
    LastOwner,
    UserNotFound,
)
from server.access.guards import find_user, refuse_over, refuse_unknown_role, somebody
from server.access.model import SERVER, Action, Principal, Role, ServerRole, User
from server.access.permission import Permission, relative
from server.access.policy_data import PolicyData
from server.access.resources import MEMBERS
from server.access.standing import Binding, Grant
from server.kit.ids import uuid7


class ProjectChanges:
    """Changes in one project in one transaction, by somebody (None: by the server itself, which may everything).

    Every method raises `Forbidden` for who does not manage the members, and `LacksItself`.
    """

    def __init__(self, session: Session, data: PolicyData, project_id: str, by: Principal | None) -> None:
        self._session = session
        self._project_id = project_id
        self._by = by
        self._now = data.clock.now()
        self._book = policy_store.role_book(session)
        self._giver = None if by is None else data.capabilities_in(session, by, project_id)
        if self._giver is not None and not self._giver.allows(Action.ADMIN, MEMBERS):
            raise Forbidden(self._giver.decide(Action.ADMIN, MEMBERS).reason)

    # Roles

    def set_role(self, reference: str, role: str, until: datetime | None = None) -> Change:
        """Gives a user (id or name) a role, in the place of one given before.

        Raises `UserNotFound`, `InvalidPermission` and `LastOwner`.
        """
        user = find_user(self._session, reference)
        refuse_unknown_role(self._book, role)
        refuse_over(until, self._now)
        if role != Role.OWNER or until is not None:
            self._keep_an_owner(user.id)
        before = self._give_up(user)
        self._must_have(self._permissions(role), until)
        bound = Binding(user.id, self._project_id, role, until)
        policy_store.bind(self._session, bound, self._now)
        return Change("set_role", user, shown_binding(before), shown_binding(bound))

    def remove(self, reference: str) -> Change:
        """Ends a membership; raises `UserNotFound` when there is none, and `LastOwner`."""
        user = find_user(self._session, reference)
        if policy_store.binding(self._session, user.id, self._project_id) is None:
            raise UserNotFound
        self._keep_an_owner(user.id)
        before = self._give_up(user)
        policy_store.unbind(self._session, user.id, self._project_id)
        return Change("remove", user, shown_binding(before), None)

    def offer(self, role: str) -> None:
        """Raises what `set_role` would: for an invitation, which is made before anybody accepts it."""
        refuse_unknown_role(self._book, role)
        self._must_have(self._permissions(role), None)

    # Grants

    def grant(self, new: NewGrant) -> Change:
        """Gives or denies a user something; raises `UserNotFound`, `InvalidPermission` and `LastOwner`."""
        user = find_user(self._session, new.user)
        refuse_over(new.permission.expires, self._now, new.permission.not_before)
        name = "/".join(filter(None, ("project", self._project_id, new.permission.resource)))
        permission = replace(new.permission, id=uuid7(), resource=name)
        if permission.allows:
            self._must_have([permission], permission.expires)
        else:
            self._must_outrank(user)
        giver = self._by or SERVER
        given = Grant(user.id, self._project_id, permission, new.reason, giver.id, self._now)
        policy_store.forget_ended_grants(self._session, self._now)
        policy_store.add_grant(self._session, given)
        return Change("grant", user, None, shown_grant(given), given)

    def revoke(self, id: str) -> Change:
        """Takes a grant back; raises `GrantNotFound`. Who takes back a denial gives what it denied."""
        given = policy_store.grant(self._session, self._project_id, id) if id.isprintable() else None
        if given is None:
            raise GrantNotFound
        if not given.permission.allows:
            self._must_have([given.permission], None)
        policy_store.delete_grant(self._session, id)
        user = somebody(self._session, given.user_id)
        return Change("revoke_grant", user, shown_grant(given), None, given)

    # What holds for all of them

    def _give_up(self, user: User) -> Binding | None:
        """The role that `user` has now, which the one who changes it could give as well.

        Everybody may give up their own, but for what it denies them.
        """
        before = policy_store.binding(self._session, user.id, self._project_id)
        if before and before.is_live(self._now):
            own = self._by is not None and self._by.id == user.id
            permissions = self._permissions(before.role)
            self._must_cover(permission for permission in permissions if not (own and permission.allows))
        return before

    def _must_outrank(self, user: User) -> None:
        """One denies nothing to an administrator, to the last owner, and to who may do more than oneself."""
        if user.server_role == ServerRole.ADMIN:
            raise InvalidPermission("Nothing is denied to an administrator; take the role away first.")
        self._keep_an_owner(user.id)
        before = policy_store.binding(self._session, user.id, self._project_id)
        for role in filter(None, (user.server_role, before.role if before else None)):
            self._must_cover(self._permissions(role))

    def _keep_an_owner(self, user_id: str) -> None:
        if policy_store.lasting_owners(self._session, self._project_id) == [user_id]:
            raise LastOwner

    def _permissions(self, role: str) -> list[Permission]:
        return [permission for permission, _ in self._book.permissions(role)]

    def _must_have(self, permissions: Iterable[Permission], until: datetime | None) -> None:
        """The giver has all of it for good, or until then at least."""
        for action, resource in self._each(permissions):
            if self._giver is not None and not self._giver.may_give(action, resource, until):
                raise _lacking(action, resource)

    def _must_cover(self, permissions: Iterable[Permission]) -> None:
        """The giver has all of it now."""
        for action, resource in self._each(permissions):
            if self._giver is not None and not self._giver.covers(action, resource):
                raise _lacking(action, resource)

    def _each(self, permissions: Iterable[Permission]) -> Iterable[tuple[Action, str]]:
        for permission in permissions:
            resource = relative(permission.resource, "project/*")
            if resource is None:
                resource = relative(permission.resource, f"project/{self._project_id}")
            if resource is not None:
                yield from ((action, resource) for action in sorted(permission.concerns))


def _lacking(action: Action, resource: str) -> LacksItself:
    where = f"on {resource!r}" if resource else "on the project"
    return LacksItself(
        f"You do not have '{action}' {where} yourself, or not for as long: so you cannot give or take it."
    )
