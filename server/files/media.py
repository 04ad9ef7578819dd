"""How file contents leave the server: never as something a browser runs in our origin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from crdt_docs.shapes.tree import FileEntry
from server.files.errors import InvalidRange, RangeNotSatisfiable

PREVIEWED: Mapping[str, str] = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
"""Everything else is plain text or nameless bytes. An `<img>` shows attachments too, so SVG needs no exception."""

TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"

USER_CONTENT_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


def content_type(entry: FileEntry) -> str:
    """The type from our own list, by extension; what a client claimed does not matter."""
    other = TEXT if entry.kind == "text" else BYTES
    return PREVIEWED.get(PurePosixPath(entry.path).suffix.lower(), other)


def download_headers(filename: str) -> dict[str, str]:
    """Headers for content that users made (RFC 6266 and RFC 8187 for the name)."""
    disposition = f"attachment; filename*=utf-8''{quote(filename, safe='')}"
    return {**USER_CONTENT_HEADERS, "Content-Disposition": disposition}


class BlobResponse(FileResponse):
    """A file's bytes or ranges of them; raises where Starlette answers a bad range in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_unless_refused(message: Message) -> None:
            if message.get("status") == 400:
                raise InvalidRange
            if message.get("status") == 416:
                raise RangeNotSatisfiable(Headers(raw=message["headers"])["content-range"])
            await send(message)

        await super().__call__(scope, receive, send_unless_refused)
