"""REST of conflicts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from server.access import AccessPolicy, Action, Capabilities, CurrentPrincipal, FindProject, file_resource
from server.conflicts.conflict import Conflict, ConflictState, ConflictType, Strategy
from server.conflicts.errors import ConflictNotFound
from server.conflicts.service import ConflictService
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems
from server.leases import LockType

LIVE, ALL_FILES = "live", "file/**"
OnlyOpen = Annotated[bool, Query(alias="open", description="Only those that are not over.")]


class ConflictOut(BaseModel):
    """A conflict: whose session could not get what, or may lose it, and which sessions are in the way."""

    id: str
    type: ConflictType
    state: ConflictState
    lock_type: str
    resource_id: str
    mode: str
    session_id: str
    user: str
    sessions: list[str]
    reason: str
    times: int
    strategy: Strategy | None
    resolution: str | None
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, conflict: Conflict) -> ConflictOut:
        return cls(
            id=conflict.id,
            type=conflict.type,
            state=conflict.state,
            lock_type=conflict.lock_type,
            resource_id=conflict.resource_id,
            mode=conflict.mode,
            session_id=conflict.session_id,
            user=conflict.user,
            sessions=list(conflict.others),
            reason=conflict.reason,
            times=conflict.times,
            strategy=conflict.strategy,
            resolution=conflict.resolution,
            created_at=conflict.created_at,
            changed_at=conflict.changed_at,
        )


class Resolution(BaseModel):
    """How to resolve it; with `manual`, `resolution` says how it was."""

    model_config = ConfigDict(extra="forbid")

    strategy: Strategy
    resolution: str = Field("", max_length=1000)


def routes(conflicts: ConflictService, policy: AccessPolicy, find_project: FindProject) -> APIRouter:
    """`/projects/{slug}/conflicts`."""
    router = APIRouter(prefix="/projects/{slug}/conflicts", tags=["conflicts"])

    @router.get("", responses=problems(401, 403, 404, 422))
    async def list_conflicts(
        slug: str,
        principal: CurrentPrincipal,
        only_open: OnlyOpen = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[ConflictOut]:
        """The conflicts of a project by id."""
        project_id = await find_project(slug)
        await policy.require(principal, Action.READ, project_id, LIVE)
        can = await policy.capabilities(principal, project_id)
        after = decode_cursor(cursor) or ""
        found = await conflicts.list(project_id, only_open=only_open, after=after, limit=limit + 1)
        return Page(
            items=[ConflictOut.of(conflict) for conflict in found[:limit] if _may_know(can, conflict)],
            next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None,
        )

    @router.post("/{id}:resolve", responses=problems(401, 403, 404, 409, 422))
    async def resolve_conflict(slug: str, id: str, body: Resolution, principal: CurrentPrincipal) -> ConflictOut:
        """Resolves a conflict by hand, or has its session ask again; for who may hold the lease it is about."""
        project_id = await find_project(slug)
        await policy.require(principal, Action.READ, project_id, LIVE)
        conflict = await conflicts.get(project_id, id)
        if not _may_know(await policy.capabilities(principal, project_id), conflict):
            raise ConflictNotFound
        await policy.require(principal, Action.WRITE, project_id, f"lease/{conflict.resource}")
        return ConflictOut.of(
            await conflicts.resolve(project_id, id, body.strategy, by=principal, resolution=body.resolution)
        )

    return router


def _may_know(can: Capabilities, conflict: Conflict) -> bool:
    """A conflict about a file is for who may read the file, one about all of them for who may read them all."""
    if conflict.lock_type != LockType.FILE:
        return True
    if conflict.resource_id == "/":
        return can.covers(Action.READ, ALL_FILES)
    return can.allows(Action.READ, file_resource(conflict.resource_id))
