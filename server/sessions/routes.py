"""REST of sessions."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from server.access import AccessPolicy, Action, CurrentPrincipal, FindProject, Kind
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems
from server.sessions.errors import SessionNotFound
from server.sessions.service import SessionService
from server.sessions.session import Liveness, LiveSession, SessionRole, SessionState

LIVE = "live"


class SessionUser(BaseModel):
    """Whose session it is."""

    id: str
    name: str
    hue: int = Field(ge=0, le=11)


class ProjectSessionOut(BaseModel):
    """A session in the project: whose, from what kind of client, and how it is."""

    id: str
    user: SessionUser
    kind: Kind
    name: str
    role: SessionRole
    state: SessionState
    liveness: Liveness
    since: datetime

    @classmethod
    def of(cls, session: LiveSession) -> ProjectSessionOut:
        return cls(
            id=session.id,
            user=SessionUser(id=session.user_id, name=session.user_name, hue=session.hue),
            kind=session.kind,
            name=session.name,
            role=session.role,
            state=session.state,
            liveness=session.liveness,
            since=session.since,
        )


def routes(sessions: SessionService, policy: AccessPolicy, find_project: FindProject) -> APIRouter:
    """`/projects/{slug}/sessions`."""
    router = APIRouter(prefix="/projects/{slug}/sessions", tags=["sessions"])

    @router.get("", responses=problems(401, 403, 404, 422))
    async def list_sessions(
        slug: str, principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ProjectSessionOut]:
        """The sessions in a project that have not ended, the oldest first."""
        project_id = await find_project(slug)
        await policy.require(principal, Action.READ, project_id, LIVE)
        found = await sessions.list(project_id, after=decode_cursor(cursor) or "", limit=limit + 1)
        return Page(
            items=[ProjectSessionOut.of(session) for session in found[:limit]],
            next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None,
        )

    @router.delete("/{id}", status_code=204, responses=problems(401, 403, 404, 422))
    async def end_session(slug: str, id: str, principal: CurrentPrincipal) -> None:
        """Ends a session: what it held is free at once. Your own, or anybody's for maintainers and owners."""
        project_id = await find_project(slug)
        await policy.require(principal, Action.READ, project_id, LIVE)
        session = await sessions.get(id)
        if session.project_id != project_id:
            raise SessionNotFound
        if principal.is_anonymous or session.user_id != principal.id:
            await policy.require(principal, Action.ADMIN, project_id, f"session/{id}", owner=session.user_id)
        await sessions.end(id, by=principal)

    return router
