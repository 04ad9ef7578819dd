"""REST of file contents: the bytes of a file are the body, its version hash is the ETag."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from server.access import Action, CurrentPrincipal, file_resource
from server.blobs import BlobStore
from server.files.body import limited_stream
from server.files.content import ContentService
from server.files.gate import ProjectGate
from server.files.media import BYTES, PREVIEWED, TEXT, BlobResponse, content_type, download_headers
from server.files.paths import base_name, clean_path
from server.files.preconditions import etag, is_known, write_precondition
from server.files.schemas import WrittenItem
from server.kit.http import problems

IfMatch = Annotated[str | None, Header(description='The version to replace, as its ETag: `"sha256:…"`.')]
IfNoneMatch = Annotated[str | None, Header(description="On a write only `*`: the file must not exist yet.")]
Force = Annotated[bool, Query(description="With `If-Match: *`: overwrite any version; for owners.")]

ANY_BYTES: dict[str, Any] = {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
CONTENTS: dict[str, Any] = {
    "content": dict.fromkeys((BYTES, TEXT.partition(";")[0], *PREVIEWED.values()), ANY_BYTES["content"][BYTES])
}
KNOWN: dict[str, Any] = {"description": "The reader has this version."}
CREATED: dict[str, Any] = {"model": WrittenItem}


def content_routes(contents: ContentService, blobs: BlobStore, gate: ProjectGate, *, upload_bytes: int) -> APIRouter:
    """`GET` and `PUT` of `/projects/{slug}/files/{path}`; an upload has at most `upload_bytes`."""
    router = APIRouter(prefix="/projects/{slug}", tags=["files"])

    @router.head("/files/{path:path}", include_in_schema=False)
    @router.get(
        "/files/{path:path}",
        response_class=Response,
        responses=problems(400, 401, 404, 409, 416, 422) | {200: CONTENTS, 304: KNOWN},
    )
    async def read_file(slug: str, path: str, caller: CurrentPrincipal, if_none_match: IfNoneMatch = None) -> Response:
        """The bytes of a file; ranges of binary files."""
        visit = await gate.enter(slug, caller)
        content = await contents.read(visit, clean_path(path))
        visit.did("file.read", file_resource(content.entry.path))
        headers = download_headers(base_name(content.entry.path)) | {"ETag": etag(content.version)}
        if is_known(if_none_match, content.version):
            return Response(status_code=304, headers=headers)
        media_type = content_type(content.entry)
        if content.data is not None:
            return Response(content.data, headers=headers, media_type=media_type)
        place = await asyncio.to_thread(blobs.path, content.version)
        return BlobResponse(place, headers=headers, media_type=media_type)

    @router.put(
        "/files/{path:path}",
        response_model=WrittenItem,
        responses=problems(400, 401, 403, 404, 409, 413, 422, 428) | {201: CREATED},
        openapi_extra={"requestBody": ANY_BYTES},
    )
    async def write_file(
        slug: str,
        path: str,
        request: Request,
        response: Response,
        caller: CurrentPrincipal,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
        force: Force = False,
    ) -> WrittenItem:
        """Creates a file or replaces the version that the precondition names: 428 without, 409 when it is another."""
        precondition = write_precondition(if_match, if_none_match, force=force)
        visit = await gate.enter(slug, caller)
        path = clean_path(path)
        await visit.require_paths(Action.ADMIN if precondition.anything else Action.WRITE, [path])
        async with blobs.receive(limited_stream(request, upload_bytes), upload_bytes) as upload:
            written = await contents.write(visit.project.id, path, upload, precondition, caller.id)
        action = "file.created" if written.created else "file.written"
        visit.did(action, file_resource(path), version=written.version, forced=precondition.anything)
        response.status_code = 201 if written.created else 200
        response.headers["ETag"] = etag(written.version)
        return WrittenItem.of_write(written)

    return router
