"""A conflict, and how it may go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConflictType(StrEnum):
    """What is in the way of what."""

    RESOURCE_LOCK = "resource_lock"
    CONTEXT_SWITCH = "context_switch"


class ConflictState(StrEnum):
    """How far it has come."""

    DETECTED = "detected"
    NOTIFIED = "notified"
    RESOLVING = "resolving"
    RESOLVED = "resolved"
    FAILED = "failed"


TRANSITIONS: Mapping[ConflictState, frozenset[ConflictState]] = {
    ConflictState.DETECTED: frozenset({ConflictState.NOTIFIED}),
    ConflictState.NOTIFIED: frozenset({ConflictState.RESOLVING, ConflictState.FAILED}),
    ConflictState.RESOLVING: frozenset({ConflictState.RESOLVED, ConflictState.FAILED}),
    ConflictState.RESOLVED: frozenset(),
    ConflictState.FAILED: frozenset(),
}
"""Where each state may lead; every change is checked against this table."""


class Strategy(StrEnum):
    """How a conflict is resolved: by asking again, or by what people agree on."""

    WAIT_AND_RETRY = "wait_and_retry"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One session (`session_id`, of `user`) could not get, or may lose, the lease of a resource.

    `others` are the sessions in the way; `reason` is a word of `LeaseRefused`, or `switched`; `times` counts how often
    it came up. `resolution` says for people how it ended.
    """

    id: str
    project_id: str
    type: ConflictType
    state: ConflictState
    lock_type: str
    resource_id: str
    mode: str
    session_id: str
    user: str
    others: tuple[str, ...]
    reason: str
    times: int
    created_at: datetime
    changed_at: datetime
    strategy: Strategy | None = None
    resolution: str | None = None

    @property
    def resource(self) -> str:
        """The public name of the resource: `git:main`."""
        return f"{self.lock_type}:{self.resource_id}"

    @property
    def is_open(self) -> bool:
        return bool(TRANSITIONS[self.state])

    @property
    def key(self) -> Key:
        """Two conflicts that are the same but for when they came up have the same key."""
        return self.type, self.project_id, self.session_id, self.resource


Key = tuple[ConflictType, str, str, str]
