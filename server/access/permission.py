"""Permissions: which actions on which resources are allowed or denied, when, and on which conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from server.access.globs import Glob
from server.access.model import Action, with_implied

EVERYTHING: Final = "**"
"""The resource of the administrators' permission: all projects, and the system."""

EVERY: Final = frozenset(Action)


class Effect(StrEnum):
    """What a permission does; a deny beats every allow."""

    ALLOW = "allow"
    DENY = "deny"


class Source(StrEnum):
    """Where a rule comes from."""

    MEMBER = "member"
    SERVER = "server role"
    EVERYBODY = "everybody"
    GRANT = "grant"


@dataclass(frozen=True, slots=True)
class Permission:
    """What is allowed or denied.

    `resource` is a pattern of full names: ``project/*/…`` or ``system/…`` in a role, ``project/{id}/…`` in a grant.
    What this version does not know of an action, effect or condition never allows anything, but it denies.
    """

    id: str
    resource: str
    actions: frozenset[str]
    effect: str = Effect.ALLOW
    conditions: tuple[str, ...] = ()
    not_before: datetime | None = None
    expires: datetime | None = None

    @property
    def allows(self) -> bool:
        return self.effect == Effect.ALLOW

    @property
    def concerns(self) -> frozenset[Action]:
        """The actions that are allowed or denied, with those that follow."""
        return _implied(self.actions) if self.allows else _denied(self.actions)


@dataclass(frozen=True, slots=True)
class Rule:
    """A permission as it concerns one principal in one project: `glob` is relative, the times are a binding's too."""

    permission: Permission
    glob: Glob
    source: Source
    role_path: tuple[str, ...]
    not_before: datetime | None
    expires: datetime | None

    @property
    def id(self) -> str:
        return self.permission.id


@lru_cache(maxsize=256)
def _implied(actions: frozenset[str]) -> frozenset[Action]:
    """Every action implies read, admin implies all."""
    return with_implied(action for action in Action if action in actions)


@lru_cache(maxsize=256)
def _denied(actions: frozenset[str]) -> frozenset[Action]:
    """Whoever may not read may do nothing; whoever may not do everything does not administer."""
    if actions - EVERY:
        return EVERY
    return frozenset(action for action in Action if with_implied([action]) & actions)


def relative(resource: str, base: str) -> str | None:
    """A full name below `base` (``project/*``, ``system``); None when it is elsewhere."""
    if resource in (EVERYTHING, f"{base}/{EVERYTHING}"):
        return EVERYTHING
    if resource == base:
        return ""
    return resource[len(base) + 1 :] if resource.startswith(f"{base}/") else None


def latest(times: Iterable[datetime | None]) -> datetime | None:
    """The latest of the times that there are."""
    return max(filter(None, times), default=None)


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """The earliest of the times that there are."""
    return min(filter(None, times), default=None)
