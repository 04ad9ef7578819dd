"""The policy in SQL: roles, bindings, grants, templates and the version of it all. Functions of a session."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, Delete, Update, text
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, delete, or_, select, update

from server.access.model import Role, ServerRole
from server.access.permission import Permission
from server.access.roles import RoleBook, RoleDefinition
from server.access.standing import Binding, Grant, Standing
from server.access.store import user_by_id
from server.access.tables import BindingRow, GrantRow, PolicyVersionRow, RoleRow, UserRow

KEEP_ENDED = timedelta(days=30)
"""How long an ended grant is kept, so that it can be explained why somebody lost access."""

# Version


def policy_version(session: Session) -> int:
    """How often the policy has changed."""
    return session.exec(select(PolicyVersionRow.version)).one_or_none() or 0


def raise_policy_version(session: Session) -> int:
    """Counts one more change of the policy; returns the new version.

    Called before anything is read: the changes of all nodes come one after the other.
    """
    raised = update(PolicyVersionRow).values(version=PolicyVersionRow.version + 1)
    if not _changed(session, raised):  # the first change ever
        session.execute(text("INSERT INTO policy_version (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING"))
        session.execute(raised)
    return policy_version(session)


# Roles


def role_book(session: Session) -> RoleBook:
    """All roles."""
    return RoleBook(_role(row) for row in session.exec(select(RoleRow)))


def save_role(session: Session, role: RoleDefinition) -> None:
    """Defines a role, in the place of one of this name."""
    permissions = json.dumps([_dump(permission) for permission in role.permissions])
    session.merge(
        RoleRow(name=role.name, description=role.description, inherits=" ".join(role.inherits), permissions=permissions)
    )


def delete_role(session: Session, name: str) -> None:
    session.execute(delete(RoleRow).where(col(RoleRow.name) == name))


def holders(session: Session, role: str, now: datetime) -> int:
    """How many users have a role, in a project or on the server."""
    bound = select(BindingRow.user_id).where(BindingRow.role == role, _not_over(col(BindingRow.expires_at), now))
    serving = select(UserRow.id).where(UserRow.server_role == role)
    return len(set(session.exec(bound)) | set(session.exec(serving)))


# Standing


def standing(session: Session, user_id: str, everybody: str | None) -> Standing:
    """All that a user was given; for an unknown one, what everybody has."""
    user = user_by_id(session, user_id)
    bindings = session.exec(select(BindingRow).where(BindingRow.user_id == user_id))
    grants = session.exec(select(GrantRow).where(GrantRow.user_id == user_id))
    return Standing(
        user.server_role if user else None,
        tuple(_binding(row) for row in bindings),
        tuple(_grant(row) for row in grants),
        disabled=bool(user and user.disabled_at),
        everybody=everybody,
    )


def changed_by_time(session: Session, after: datetime, until: datetime) -> set[tuple[str, str]]:
    """(project, user) of every role and grant that ended, and every grant that began, after `after` and by `until`."""
    bound = select(BindingRow.project_id, BindingRow.user_id)
    granted = select(GrantRow.project_id, GrantRow.user_id)
    begun, ended = col(GrantRow.not_before), col(GrantRow.expires_at)
    return {
        *session.exec(bound.where(_between(col(BindingRow.expires_at), after, until))),
        *session.exec(granted.where(or_(_between(begun, after, until), _between(ended, after, until)))),
    }


# Bindings


def binding(session: Session, user_id: str, project_id: str) -> Binding | None:
    row = session.get(BindingRow, (user_id, project_id))
    return _binding(row) if row else None


def bind(session: Session, bound: Binding, now: datetime) -> None:
    """Gives the role, in the place of one given before."""
    row = session.get(BindingRow, (bound.user_id, bound.project_id))
    if row is None:
        row = BindingRow(user_id=bound.user_id, project_id=bound.project_id, role=bound.role, created_at=now)
    row.role, row.expires_at = bound.role, bound.expires
    session.add(row)
    session.flush()


def unbind(session: Session, user_id: str, project_id: str) -> None:
    of_user = (col(BindingRow.user_id) == user_id, col(BindingRow.project_id) == project_id)
    session.execute(delete(BindingRow).where(*of_user))


def lasting_owners(session: Session, project_id: str) -> list[str]:
    """The ids of the users who own a project, and not only for a time."""
    of_project = (BindingRow.project_id == project_id, BindingRow.role == Role.OWNER)
    return list(session.exec(select(BindingRow.user_id).where(*of_project, col(BindingRow.expires_at).is_(None))))


def members(session: Session, project_id: str, now: datetime, after: str, limit: int) -> list[Binding]:
    """Who has a role in a project now, by user id, those after `after`."""
    page = (
        select(BindingRow)
        .where(BindingRow.project_id == project_id, BindingRow.user_id > after)
        .where(_not_over(col(BindingRow.expires_at), now))
        .order_by(BindingRow.user_id)
        .limit(limit)
    )
    return [_binding(row) for row in session.exec(page)]


def enabled_administrators(session: Session) -> list[str]:
    """The ids of the users who administer the server and can sign in."""
    administers = (UserRow.server_role == ServerRole.ADMIN, col(UserRow.disabled_at).is_(None))
    return list(session.exec(select(UserRow.id).where(*administers)))


# Grants


def add_grant(session: Session, grant: Grant) -> None:
    permission = grant.permission
    session.add(
        GrantRow(
            id=grant.id,
            project_id=grant.project_id,
            user_id=grant.user_id,
            resource=permission.resource,
            actions=" ".join(sorted(permission.actions)),
            effect=permission.effect,
            conditions="\n".join(permission.conditions),
            not_before=permission.not_before,
            expires_at=permission.expires,
            reason=grant.reason,
            granted_by=grant.granted_by,
            created_at=grant.created_at,
        )
    )
    session.flush()


def grant(session: Session, project_id: str, id: str) -> Grant | None:
    row = session.get(GrantRow, id)
    return _grant(row) if row and row.project_id == project_id else None


def grants(session: Session, project_id: str, now: datetime, after: str, limit: int) -> list[Grant]:
    """A project's grants that are not over by id, those after `after`."""
    page = (
        select(GrantRow)
        .where(GrantRow.project_id == project_id, GrantRow.id > after, _not_over(col(GrantRow.expires_at), now))
        .order_by(GrantRow.id)
        .limit(limit)
    )
    return [_grant(row) for row in session.exec(page)]


