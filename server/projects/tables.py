"""Tables of projects. Rows never leave the store."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from server.kit.columns import UtcDateTime


class ProjectRow(SQLModel, table=True):
    """A project; `slug` is its present address. A deleted one keeps its row and gives its slugs back."""

    __tablename__ = "project"

    id: str = Field(primary_key=True)
    slug: str = Field(index=True)
    name: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SlugRow(SQLModel, table=True):
    """Every slug that leads to a project: the present one and those it had before."""

    __tablename__ = "project_slug"

    slug: str = Field(primary_key=True)
    project_id: str = Field(foreign_key="project.id", index=True)
