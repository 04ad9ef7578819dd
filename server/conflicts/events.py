"""What happened to conflicts."""

from __future__ import annotations

from dataclasses import dataclass

from server.conflicts.conflict import Conflict


@dataclass(frozen=True, slots=True)
class ConflictDetected:
    """There is a new conflict."""

    conflict: Conflict


@dataclass(frozen=True, slots=True)
class ConflictUpdated:
    """A conflict is in another state."""

    conflict: Conflict
