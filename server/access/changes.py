"""One change of who may do what in a project: what was there before and after, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from server.access.actor import actor_of
from server.access.events import AccessChanged
from server.access.model import SERVER, Principal, User
from server.access.permission import Permission, relative
from server.access.resources import MEMBERS
from server.access.standing import Binding, Grant
from server.kit.audit import Act

PAST: Final = {
    "set_role": "member.role_set",
    "remove": "member.removed",
    "grant": "grant.created",
    "revoke_grant": "grant.revoked",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed for whom: `before` and `after` are small and plain, None where there is nothing."""

    op: str
    user: User
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant to give; `permission.resource` is relative to the project."""

    user: str
    permission: Permission
    reason: str = ""


def events_of(project_id: str, by: Principal | None, changes: Iterable[Change]) -> Iterable[object]:
    """What is published after changes: whose access is another one now, and who did what."""
    for change in changes:
        yield AccessChanged(project_id, change.user.id)
        yield Act(
            PAST[change.op],
            actor_of(by or SERVER),
            project_id,
            f"{MEMBERS}/{change.user.id}",
            detail={"user": change.user.name, "before": change.before, "after": change.after},
        )


def shown_grant(grant: Grant) -> Mapping[str, Any]:
    """A grant in plain JSON."""
    permission = grant.permission
    return {
        "id": grant.id,
        "resource": relative(permission.resource, f"project/{grant.project_id}"),
        "actions": sorted(permission.actions),
        "effect": str(permission.effect),
        "conditions": list(permission.conditions),
        "not_before": _text(permission.not_before),
        "until": _text(permission.expires),
        "reason": grant.reason,
    }


def shown_binding(binding: Binding | None) -> Mapping[str, Any] | None:
    return {"role": binding.role, "until": _text(binding.expires)} if binding else None


def _text(time: datetime | None) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None
