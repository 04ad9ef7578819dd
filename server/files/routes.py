"""REST of the file tree: list, folders, move, delete, restore."""

from __future__ import annotations

from fastapi import APIRouter

from server.access import Action, CurrentPrincipal, problems
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
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor


def routes(files: FileService, gate: ProjectGate) -> APIRouter:
    """`/projects/{slug}/files` and its verbs."""
    router = APIRouter(prefix="/projects/{slug}", tags=["files"])

    @router.get("/files", responses=problems(401, 404, 422))
    async def list_files(
        slug: str, caller: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[FileItem]:
        """The files and folders of a project in order of path."""
        project = await gate.enter(slug, caller, Action.READ)
        entries = (await files.tree(project.id)).page(decode_cursor(cursor), limit + 1)
        more = encode_cursor(entries[limit - 1].path) if len(entries) > limit else None
        return Page(items=[FileItem.of(entry) for entry in entries[:limit]], next_cursor=more)

    @router.post("/files:mkdir", status_code=201, responses=problems(401, 403, 404, 409, 422))
    async def make_folder(slug: str, body: PathBody, caller: CurrentPrincipal) -> FileItem:
        """Creates an empty folder."""
        project = await gate.enter(slug, caller, Action.WRITE)
        return FileItem.of(await files.make_folder(project.id, clean_path(body.path), caller.id))

    @router.post("/files:move", responses=problems(401, 403, 404, 409, 422))
    async def move_files(slug: str, body: MoveBody, caller: CurrentPrincipal) -> Moved:
        """Moves or renames a file, or a folder with everything in it."""
        project = await gate.enter(slug, caller, Action.WRITE)
        moves = await files.move(project.id, clean_path(body.source), clean_path(body.target), caller.id)
        return Moved(moved=[MovedItem.of(move) for move in moves])

    @router.post("/files:restore", responses=problems(401, 403, 404, 409, 422))
    async def restore_files(slug: str, body: IdsBody, caller: CurrentPrincipal) -> Restored:
        """Brings deleted files and folders back to where they were."""
        project = await gate.enter(slug, caller, Action.WRITE)
        return Restored(restored=[FileItem.of(entry) for entry in await files.restore(project.id, body.ids, caller.id)])

    @router.delete("/files/{path:path}", responses=problems(401, 403, 404, 422))
    async def delete_files(slug: str, path: str, caller: CurrentPrincipal) -> Deleted:
        """Deletes a file, or a folder with everything in it; `files:restore` undoes it."""
        project = await gate.enter(slug, caller, Action.DELETE)
        gone = await files.delete(project.id, clean_path(path), caller.id)
        return Deleted(deleted=[EntryRef(id=entry.id, path=entry.path) for entry in gone])

    return router
