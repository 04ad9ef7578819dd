"""Projects: metadata and addresses. Who may do what with them is asked at the edges."""

from __future__ import annotations

from collections.abc import Collection

from crdt_docs.names import SLUG
from server.access import SERVER, Principal, Role, RoleService, actor_of
from server.kit.audit import Act
from server.kit.cache import MomentCache
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
        self._by_slug: MomentCache[str, Project] = MomentCache(clock)

    async def create(self, slug: str, name: str, *, owner: Principal) -> Project:
        """A new project of `owner` (of nobody, if that is a visitor); raises `SlugTaken`."""
        project = Project(uuid7(), slug, name, self._clock.now())
        if owner.is_anonymous:
            await self._database.write(lambda session: store.add(session, project))
        else:
            await self._roles.set_role(
                project.id, owner.id, Role.OWNER, together_with=lambda session: store.add(session, project)
            )
        self._tell("project.created", project.id, owner, slug=slug)
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
        """The project under a present or former slug, remembered for a moment; raises `NotFound`."""
        return await self._by_slug.get(slug, lambda: self._load(slug))

    async def _load(self, slug: str) -> Project:
        if not SLUG.fullmatch(slug):
            raise NotFound
        return _found(await self._database.read(lambda session: store.by_slug(session, slug)))

    async def find_id(self, slug: str) -> str:
        """The id of the project under a present or former slug; raises `NotFound`."""
        return (await self.get_by_slug(slug)).id

    async def list(self, ids: Collection[str] | None = None, *, after: str = "", limit: int = 50) -> list[Project]:
        """Projects (of `ids` only, unless None) by slug, those after `after`."""
        return await self._database.read(lambda session: store.page(session, ids, after, limit))

    async def change(
        self, project_id: str, *, by: Principal = SERVER, slug: str | None = None, name: str | None = None
    ) -> Project:
        """Gives it another slug or name; raises `NotFound`, `SlugTaken`."""
        changed = _found(await self._database.write(lambda session: store.change(session, project_id, slug, name)))
        self._by_slug.clear()
        self._tell("project.changed", project_id, by, slug=changed.slug, name=changed.name)
        return changed

    async def delete(self, project_id: str, *, by: Principal = SERVER) -> None:
        """Takes it away from everybody; its documents stay in the database. Raises `NotFound`."""
        now = self._clock.now()
        if not await self._database.write(lambda session: store.mark_deleted(session, project_id, now)):
            raise NotFound
        self._by_slug.clear()
        self._events.publish(ProjectDeleted(project_id))
        self._tell("project.deleted", project_id, by)

    def _tell(self, action: str, project_id: str, by: Principal, **detail: str) -> None:
        self._events.publish(Act(action, actor_of(by), project_id, detail=detail))


def _found(project: Project | None) -> Project:
    if project is None:
        raise NotFound
    return project
