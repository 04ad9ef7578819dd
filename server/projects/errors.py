"""What can go wrong with projects."""

from __future__ import annotations

from server.kit.errors import Conflict


class SlugTaken(Conflict):
    """This slug leads to another project, now or from before it was renamed; choose another."""

    code = "project.slug_taken"
