"""The door for sockets: admits them, ticks them, closes those that lost their access, drains them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from server.access import AccessChanged, Authenticator, Principal, TokenRevoked
from server.files import DocumentResolver, FilesMoved
from server.gateway.authentication import TICKET_PROTOCOL, SocketAuthentication
from server.gateway.budget import Backlog
from server.gateway.channel import Channel
from server.gateway.connection import TICK_S, SyncConnection
from server.gateway.errors import Draining, SignInEnded
from server.gateway.seats import ADDRESS, NODE, PROJECT, USER, Hall, Seats
from server.gateway.socket import EXTENSION, SocketProtocol
from server.gateway.sync import SyncSocket
from server.kit import metrics
from server.kit.address import client_address
from server.kit.clock import Clock
from server.kit.errors import AtriumError
from server.rooms import RoomRegistry
from server.settings import Limits, Settings

logger = logging.getLogger(__name__)

UNSUPPORTED_DATA = 1003
MIN_HEARTBEAT_S, DEFAULT_HEARTBEAT_S = 2, 10
RECHECKED_AT_ONCE = 8
DRAIN_STEP_S = 0.05


class Opened(Protocol):
    """Something on a socket that somebody may lose the right to."""

    def concerns(self, project_id: str | None, principal_id: str | None) -> bool:
        """Whether these are rights of that principal in that project; None stands for all."""

    def is_due(self, now: datetime) -> bool:
        """Whether the time has come when the rights may be others, without any change of the policy."""

    def access_changed(self) -> None:
        """Rights are others than a moment ago."""

    async def recheck(self) -> None:
        """Closes the socket when the right is gone."""


class HeldSocket(Protocol):
    """What the gateway looks after, whatever is spoken on it."""

    connection: SyncConnection

    @property
    def channels(self) -> Mapping[bytes, Opened]: ...

    @property
    def token_ids(self) -> set[str]: ...

    def tick(self, now: float) -> None:
        """Once a second."""


Serve = Callable[[WebSocket, SyncConnection, Seats, Principal | None], Awaitable[None]]


class SyncGateway:
    """All sockets of this process; serves the sync sockets among them."""

    def __init__(
        self,
        authenticator: Authenticator,
        resolver: DocumentResolver,
        rooms: RoomRegistry,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._authenticator = authenticator
        self.authentication = SocketAuthentication(authenticator, query_tokens=settings.query_tokens_allowed)
        self._resolver, self._rooms, self._settings, self._clock = resolver, rooms, settings, clock
        self._limits = limits = settings.limits
        self._sockets: set[HeldSocket] = set()
        self._hall = Hall(
            {
                NODE: limits.connections,
                ADDRESS: limits.connections_per_address,
                USER: limits.connections_per_user,
                PROJECT: limits.connections_per_project,
            }
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self.draining = False

    def start(self) -> None:
        """Starts the ticks; call it on the event loop."""
        self._spawn(self._tick_forever())
        self._spawn(self._sweep_forever())

    async def stop(self) -> None:
        """Ends the ticks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # From the handshake to the end

    async def serve(self, websocket: WebSocket) -> None:
        """The ASGI endpoint of `/sync` and `/sync/{name}`."""
        await self.admit(websocket, self._serve, self._limits)

    async def admit(self, websocket: WebSocket, serve: Serve, limits: Limits) -> None:
        """Finds out who is there and has `serve` go on with them, or says why not."""
        socket: SocketProtocol | None = websocket.scope["extensions"].get(EXTENSION)
        if socket is None:
            raise RuntimeError("Sync sockets need the server that `atrium serve` starts (server.gateway.socket).")
        connection = SyncConnection(socket, heartbeat_s=_heartbeat(websocket), limits=limits)
        try:
            self._refuse_while_draining()
            with self._hall.seats(client_address(websocket, self._settings.trusted_proxies)) as seats:
                principal = await self.authentication.identify(websocket, seats.address)
                self._refuse_while_draining()  # since a moment ago, perhaps
                await serve(websocket, connection, seats, principal)
        except AtriumError as refusal:
            # A browser sees only the close code, never an HTTP status: accept, then say why.
            metrics.CONNECTIONS_REFUSED.labels(str(refusal.close_code)).inc()
            await accept(websocket)
            connection.close(refusal.close_code, refusal.detail)

    def _refuse_while_draining(self) -> None:
        if self.draining:
            raise Draining

    async def _serve(
        self, websocket: WebSocket, connection: SyncConnection, seats: Seats, principal: Principal | None
    ) -> None:
        if principal is not None:
            seats.take_user(principal)
        sync = SyncSocket(
            connection,
            name=websocket.path_params.get("name") or None,
            address=seats.address,
            principal=principal,
            authentication=self.authentication,
            new_channel=partial(self._new_channel, seats),
            limits=self._limits,
            deadline=asyncio.get_running_loop().time() + self._limits.authentication_s,
        )
        await accept(websocket)
        connection.listen(sync)
        with self.holding(sync):
            await _until_gone(websocket, connection)

    @contextmanager
    def holding(self, socket: HeldSocket) -> Iterator[None]:
        """Looks after an accepted socket until the block ends."""
        self._sockets.add(socket)
        metrics.CONNECTIONS.set(len(self._sockets))
        try:
            yield
        finally:
            socket.connection.end()
            self._sockets.discard(socket)
            metrics.CONNECTIONS.set(len(self._sockets))

    def _new_channel(
        self, seats: Seats, connection: SyncConnection, backlog: Backlog, address: bytes | None
    ) -> Channel:
        return Channel(
            connection,
            backlog,
            authentication=self.authentication,
            resolver=self._resolver,
            rooms=self._rooms,
            seats=seats,
            limits=self._limits,
            address=address,
        )

    # Access that changes while a socket is open

    def on_token_revoked(self, event: TokenRevoked) -> None:
        """Closes the sockets that the token opened."""
        self._close_tokens({event.token_id})

    def on_access_changed(self, event: AccessChanged) -> None:
        """Asks again for every open document that the change may concern."""
        self._access_changed(event.project_id, event.principal_id)

    def on_files_moved(self, event: FilesMoved) -> None:
        """Asks again for every open document of the project: other paths may be others' to see."""
        self._access_changed(event.project_id, None)

    def _access_changed(self, project_id: str | None, principal_id: str | None) -> None:
        channels = list(self._channels())
        for channel in channels:
            channel.access_changed()
        self._recheck([channel for channel in channels if channel.concerns(project_id, principal_id)])

    def _recheck(self, channels: list[Opened]) -> None:
        async def recheck() -> None:
            for start in range(0, len(channels), RECHECKED_AT_ONCE):
                await asyncio.gather(*(channel.recheck() for channel in channels[start : start + RECHECKED_AT_ONCE]))
                await asyncio.sleep(0)  # edits go on in between

        if channels:
            self._spawn(recheck())

    def _channels(self) -> Iterator[Opened]:
        return (channel for sync in self._sockets for channel in sync.channels.values())

    def _close_tokens(self, token_ids: set[str]) -> None:
        for sync in list(self._sockets):
            if not token_ids.isdisjoint(sync.token_ids):
                sync.connection.close(SignInEnded.close_code, SignInEnded().detail)

    # Time

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = asyncio.get_running_loop().time()
            for sync in list(self._sockets):
                sync.connection.guard(sync.tick, now)
            metrics.OUTBOX_BYTES.set(sum(sync.connection.buffered for sync in self._sockets))
            wall = self._clock.now()
            self._recheck([channel for channel in self._channels() if channel.is_due(wall)])

    async def _sweep_forever(self) -> None:
        """Catches what no event told: expiry, and revocation by another process. The ticks do not wait for it."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                if self._sockets:
                    await self._sweep_tokens()
            except Exception:  # a supervised loop: a database that is away must not end it
                logger.exception("gateway.sweep_failed")

    async def _sweep_tokens(self) -> None:
        held = set().union(*(sync.token_ids for sync in self._sockets))
        self._close_tokens(await self._authenticator.sweep(held))

    async def drain(self) -> None:
        """Closes every socket, spread over the drain time so that clients do not come back all at once."""
        self.draining = True
        sockets = list(self._sockets)
        steps = max(1, int(self._settings.drain_s / DRAIN_STEP_S))
        per_step = -(-len(sockets) // steps)
        for start in range(0, len(sockets), max(1, per_step)):
            for sync in sockets[start : start + per_step]:
                sync.connection.close(Draining.close_code, "The server is restarting.")
            await asyncio.sleep(DRAIN_STEP_S)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _until_gone(websocket: WebSocket, connection: SyncConnection) -> None:
    """Binary messages go past this; what arrives here is the end, or a text message that nobody should send."""
    try:
        await websocket.receive_bytes()
    except WebSocketDisconnect:
        return
    except KeyError:
        connection.close(UNSUPPORTED_DATA, "Sync sockets carry binary messages.")


def _heartbeat(websocket: WebSocket) -> int:
    """Seconds of silence after which the client wants a sign of life: `?heartbeat=`, 2 to 10."""
    raw = websocket.query_params.get("heartbeat", "")
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 2):
        return DEFAULT_HEARTBEAT_S
    return min(max(int(raw), MIN_HEARTBEAT_S), DEFAULT_HEARTBEAT_S)


async def accept(websocket: WebSocket) -> None:
    """Completes the handshake; after that, does nothing."""
    if websocket.application_state is WebSocketState.CONNECTING:
        await websocket.accept(TICKET_PROTOCOL if TICKET_PROTOCOL in websocket.scope["subprotocols"] else None)
