"""What somebody did, as an event: features publish it, the audit log keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a principal, the token and the address that it came with ("" where there is none)."""

    id: str
    name: str
    kind: str
    token_id: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing worth remembering.

    `action` is a dotted past-tense word (``token.created``, ``file.written``); `project_id` is "" for what concerns the
    server; `resource` is relative to the project, as access names it; `detail` is small and plain JSON, and never has
    content, passwords or the text of tokens in it.
    """

    action: str
    actor: Actor
    project_id: str = ""
    resource: str = ""
    outcome: Outcome = Outcome.DONE
    detail: Mapping[str, Any] = field(default_factory=dict)
