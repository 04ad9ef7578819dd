"""REST of the file tree: list, folders, move, delete, restore."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from server.access import CurrentPrincipal
from server.files.gate import ProjectGate
from server.files.paths import clean_path
from server.files.schemas import (
    Deleted,
    EntryRef,
    FileItem,
    IdsBody,
    MoveBody,
    Moved,
    MovedItem,
    PathBody,
    Restored,
)
from server.files.service import FileService
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems


def routes(files: FileService, gate: ProjectGate) -> APIRouter:
    """`/projects/{slug}/files` and its verbs."""
    router = APIRouter(prefix="/projects/{slug}", tags=["files"])

    @router.head("/files", include_in_schema=False)
    @router.get("/files", responses=problems(401, 404, 422))
    async def list_files(
        slug: str, caller: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[FileItem]:
        """The files of a project that you may read, and the folders they lie in, in order of path."""
        visit = await gate.enter(slug, caller)
        seen = visit.files(await files.tree(visit.project.id))
        # In a thread: to find the few among 10,000 files that somebody may read takes tenths of a second.
        entries = await asyncio.to_thread(seen.page, decode_cursor(cursor), limit + 1)
        more = encode_cursor(entries[limit - 1].path) if len(entries) > limit else None
        return Page(items=[FileItem.of(entry) for entry in entries[:limit]], next_cursor=more)

    @router.post("/files:mkdir", status_code=201, responses=problems(401, 403, 404, 409, 422))
    async def make_folder(slug: str, body: PathBody, caller: CurrentPrincipal) -> FileItem:
        """Creates an empty folder."""
        visit = await gate.enter(slug, caller)
        return FileItem.of(await files.make_folder(visit, clean_path(body.path)))

    @router.post("/files:move", responses=problems(401, 403, 404, 409, 422))
    async def move_files(slug: str, body: MoveBody, caller: CurrentPrincipal) -> Moved:
        """Moves or renames a file, or a folder with everything in it."""
        visit = await gate.enter(slug, caller)
        moves = await files.move(visit, clean_path(body.source), clean_path(body.target))
        return Moved(moved=[MovedItem.of(move) for move in moves])

    @router.post("/files:restore", responses=problems(401, 403, 404, 409, 422))
    async def restore_files(slug: str, body: IdsBody, caller: CurrentPrincipal) -> Restored:
        """Brings deleted files and folders back to where they were."""
        visit = await gate.enter(slug, caller)
        return Restored(restored=[FileItem.of(entry) for entry in await files.restore(visit, body.ids)])

    @router.delete("/files/{path:path}", responses=problems(401, 403, 404, 422))
    async def delete_files(slug: str, path: str, caller: CurrentPrincipal) -> Deleted:
        """Deletes a file, or a folder with everything in it; `files:restore` undoes it."""
        visit = await gate.enter(slug, caller)
        gone = await files.delete(visit, clean_path(path))
        return Deleted(deleted=[EntryRef(id=entry.id, path=entry.path) for entry in gone])

    return router
