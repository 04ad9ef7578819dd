"""What SQL decides about leases: the next epoch of a project, and which node gives them out. Functions of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from server.leases.errors import OwnerChanged
from server.leases.tables import EpochRow, OwnerRow


def _table(row: type[SQLModel]) -> Any:
    return row.__table__  # type: ignore[attr-defined] # SQLModel adds it at run time


UPSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
epochs, owners = _table(EpochRow), _table(OwnerRow)
FIRST_EPOCH, THE_ROW = 1, 1


@dataclass(frozen=True, slots=True)
class Owner:
    """Who gives out leases: a node, or "" for the shared store; `term` counts the changes."""

    node: str
    term: int


def next_epoch(session: Session, project_id: str, above: int = 0) -> int:
    """An epoch that nobody has had before and nobody else gets, greater than `above`; `FIRST_EPOCH` if there was none.

    One statement: two stores that start at once must never both give out the fences of one epoch.
    """
    insert = UPSERT[session.get_bind().dialect.name](epochs).values(project_id=project_id, epoch=above + 1)
    later = case((epochs.c.epoch > above, epochs.c.epoch + 1), else_=above + 1)
    raised = insert.on_conflict_do_update(index_elements=["project_id"], set_={"epoch": later})
    return int(session.execute(raised.returning(epochs.c.epoch)).scalar_one())


def owner(session: Session) -> Owner:
    """Who gives out leases now."""
    row = session.execute(select(owners.c.node, owners.c.term).where(owners.c.id == THE_ROW)).one_or_none()
    return Owner(row.node, row.term) if row else Owner("", 0)


def change_owner(session: Session, node: str, seen: Owner) -> Owner:
    """Makes `node` the owner and fences everything given out before.

    Raises `OwnerChanged` unless `seen` is the owner still: of several nodes that try, exactly one succeeds.
    """
    changed = Owner(node, seen.term + 1)
    insert = UPSERT[session.get_bind().dialect.name](owners).values(id=THE_ROW, node=changed.node, term=changed.term)
    swap = insert.on_conflict_do_update(
        index_elements=["id"], set_={"node": changed.node, "term": changed.term}, where=owners.c.term == seen.term
    )
    if session.execute(swap.returning(owners.c.term)).scalar_one_or_none() is None:
        raise OwnerChanged
    session.execute(update(epochs).values(epoch=epochs.c.epoch + 1))
    return changed
