"""Templates in SQL: functions of a session."""

from __future__ import annotations

from sqlmodel import Session, select

from server.access.tables import TemplateRow
from server.access.templates import Template, dump_template, load_template


def templates(session: Session, after: str, limit: int) -> list[Template]:
    """Templates by name, those after `after`."""
    page = select(TemplateRow).where(TemplateRow.name > after).order_by(TemplateRow.name).limit(limit)
    return [load_template(row.name, row.content) for row in session.exec(page)]


def template(session: Session, name: str) -> Template | None:
    row = session.get(TemplateRow, name)
    return load_template(row.name, row.content) if row else None


def save_template(session: Session, template: Template) -> bool:
    """Whether it is a new one."""
    is_new = session.get(TemplateRow, template.name) is None
    session.merge(TemplateRow(name=template.name, content=dump_template(template)))
    return is_new


def delete_template(session: Session, name: str) -> bool:
    """Whether there was one."""
    row = session.get(TemplateRow, name)
    if row is not None:
        session.delete(row)
    return row is not None
