"""What can go wrong with conflicts."""

from __future__ import annotations

from server.kit.errors import Conflict as ConflictError
from server.kit.errors import NotFound


class ConflictNotFound(NotFound):
    """There is no such conflict."""

    code = "conflict.not_found"


class NotOpen(ConflictError):
    """The conflict is over, or is being resolved already."""

    code = "conflict.not_open"


class NoSuchSession(ConflictError):
    """The session that would ask again has ended; resolve the conflict by hand."""

    code = "conflict.no_session"