def delete_grant(session: Session, id: str) -> None:
    session.execute(delete(GrantRow).where(col(GrantRow.id) == id))


def forget_ended_grants(session: Session, now: datetime) -> None:
    """Deletes the grants that ended long ago."""
    session.execute(delete(GrantRow).where(col(GrantRow.expires_at) < now - KEEP_ENDED))


def _changed(session: Session, change: Update | Delete) -> int:
    """Runs `change`; returns how many rows it concerned."""
    result = session.execute(change)
    assert isinstance(result, CursorResult)
    return result.rowcount


def _not_over(ends: Mapped[datetime | None], now: datetime) -> ColumnElement[bool]:
    return or_(ends.is_(None), ends > now)


def _between(at: Mapped[datetime | None], after: datetime, until: datetime) -> ColumnElement[bool]:
    return (at > after) & (at <= until)


def _binding(row: BindingRow) -> Binding:
    return Binding(row.user_id, row.project_id, row.role, row.expires_at)


def _grant(row: GrantRow) -> Grant:
    permission = Permission(
        row.id,
        row.resource,
        frozenset(row.actions.split()),
        row.effect,
        tuple(row.conditions.split("\n") if row.conditions else ()),
        row.not_before,
        row.expires_at,
    )
    return Grant(row.user_id, row.project_id, permission, row.reason, row.granted_by, row.created_at)


def _role(row: RoleRow) -> RoleDefinition:
    permissions = tuple(_load(item) for item in json.loads(row.permissions))
    return RoleDefinition(row.name, row.description, tuple(row.inherits.split()), permissions)


def _dump(permission: Permission) -> dict[str, str | Collection[str] | None]:
    return {
        "id": permission.id,
        "resource": permission.resource,
        "actions": sorted(permission.actions),
        "effect": permission.effect,
        "conditions": list(permission.conditions),
        "not_before": permission.not_before.isoformat() if permission.not_before else None,
        "expires": permission.expires.isoformat() if permission.expires else None,
    }


def _load(item: dict[str, str]) -> Permission:
    times = {name: datetime.fromisoformat(item[name]) if item[name] else None for name in ("not_before", "expires")}
    actions: Iterable[str] = item["actions"]
    return Permission(
        item["id"], item["resource"], frozenset(actions), item["effect"], tuple(item["conditions"]), **times
    )
