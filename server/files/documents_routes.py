"""REST of documents: what any Yjs client opens over a socket, for those without one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from crdt_docs.names import SINGLETONS, DocumentName, Kind
from crdt_docs.shapes.file import read_text
from server.access import Action, CurrentPrincipal, resource_of
from server.documents import DocumentRecord, DocumentService
from server.files.body import read_body
from server.files.errors import NoText, ServerOwned
from server.files.gate import ProjectGate
from server.files.json_export import JsonExporter
from server.files.listing import DocumentListing
from server.files.media import USER_CONTENT_HEADERS
from server.files.resolver import DocumentResolver, Resolved
from server.files.schemas import DocumentDetail, DocumentItem, Stored
from server.files.service import FileService
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems
from server.rooms import Room, RoomRegistry

Format = Annotated[Literal["update", "json", "text"] | None, Query(description="The content in this form.")]

BINARY = "application/octet-stream"
CONTENTS: dict[str, Any] = {
    "content": {
        BINARY: {"schema": {"type": "string", "format": "binary"}},
        "text/plain": {"schema": {"type": "string"}},
    }
}
UPDATE_BODY = {"content": {BINARY: {"schema": {"type": "string", "format": "binary"}}}}


def documents_routes(
    documents: DocumentService,
    listing: DocumentListing,
    resolver: DocumentResolver,
    rooms: RoomRegistry,
    files: FileService,
    gate: ProjectGate,
    exporter: JsonExporter,
    *,
    update_bytes: int,
) -> APIRouter:
    """`/projects/{slug}/documents` and `/documents/{name}`; an update has at most `update_bytes`."""
    router = APIRouter(tags=["documents"])

    @router.head("/projects/{slug}/documents", include_in_schema=False)
    @router.get("/projects/{slug}/documents", responses=problems(401, 404, 422))
    async def list_documents(
        slug: str, caller: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[DocumentItem]:
        """The documents of a project that you can open, in no order that means anything."""
        visit = await gate.enter(slug, caller)
        found = await listing.page(visit, after=decode_cursor(cursor), limit=limit + 1)
        more = encode_cursor(found[limit - 1].record.key) if len(found) > limit else None
        return Page(items=[_item(listed.name, listed.record) for listed in found[:limit]], next_cursor=more)

    @router.head("/documents/{name:path}", response_model=None, include_in_schema=False)
    @router.get(
        "/documents/{name:path}",
        response_model=DocumentDetail | dict[str, Any],
        responses=problems(401, 404, 422) | {200: CONTENTS},
    )
    async def read_document(name: str, caller: CurrentPrincipal, format: Format = None) -> Response | DocumentDetail:
        """What is known of a document, or its content: one Yjs update (v1), JSON, or the text named `content`."""
        found = await resolver.open(name, caller, create=False)
        async with rooms.hold(found.record.id) as room:
            if format is None:
                return _detail(found, await documents.get(found.record.id), room)
            found.visit.did("document.opened", resource_of(found.name))
            if format == "update":
                return Response(room.document().state(), media_type=BINARY, headers=USER_CONTENT_HEADERS)
            if format == "text" and found.name.kind is Kind.FILES:
                return _text(read_text(room.document()))
            state = room.document().state()
        values = await exporter.to_json(state)
        return _json(values) if format == "json" else _text(_content_of(values))

    @router.delete("/documents/{name:path}", status_code=204, responses=problems(401, 403, 404, 422))
    async def delete_document(name: str, caller: CurrentPrincipal) -> None:
        """Deletes a document; who has it open is told so."""
        found = await resolver.open(name, caller, create=False)
        if found.name.kind in SINGLETONS:
            raise ServerOwned
        if found.name.kind is Kind.FILES:
            await files.delete(found.visit, found.name.id)
        else:
            await found.visit.require(Action.DELETE, resource_of(found.name))
            await documents.delete(found.record.id, author=caller.id)
            found.visit.did("document.deleted", resource_of(found.name))

    @router.post(
        "/documents/{name:path}/updates",
        openapi_extra={"requestBody": UPDATE_BODY},
        responses=problems(401, 403, 404, 409, 413, 422),
    )
    async def store_update(name: str, request: Request, caller: CurrentPrincipal) -> Stored:
        """Applies one Yjs update (v1); answers when it is durable."""
        found = await resolver.open(name, caller, create=True)
        await found.visit.require(Action.WRITE, resource_of(found.name))
        if not found.writable:
            raise ServerOwned
        update = await read_body(request, update_bytes)
        found.visit.did("document.opened", resource_of(found.name))
        async with rooms.hold(found.record.id) as room:
            return Stored(seq=await room.submit(caller.id, update))

    return router


def _item(name: DocumentName, record: DocumentRecord) -> DocumentItem:
    return DocumentItem(
        name=str(name),
        id=record.id,
        kind=record.key.partition("/")[0],
        epoch=record.epoch,
        seq=record.head,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def _detail(found: Resolved, record: DocumentRecord, room: Room) -> DocumentDetail:
    item = _item(replace(found.name, project=found.project.slug), record)
    return DocumentDetail(**item.model_dump(), bytes=len(room.document().state()), writable=found.writable)


def _text(text: str) -> Response:
    return Response(text, media_type="text/plain; charset=utf-8", headers=USER_CONTENT_HEADERS)


def _json(data: bytes) -> Response:
    return Response(data, media_type="application/json", headers=USER_CONTENT_HEADERS)


def _content_of(values: bytes) -> str:
    content = json.loads(values).get("content")
    if not isinstance(content, str):
        raise NoText
    return content
