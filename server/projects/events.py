"""What happened to a project."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProjectDeleted:
    """The project is gone for everybody; whatever is open in it is to be closed."""

    project_id: str
