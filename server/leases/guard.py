"""Writes that a lease protects: a holder that has lost its lease, and does not know it yet, changes nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult, Update
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlmodel import Session

from server.leases.errors import Fenced


def guarded_update(session: Session, statement: Update, last_fence: KeyedColumnElement[int], fence: int) -> None:
    """Runs `statement`, which changes one row, only if no later holder has written to the row, and remembers `fence`.

    ``UPDATE … SET last_fence = :fence WHERE … AND last_fence <= :fence``. Raises `Fenced`.
    """
    guarded = statement.where(last_fence <= fence).values({last_fence: fence})
    result: CursorResult[Any] = session.connection().execute(guarded)
    if result.rowcount == 0:
        raise Fenced
