"""Projects in SQL: functions of a session."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from server.projects.errors import SlugTaken
from server.projects.model import Project
from server.projects.tables import ProjectRow, SlugRow


def add(session: Session, project: Project) -> None:
    """Raises `SlugTaken`."""
    session.add(ProjectRow(id=project.id, slug=project.slug, name=project.name, created_at=project.created_at))
    session.flush()
    _take_slug(session, project.slug, project.id)


def by_id(session: Session, id: str) -> Project | None:
    row = _row(session, id)
    return _project(row) if row else None


def by_slug(session: Session, slug: str) -> Project | None:
    """The project that a present or former slug leads to."""
    address = session.get(SlugRow, slug)
    return by_id(session, address.project_id) if address else None


def page(session: Session, ids: Collection[str] | None, after: str, limit: int) -> list[Project]:
    """Projects (of `ids` only, unless None) by slug, those after `after`."""
    query = select(ProjectRow).where(col(ProjectRow.deleted_at).is_(None), ProjectRow.slug > after)
    if ids is not None:
        query = query.where(col(ProjectRow.id).in_(ids))
    return [_project(row) for row in session.exec(query.order_by(ProjectRow.slug).limit(limit))]


def change(session: Session, id: str, slug: str | None, name: str | None) -> Project | None:
    """Gives a project another slug or name (None keeps it); raises `SlugTaken`."""
    row = _row(session, id)
    if row is None:
        return None
    if slug is not None:
        _take_slug(session, slug, id)
        row.slug = slug
    row.name = name or row.name
    return _project(row)


def mark_deleted(session: Session, id: str, now: datetime) -> bool:
    """Whether it was there; its slugs are free again."""
    row = _row(session, id)
    if row is None:
        return False
    row.deleted_at = now
    session.execute(delete(SlugRow).where(col(SlugRow.project_id) == id))
    return True


def _take_slug(session: Session, slug: str, project_id: str) -> None:
    address = session.get(SlugRow, slug)
    if address is None:
        session.add(SlugRow(slug=slug, project_id=project_id))
        try:
            session.flush()
        except IntegrityError:  # somebody else took it since we looked
            raise SlugTaken from None
    elif address.project_id != project_id:
        raise SlugTaken


def _row(session: Session, id: str) -> ProjectRow | None:
    row = session.get(ProjectRow, id)
    return row if row and row.deleted_at is None else None


def _project(row: ProjectRow) -> Project:
    return Project(row.id, row.slug, row.name, row.created_at)
