"""REST of the audit log: the server's for administrators, a project's for who administers the project."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from server.access import AccessPolicy, Action, CurrentPrincipal, FindProject, Forbidden, Principal
from server.activity import store
from server.activity.chain import timestamp
from server.activity.export import as_csv, as_json
from server.activity.model import SERVER_CHAIN, Filter
from server.activity.schemas import Asked, EntryOut, InProject, VerificationOut
from server.activity.service import ActivityService
from server.kit.errors import Invalid, NotFound
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems

AUDIT = "audit"
SERVER_ALONE = "-"
Format = Annotated[Literal["csv", "json"], Query(description="A table, or an array of objects.")]
FORMATS: dict[str, Any] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
}
EXPORTED: dict[int | str, Any] = {200: {"content": {"text/csv": {}, "application/json": {}}}}


class Log:
    """What the routes do; the only ways to the log are `of_server` and `of_project`, which ask who it is."""

    def __init__(self, activity: ActivityService, policy: AccessPolicy, find_project: FindProject) -> None:
        self.activity = activity
        self._policy = policy
        self._find_project = find_project

    async def of_server(self, caller: Principal, asked: Filter, project: str = "") -> Filter:
        """The filter for everything, or for what `project` names; raises `Forbidden`."""
        if not caller.is_admin:
            raise Forbidden("The server's audit log is for administrators; a project's is at /projects/{slug}/audit.")
        return replace(asked, chain=await self._chain(project))

    async def of_project(self, slug: str, caller: Principal, asked: Filter) -> Filter:
        """The filter for one project; raises `NotFound` or `Forbidden`."""
        project_id = await self._find_project(slug)
        await self._policy.require(caller, Action.ADMIN, project_id, AUDIT)
        return replace(asked, chain=project_id)

    async def _chain(self, project: str) -> str | None:
        """The chain of a slug, of an id, of the server, or any."""
        if not project:
            return None
        if project == SERVER_ALONE:
            return SERVER_CHAIN
        try:
            return await self._find_project(project)
        except NotFound:
            return project

    async def page(self, wanted: Filter, limit: int, cursor: str | None) -> Page[EntryOut]:
        """One page of the list."""
        found = await self.activity.page(wanted, after=_after(cursor), limit=limit + 1)
        page = found[:limit]
        more = _cursor(store.key(page[-1])) if len(found) > limit else None
        return Page(items=[EntryOut.of(entry) for entry in page], next_cursor=more)

    def export(self, caller: Principal, wanted: Filter, format: Literal["csv", "json"]) -> StreamingResponse:
        """Everything as a file; that it was taken is itself recorded."""
        self.activity.exported(caller, wanted, format)
        write, media_type = FORMATS[format]
        headers = {"Content-Disposition": f'attachment; filename="audit.{format}"', "X-Content-Type-Options": "nosniff"}
        return StreamingResponse(write(self.activity.pages(wanted)), headers=headers, media_type=media_type)


def routes(activity: ActivityService, policy: AccessPolicy, find_project: FindProject) -> APIRouter:
    """`/audit` and `/projects/{slug}/audit`, each with `:export`, and `/audit:verify`."""
    log = Log(activity, policy, find_project)
    router = APIRouter(tags=["audit"])
    router.include_router(_server_routes(log))
    router.include_router(_project_routes(log), prefix="/projects/{slug}")
    return router


def _server_routes(log: Log) -> APIRouter:
    router = APIRouter()

    @router.get("/audit", responses=problems(401, 403, 422))
    async def list_audit(
        asked: Asked, caller: CurrentPrincipal, project: InProject = "", limit: Limit = 50, cursor: Cursor = None
    ) -> Page[EntryOut]:
        """What was done on the server and in all projects, newest first; for administrators."""
        return await log.page(await log.of_server(caller, asked, project), limit, cursor)

    @router.get("/audit:export", response_class=StreamingResponse, responses=problems(401, 403, 422) | EXPORTED)
    async def export_audit(
        asked: Asked, caller: CurrentPrincipal, format: Format, project: InProject = ""
    ) -> StreamingResponse:
        """The same as a file, all of it; for administrators."""
        return log.export(caller, await log.of_server(caller, asked, project), format)

    @router.get("/audit:verify", responses=problems(401, 403))
    async def verify_audit(caller: CurrentPrincipal) -> VerificationOut:
        """Whether anybody has changed, removed or moved a row; for administrators."""
        await log.of_server(caller, Filter())
        return VerificationOut.of(await log.activity.verify())

    return router


def _project_routes(log: Log) -> APIRouter:
    router = APIRouter()

    @router.get("/audit", responses=problems(401, 403, 404, 422))
    async def list_project_audit(
        slug: str, asked: Asked, caller: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[EntryOut]:
        """What was done in a project, newest first; for who may administer it."""
        return await log.page(await log.of_project(slug, caller, asked), limit, cursor)

    @router.get("/audit:export", response_class=StreamingResponse, responses=problems(401, 403, 404, 422) | EXPORTED)
    async def export_project_audit(
        slug: str, asked: Asked, caller: CurrentPrincipal, format: Format
    ) -> StreamingResponse:
        """The same as a file, all of it; for who may administer the project."""
        return log.export(caller, await log.of_project(slug, caller, asked), format)

    return router


def _cursor(key: store.Key) -> str:
    at, chain, seq = key
    return encode_cursor(f"{timestamp(at)} {chain} {seq}")


def _after(cursor: str | None) -> store.Key | None:
    key = decode_cursor(cursor)
    if key is None:
        return None
    try:
        at, chain, seq = key.split(" ")
        return datetime.fromisoformat(at), chain, int(seq)
    except ValueError:
        raise Invalid("The cursor is not one that this list returned; start again without it.") from None
