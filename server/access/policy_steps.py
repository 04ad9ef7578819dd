"""From what REST is asked to change to the steps of one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from server.access.changes import Change, NewGrant
from server.access.errors import InvalidPermission
from server.access.policy_schemas import AddGrant, NewGrantIn, Remove, RevokeGrant, SetRole
from server.access.project_changes import ProjectChanges
from server.access.role_service import Step
from server.access.templates import Template
from server.kit.errors import AtriumError, FieldError, NotFound


def step_of(change: SetRole | Remove | AddGrant | RevokeGrant | NewGrantIn) -> Step:
    """The step that makes a change."""
    match change:
        case SetRole():
            return lambda changes: changes.set_role(change.user, change.role, change.until)
        case Remove():
            return lambda changes: changes.remove(change.user)
        case RevokeGrant():
            return lambda changes: changes.revoke(change.id)
        case NewGrantIn():
            return _granting(NewGrant(change.user, change.permission(), change.reason))


def steps_of(template: Template, user: str, until: datetime | None) -> Iterator[Step]:
    """The steps that give `user` (id or name) what a template says."""
    role = template.role
    if role is not None:
        yield lambda changes: changes.set_role(user, role, until)
    for permission in template.grants_until(until):
        yield _granting(NewGrant(user, permission, f"template {template.name}"))


def _granting(grant: NewGrant) -> Step:
    return lambda changes: changes.grant(grant)


def indexed(list_name: str, index: int, step: Step) -> Step:
    """The same step, whose errors say which item of the request's list is at fault."""

    def run(changes: ProjectChanges) -> Change:
        try:
            return step(changes)
        except AtriumError as error:
            # Not found is the item, not what the request is about: that would be a 404.
            kind = InvalidPermission if isinstance(error, NotFound) else type(error)
            raise kind(error.detail, errors=[FieldError(["body", list_name, index], error.detail)]) from error

    return run
