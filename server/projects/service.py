"""Projects: metadata and addresses. Who may do what with them is asked at the edges."""

from __future__ import annotations

from collections.abc import Collection

from crdt_docs.names import SLUG
from server.access import Principal, Role, RoleService
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.errors import NotFound
from server.kit.events import EventBus
from server.kit.ids import uuid7
from server.projects import store
from server.projects.events import ProjectDeleted
from server.projects.model import Project


class ProjectService:
    """Projects by id and by slug. Publishes `ProjectDeleted`.

    A renamed project is still found under its former slugs, and nobody else can take them: a client that works
    offline with an old address must never end up in another project. A deleted project gives its slugs back.
    """

    def __init__(self, database: Database, events: EventBus, clock: Clock, *, roles: RoleService) -> None:
        self._database = database
        self._roles = roles
        self._events = events
        self._clock = clock

    async def create(self, slug: str, name: str, *, owner: Principal) -> Project:
        """A new project of `owner` (of nobody, if that is a visitor); raises `SlugTaken`."""
        project = Project(uuid7(), slug, name, self._clock.now())
        if owner.is_anonymous:
            await self._database.write(lambda session: store.add(session, project))
        else:
            await self._roles.set_role(
                project.id, owner.id, Role.OWNER, together_with=lambda session: store.add(session, project)
            )
        return project

    async def ensure(self, slug: str) -> None:
        """Makes the project, of nobody, unless there is one under the slug: the one that the settings name."""
        try:
            await self.get_by_slug(slug)
        except NotFound:
            project = Project(uuid7(), slug, slug, self._clock.now())
            await self._database.write(lambda session: store.add(session, project))

    async def get(self, project_id: str) -> Project:
        """Raises `NotFound`."""
        return _found(await self._database.read(lambda session: store.by_id(session, project_id)))

    async def get_by_slug(self, slug: str) -> Project:
        """The project under a present or former slug; raises `NotFound`."""
        if not SLUG.fullmatch(slug):
            raise NotFound
        return _found(await self._database.read(lambda session: store.by_slug(session, slug)))

    async def find_id(self, slug: str) -> str:
        """The id of the project under a present or former slug; raises `NotFound`."""
        return (await self.get_by_slug(slug)).id

    async def list(self, ids: Collection[str] | None = None, *, after: str = "", limit: int = 50) -> list[Project]:
        """Projects (of `ids` only, unless None) by slug, those after `after`."""
        return await self._database.read(lambda session: store.page(session, ids, after, limit))

    async def change(self, project_id: str, *, slug: str | None = None, name: str | None = None) -> Project:
        """Gives it another slug or name; raises `NotFound`, `SlugTaken`."""
        return _found(await self._database.write(lambda session: store.change(session, project_id, slug, name)))

    async def delete(self, project_id: str) -> None:
        """Takes it away from everybody; its documents stay in the database. Raises `NotFound`."""
        now = self._clock.now()
        if not await self._database.write(lambda session: store.mark_deleted(session, project_id, now)):
            raise NotFound
        self._events.publish(ProjectDeleted(project_id))


def _found(project: Project | None) -> Project:
    if project is None:
        raise NotFound
    return project
