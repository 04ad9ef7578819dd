"""The answer to "may this principal do that?"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an action is allowed, and why.

    `rule_id` is the permission that decided and `role_path` the roles that led to it (empty for a grant); `near_miss`
    is what would have allowed it but for a condition or the time. The answer holds until `valid_until` (None: until
    somebody changes the policy).
    """

    allowed: bool
    reason: str
    rule_id: str | None = None
    role_path: tuple[str, ...] = ()
    near_miss: str | None = None
    valid_until: datetime | None = None
