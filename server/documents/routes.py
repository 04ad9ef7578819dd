"""REST of the quarantine: what an administrator sees of bytes that broke a document."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from server.access import CurrentPrincipal, Forbidden, actor_of
from server.documents.model import QuarantinedRow
from server.documents.service import DocumentService
from server.kit.audit import Act
from server.kit.errors import Invalid
from server.kit.events import EventBus
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems


class QuarantinedOut(BaseModel):
    """A log row that was taken out of its document; `size` is in bytes, `seq` its place in the log."""

    id: int
    project_id: str
    document_id: int
    key: str
    seq: int
    author: str
    size: int
    reason: str
    at: datetime


def routes(documents: DocumentService, events: EventBus) -> APIRouter:
    """`/admin/quarantine`."""
    router = APIRouter(tags=["operations"])

    @router.get("/admin/quarantine", responses=problems(401, 403, 422))
    async def list_quarantine(
        caller: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[QuarantinedOut]:
        """Log rows that broke a document or failed their checksum, oldest first; for administrators."""
        if not caller.is_admin:
            raise Forbidden("The quarantine is for administrators.")
        events.publish(Act("quarantine.viewed", actor_of(caller), resource="quarantine"))
        rows = await documents.quarantined(after=_after(cursor), limit=limit + 1)
        more = encode_cursor(str(rows[limit - 1].id)) if len(rows) > limit else None
        return Page(items=[_out(row) for row in rows[:limit]], next_cursor=more)

    return router


def _after(cursor: str | None) -> int:
    key = decode_cursor(cursor) or "0"
    if not key.isdecimal():
        raise Invalid("The cursor is not one that this list returned; start again without it.")
    return int(key)


def _out(row: QuarantinedRow) -> QuarantinedOut:
    return QuarantinedOut(
        id=row.id,
        project_id=row.project_id,
        document_id=row.document_id,
        key=row.key,
        seq=row.seq,
        author=row.author,
        size=row.size,
        reason=row.reason,
        at=row.at,
    )
