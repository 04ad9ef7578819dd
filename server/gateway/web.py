"""Serves the built web editor: one page for every route of it, with a nonce of its own in each response."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

NONCE = "__ATRIUM_NONCE__"
HOST = re.compile(r"[\w.-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?", re.ASCII)
IMMUTABLE = "public, max-age=31536000, immutable"
NOT_BUILT = "The web editor is not built here. Build it with `make web`, then reload this page."


class ApiHeaders:
    """Every answer under `prefix` is for its caller only and is what its content type says."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Assets(StaticFiles):
    """Files whose names carry a hash of their content: cached for ever. Compressed siblings are built beside them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = IMMUTABLE
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class WebEditor:
    """The page at every path that belongs to nothing else."""

    def __init__(self, dist: Path) -> None:
        """`dist` is the build's output; without it the page says how to build it."""
        index = dist / "index.html"
        self._page = index.read_text() if index.is_file() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the router falls back to."""
        answer: ASGIApp = self._answer(Request(scope)) if scope["type"] == "http" else WebSocketClose()
        await answer(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        """The editor's HTML with a fresh nonce and the policy that names it; raises 404 for an unknown REST path."""
        if request.url.path.startswith("/api/"):
            raise HTTPException(404, f"There is nothing at {request.url.path}; see /api/v1/openapi.json.")
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, "This is a page of the web editor.", {"Allow": "GET, HEAD"})
        if self._page is None:
            return PlainTextResponse(NOT_BUILT, status_code=503)
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(self._page.replace(NONCE, nonce), headers=_headers(nonce, request))


def _headers(nonce: str, request: Request) -> dict[str, str]:
    scheme, host = ("wss" if request.url.scheme == "https" else "ws"), request.url.netloc
    # Browsers before 2022 do not take 'self' for sockets. The Host header is the client's: no more than a name of it.
    socket = f"{scheme}://{host}" if HOST.fullmatch(host) else ""
    policy = (
        "default-src 'none'",
        f"script-src 'nonce-{nonce}' 'strict-dynamic'",
        f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        f"connect-src 'self' {socket}",
        "manifest-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
