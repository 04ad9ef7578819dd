"""What the audit log keeps of an act."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from server.kit.audit import Act, Outcome

SERVER_CHAIN = ""
"""The chain of what concerns the server; every project has one under its id."""

CHECKPOINT = "audit.checkpoint"
"""The action of the row that stands for pruned ones: no act, but what is left of them."""

PRUNED = "audit.pruned"
"""The action of the row that says that rows were pruned, and how far."""

LOST = "audit.lost"
"""The action of the row that says that acts could not be kept while the database was away."""

MAX_TEXT = 2048
MAX_DETAIL = 8192


@dataclass(frozen=True, slots=True)
class Note:
    """An act that is ready to be written: when it was, in texts that every database takes.

    `area` is the first word of the action, what it is about; `detail` is canonical JSON: keys sorted, no blanks, ASCII.
    """

    chain: str
    at: datetime
    actor_id: str
    actor_name: str
    actor_kind: str
    token_id: str
    address: str
    area: str
    action: str
    resource: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A note at its place in a chain: the hash covers it and the hash of the entry before."""

    note: Note
    seq: int
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are asked for; None asks for all.

    `action` is an action (`token.created`), its beginning (`token.cr`) or an area (`token`); `actor` an id or a name;
    `text` stands somewhere in the name, address, action, resource or detail, in capitals or not.
    """

    chain: str | None = None
    actor: str | None = None
    action: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


def note(act: Act, at: datetime) -> Note:
    """The act as it is written; what is too long, or no database takes, is cut or replaced."""
    return Note(
        chain=act.project_id,
        at=at.astimezone(UTC),
        actor_id=_clean(act.actor.id),
        actor_name=_clean(act.actor.name),
        actor_kind=_clean(act.actor.kind),
        token_id=_clean(act.actor.token_id),
        address=_clean(act.actor.address),
        area=area(act.action),
        action=_clean(act.action),
        resource=_clean(act.resource),
        outcome=str(act.outcome),
        detail=canonical(act.detail),
    )


def area(action: str) -> str:
    """The first word of an action."""
    return _clean(action.partition(".")[0])


def canonical(detail: Mapping[str, Any]) -> str:
    """Canonical JSON; a detail that is too long is left out, which it says."""
    text = json.dumps(dict(detail), sort_keys=True, separators=(",", ":"), default=str)
    return text if len(text) <= MAX_DETAIL else '{"left_out":"too long"}'


def _clean(text: str) -> str:
    """No NUL, which PostgreSQL does not take, and no half characters."""
    return text[:MAX_TEXT].replace("\0", "\ufffd").encode(errors="replace").decode()
