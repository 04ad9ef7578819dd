"""REST of archives: a project's files in and out as a ZIP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from server.access import Action, CurrentPrincipal
from server.blobs import BlobStore
from server.files.body import limited_stream
from server.files.gate import ProjectGate
from server.files.media import download_headers
from server.files.paths import clean_path
from server.files.schemas import ImportResult, SkippedItem
from server.files.transfer import ArchiveService
from server.kit.http import problems

Into = Annotated[str | None, Query(description="The folder that everything goes to.")]
Strip = Annotated[bool, Query(description="Take off the one top folder that archives of code hosts have.")]

EXPORT, IMPORT = "op/export", "op/import"
ZIP = "application/zip"
ZIP_BYTES: dict[str, Any] = {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}


def archive_routes(archives: ArchiveService, blobs: BlobStore, gate: ProjectGate) -> APIRouter:
    """`files:import` and `files:export`."""
    router = APIRouter(prefix="/projects/{slug}", tags=["files"])

    @router.post(
        "/files:import",
        openapi_extra={"requestBody": ZIP_BYTES},
        responses=problems(401, 403, 404, 409, 413, 422),
    )
    async def import_files(
        slug: str, request: Request, caller: CurrentPrincipal, into: Into = None, strip: Strip = False
    ) -> ImportResult:
        """Imports the ZIP in the body, all or nothing; nothing that exists is overwritten."""
        visit = await gate.enter(slug, caller)
        await visit.require(Action.WRITE, IMPORT)
        folder = clean_path(into) if into else None
        limit = archives.limits.archive_bytes
        async with blobs.receive(limited_stream(request, limit), limit, in_memory=0) as upload:
            result = await archives.load(visit, upload, into=folder, strip=strip)
        visit.did("project.imported", IMPORT, files=len(result.entries), into=folder or "")
        skipped = [SkippedItem(path=path, reason=reason) for path, reason in result.skipped.items()]
        return ImportResult(imported=len(result.entries), skipped=skipped)

    @router.get("/files:export", response_class=StreamingResponse, responses=problems(401, 404) | {200: ZIP_BYTES})
    async def export_files(slug: str, caller: CurrentPrincipal) -> StreamingResponse:
        """All files that you may read as a ZIP, streamed."""
        visit = await gate.enter(slug, caller)
        await visit.require(Action.READ, EXPORT)
        visit.did("project.exported", EXPORT)
        pieces = await archives.export(visit)
        return StreamingResponse(pieces, headers=download_headers(f"{visit.project.slug}.zip"), media_type=ZIP)

    return router
