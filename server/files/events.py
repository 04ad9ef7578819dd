"""What happened to files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilesMoved:
    """Files of a project have other paths now, and what may be done with them may be something else there."""

    project_id: str
