"""How file contents leave the server: never as something a browser runs in our origin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

from crdt_docs.shapes.tree import FileEntry

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

USER_CONTENT_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


def content_type(entry: FileEntry) -> str:
    """The type from our own list, by extension; what a client claimed does not matter."""
    other = "text/plain; charset=utf-8" if entry.kind == "text" else "application/octet-stream"
    return PREVIEWED.get(PurePosixPath(entry.path).suffix.lower(), other)


def download_headers(filename: str) -> dict[str, str]:
    """Headers for content that users made (RFC 6266 and RFC 8187 for the name)."""
    disposition = f"attachment; filename*=utf-8''{quote(filename, safe='')}"
    return {**USER_CONTENT_HEADERS, "Content-Disposition": disposition}
