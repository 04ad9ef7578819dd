"""Conflicts: what people and programs have to agree on, since it does not merge."""

from __future__ import annotations

from server.conflicts.conflict import Conflict, ConflictState, ConflictType, Strategy
from server.conflicts.errors import ConflictNotFound, NoSuchSession, NotOpen
from server.conflicts.events import ConflictDetected, ConflictUpdated
from server.conflicts.routes import routes
from server.conflicts.service import ConflictService

__all__ = [
    "Conflict",
    "ConflictDetected",
    "ConflictNotFound",
    "ConflictService",
    "ConflictState",
    "ConflictType",
    "ConflictUpdated",
    "NoSuchSession",
    "NotOpen",
    "Strategy",
    "routes",
]
