"""Gives every request an id: in each event that is logged on its behalf, and in its answer."""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.kit.logs import bound

HEADER = "X-Request-Id"


class RequestIds:
    """Whoever reports a fault can name the request, and whoever looks for it finds all that was logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id = secrets.token_hex(8)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = id
            await send(message)

        with bound(request=id):
            await self._app(scope, receive, send_with_id)
