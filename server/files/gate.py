"""The way into a project: by its slug, for those for whom it exists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crdt_docs.errors import BadName
from crdt_docs.names import DocumentName, Kind, normalise_path
from crdt_docs.shapes.tree import FileEntry
from server.access import AccessPolicy, Action, Capabilities, Forbidden, Principal, actor_of, file_resource, resource_of
from server.files.errors import FileNotFound
from server.files.model import FileIndex, FileTree, no_such
from server.files.view import ALL_FILES, VisibleFiles
from server.kit.audit import Act
from server.kit.errors import NotFound
from server.kit.events import EventBus
from server.projects import Project, ProjectService

NAMES_ALL_FILES = frozenset({Kind.TREE, Kind.LIVE})
"""Documents that tell which files there are, or which are leased: a document is readable whole or not at all."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A principal inside a project, and what they may do there.

    What they may not read is answered with the very error that a missing thing gets. A refusal goes through the
    policy, which remembers it.
    """

    project: Project
    principal: Principal
    can: Capabilities
    policy: AccessPolicy
    events: EventBus

    def did(self, action: str, resource: str = "", **detail: Any) -> None:
        """Tells that the principal has done something here that is worth remembering."""
        self.events.publish(Act(action, actor_of(self.principal), self.project.id, resource, detail=detail))

    async def require(self, action: Action, resource: str, missing: NotFound | None = None) -> None:
        """Raises `missing` when `resource` may not even be read, `Forbidden` when it may, but `action` may not."""
        try:
            await self.policy.require(self.principal, action, self.project.id, resource)
        except NotFound:
            raise missing or NotFound() from None

    def may_read(self, name: DocumentName) -> bool:
        """Whether the document called `name` may be read."""
        decision = self.can.decide(Action.READ, resource_of(name))
        if name.kind in NAMES_ALL_FILES:  # for who may read every file, unless a rule is against it
            return self.sees_all_files and (decision.allowed or decision.rule_id is None)
        return decision.allowed

    def may_write(self, name: DocumentName) -> bool:
        """Whether the document called `name` may be changed."""
        return self.can.allows(Action.WRITE, resource_of(name))

    # Files

    @property
    def sees_all_files(self) -> bool:
        """Whether every file of the project may be read, now and later."""
        return self.can.covers(Action.READ, ALL_FILES)

    def sees(self, path: str) -> bool:
        """Whether a file called `path`, if there is one, may be read; False for what is not a path in its one form."""
        try:
            return path == normalise_path(path) and self.can.allows(Action.READ, file_resource(path))
        except BadName:
            return False

    def files(self, tree: FileTree) -> FileIndex:
        """The files that the principal may read."""
        return VisibleFiles(tree, self.can)

    async def file(self, tree: FileTree, path: str) -> FileEntry:
        """The file at `path`; raises `FileNotFound` and `IsFolder`."""
        try:
            return self.files(tree).file(path)
        except FileNotFound as missing:
            await self.require(Action.READ, file_resource(path), missing)
            raise

    async def under(self, tree: FileTree, path: str) -> list[FileEntry]:
        """The file at `path`, or the folder and everything visible below it; raises `FileNotFound`."""
        try:
            return self.files(tree).under(path)
        except FileNotFound as missing:
            await self.require(Action.READ, file_resource(path), missing)
            raise

    async def require_paths(self, action: Action, paths: Iterable[str]) -> None:
        """Raises `Forbidden`, or `FileNotFound` for a path that may not even be read, unless all are allowed."""
        refused = self._refused(action, paths)
        if refused is not None:
            await self.require(action, file_resource(refused), no_such(refused))

    async def require_entries(self, action: Action, entries: Iterable[FileEntry]) -> None:
        """The same for entries that the principal was shown: always `Forbidden`."""
        refused = self._refused(action, (entry.path for entry in entries))
        if refused is not None:
            try:
                await self.require_paths(action, [refused])
            except NotFound:  # a folder that is seen only for what lies in it
                raise Forbidden(f"You may not {action} {refused!r}.") from None

    def _refused(self, action: Action, paths: Iterable[str]) -> str | None:
        return next((path for path in paths if not self.can.allows(action, file_resource(path))), None)


class ProjectGate:
    """Says the same of a project that does not exist and of one that does not exist for somebody."""

    def __init__(self, projects: ProjectService, policy: AccessPolicy, events: EventBus) -> None:
        self._projects, self._policy, self._events = projects, policy, events

    async def enter(self, slug: str, principal: Principal) -> Visit:
        """The project, for whom anything in it may be read; raises `NotFound`."""
        missing = NotFound(f"There is no project {slug!r}, or you may not see it.")
        try:
            project = await self._projects.get_by_slug(slug)
        except NotFound:
            raise missing from None
        visit = await self.again(project, principal)
        if not visit.can.visible:
            await visit.require(Action.READ, "", missing)
        return visit

    async def again(self, project: Project, principal: Principal) -> Visit:
        """What `principal` may do in `project` now; perhaps nothing at all."""
        can = await self._policy.capabilities(principal, project.id)
        return Visit(project, principal, can, self._policy, self._events)

    async def knows(self, slug: str, principal: Principal) -> bool:
        """Whether there is such a project for `principal`."""
        try:
            project = await self._projects.get_by_slug(slug)
        except NotFound:
            return False
        return (await self.again(project, principal)).can.visible
