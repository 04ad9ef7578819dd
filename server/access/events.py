"""What happened to somebody's access."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    """A token stopped counting before its time; whatever it opened is to be closed."""

    token_id: str


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """Roles changed: of a principal in a project, or of everybody (None) everywhere (None)."""

    project_id: str | None
    principal_id: str | None
