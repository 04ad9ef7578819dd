"""Runs the application under uvicorn, with Atrium's protocols and a graceful drain."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn

from server.gateway.errors import CannotListen
from server.gateway.http import HttpProtocol
from server.gateway.socket import SocketProtocol
from server.settings import Settings

BACKLOG = 2048
GRACE_S = 10
PING_S = 20.0


class Server(uvicorn.Server):
    """Accepts connections, says so on standard output, and drains on SIGTERM and SIGINT.

    uvicorn closes every socket at once and raises the signal again afterwards; here the sockets are closed one after
    the other by `drain`, and the process ends with exit code 0. A second signal ends it at once.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        drain: Callable[[], Awaitable[None]],
        listening: Callable[[str], Awaitable[None]],
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._listening = listening
        self._drain_task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Runs until a signal has drained it; raises `CannotListen`, where uvicorn would end the process itself."""
        await super().serve(sockets or [_listen(self.config.host, self.config.port)])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            host, port = self.config.host, self.servers[0].sockets[0].getsockname()[1]
            shown = f"[{host}]" if ":" in host else host
            print(f"Atrium listening on http://{shown}:{port}", flush=True)
            await self._listening(f"http://{shown}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (signal handlers take both)
        if self._loop is None or self._drain_task is not None:
            self.should_exit = self.force_exit = True
        else:
            self._loop.call_soon_threadsafe(self._start_drain)

    def _start_drain(self) -> None:
        if self._drain_task is None:
            self._drain_task = asyncio.ensure_future(self._drain_and_exit())

    async def _drain_and_exit(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host}:{port}: {error.strerror}. Stop the program that listens there, or choose another "
            "address with --host and --port (ATRIUM_HOST, ATRIUM_PORT)."
        ) from error


def build_server(
    app: object,
    settings: Settings,
    *,
    drain: Callable[[], Awaitable[None]],
    listening: Callable[[str], Awaitable[None]],
) -> Server:
    """The server for `app`: `listening` is told its URL, `drain` ends its sockets.

    The ASGI lifespan is not used: nothing may rely on it for durability.
    """
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        backlog=BACKLOG,
        http=HttpProtocol,
        ws=SocketProtocol,
        ws_max_size=settings.limits.frame_bytes,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # doubles the CPU and defeats frames shared by all clients
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the client's address is the socket's; trusted proxies are handled by the access feature
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config, drain=drain, listening=listening)
