"""Stock pycrdt-websocket behind uvicorn, as its documentation sets it up."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    async with WebsocketServer() as websockets:
        config = uvicorn.Config(ASGIServer(websockets), log_level="warning", ws_per_message_deflate=False)
        print(f"pycrdt-websocket listening on port {listener.getsockname()[1]}", flush=True)
        await uvicorn.Server(config).serve([listener])


asyncio.run(main())
