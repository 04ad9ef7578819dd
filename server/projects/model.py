"""What a project is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `id` never changes, `slug` is its address now."""

    id: str
    slug: str
    name: str
    created_at: datetime
