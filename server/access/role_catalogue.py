"""The roles of a server, and the templates by which roles and grants are given together; administrators' work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlmodel import Session

from server.access import policy_store, template_store
from server.access.actor import actor_of
from server.access.errors import InvalidPermission, RoleFixed, RoleInUse, RoleNotFound, TemplateNotFound
from server.access.events import AccessChanged
from server.access.guards import refuse_unknown_role
from server.access.model import SERVER_WIDE, Principal, ServerRole
from server.access.policy_data import PolicyData
from server.access.role_service import refuse_who_is_no_administrator
from server.access.roles import GUEST, RoleBook, RoleDefinition
from server.access.templates import Template
from server.kit.audit import Act

MOST_PERMISSIONS: Final = 1000
"""How many permissions a role may have with those that it inherits: every decision may look at all of them."""


class RoleCatalogue:
    """Roles and templates by name. Publishes `AccessChanged` and an `Act` after every change."""

    def __init__(self, data: PolicyData) -> None:
        self._data = data

    # Roles

    async def book(self) -> RoleBook:
        """All roles."""
        return await self._data.book()

    async def save(self, role: RoleDefinition, by: Principal) -> bool:
        """Defines a role, in the place of one of this name; whether it is a new one.

        Raises `Forbidden` for who is no administrator, `RoleFixed`, `RoleCycle`, and
        `InvalidPermission` for an unknown role to inherit.
        """

        def work(session: Session) -> bool:
            refuse_who_is_no_administrator(session, by)
            book = policy_store.role_book(session)
            is_new = book.get(role.name) is None
            _refuse(book, role)
            policy_store.save_role(session, role)
            return is_new

        return await self._data.change(work, lambda _: _told("role.saved", by, f"roles/{role.name}"))

    async def delete(self, name: str, by: Principal) -> None:
        """Raises `RoleNotFound`, `RoleFixed`, and `RoleInUse` while anybody or anything has it."""

        def work(session: Session) -> None:
            refuse_who_is_no_administrator(session, by)
            book = policy_store.role_book(session)
            role = book.get(name)
            if role is None:
                raise RoleNotFound
            _refuse_fixed(role.name, book)
            self._refuse_used(session, name, book)
            policy_store.delete_role(session, name)

        await self._data.change(work, lambda _: _told("role.deleted", by, f"roles/{name}"))

    def _refuse_used(self, session: Session, name: str, book: RoleBook) -> None:
        held = policy_store.holders(session, name, self._data.clock.now())
        if held:
            raise RoleInUse(f"{held} users have this role; give them another one first.")
        if heirs := book.heirs(name):
            raise RoleInUse(f"These roles inherit it: {', '.join(heirs)}.")

    # Templates

    async def templates(self, *, after: str = "", limit: int = 50) -> Sequence[Template]:
        """Templates by name, those after `after`."""
        return await self._data.database.read(lambda session: template_store.templates(session, after, limit))

    async def template(self, name: str) -> Template:
        """Raises `TemplateNotFound`."""
        template = await self._data.database.read(lambda session: template_store.template(session, name))
        if template is None:
            raise TemplateNotFound
        return template

    async def save_template(self, template: Template, by: Principal) -> bool:
        """Defines a template, in the place of one of this name; whether it is a new one. Raises `InvalidPermission`."""

        def work(session: Session) -> bool:
            if template.role is not None:
                refuse_unknown_role(policy_store.role_book(session), template.role)
            return template_store.save_template(session, template)

        is_new = await self._data.database.write(work)
        self._data.events.publish(_act("template.saved", by, f"templates/{template.name}"))
        return is_new

    async def delete_template(self, name: str, by: Principal) -> None:
        """What was given by it stays; raises `TemplateNotFound`."""
        if not await self._data.database.write(lambda session: template_store.delete_template(session, name)):
            raise TemplateNotFound
        self._data.events.publish(_act("template.deleted", by, f"templates/{name}"))


def _refuse(book: RoleBook, role: RoleDefinition) -> None:
    _refuse_fixed(role.name, book)
    for name in role.inherits:
        if book.get(name) is None or name == ServerRole.ADMIN:
            raise InvalidPermission(f"There is no role {name!r} to inherit.")
    book.refuse_cycle(role)
    count = len(role.permissions) + sum(len(book.permissions(name)) for name in role.inherits)
    if count > MOST_PERMISSIONS:
        raise InvalidPermission(f"A role has at most {MOST_PERMISSIONS} permissions with those that it inherits.")


def _refuse_fixed(name: str, book: RoleBook) -> None:
    role = book.get(name)
    if name == GUEST or (role and role.built_in):
        raise RoleFixed


def _told(action: str, by: Principal, resource: str) -> Iterable[object]:
    return (AccessChanged(None, None), _act(action, by, resource))


def _act(action: str, by: Principal, resource: str) -> Act:
    return Act(action, actor_of(by), SERVER_WIDE, resource)
