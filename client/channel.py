"""pycrdt's Channel over a WebSocket, in y-websocket's dialect with y-sweet's sync status.

pycrdt's `Provider` sends and receives Sync messages through it. Presence and durable acknowledgements pass by the
provider: they are handled here. Source of the dialect: y-websocket ``src/y-websocket.js``, ``@y-sweet/client``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from httpx_ws import AsyncWebSocketSession, HTTPXWSException, WebSocketDisconnect
from pycrdt import Channel, TransactionEvent, create_update_message
from wsproto.utilities import LocalProtocolError

from client.errors import AtriumClientError, ConnectionLost
from crdt_docs.lib0 import Reader, var_bytes, var_uint
from crdt_docs.protocol.messages import AUTH, AWARENESS, MAX_AWARENESS_BYTES, STEP2, SYNC
from crdt_docs.protocol.ywebsocket import Y_SWEET_SYNC_STATUS

NO_STATUS = 1006  # RFC 6455, section 7.4.1: the connection ended without a close frame


class DocumentChannel(Channel):
    """One document on one socket; `closed` is done when the socket is: None when we closed it, else why."""

    def __init__(self, websocket: AsyncWebSocketSession, path: str, on_presence: Callable[[bytes], None]) -> None:
        self._path = path
        self.closed: asyncio.Future[ConnectionLost | None] = asyncio.get_running_loop().create_future()
        self._websocket = websocket
        self._on_presence = on_presence
        self._denied = ""
        self._unsent: dict[bytes, asyncio.Event] = {}
        self._versions = count(1)
        self._acknowledged: dict[int, asyncio.Event] = {}

    @property
    def path(self) -> str:
        """The document's name, for the provider's log."""
        return self._path

    def edited(self, event: TransactionEvent) -> None:
        """Notes an edit that the provider will send; called synchronously by the document."""
        self._unsent[create_update_message(event.update)] = asyncio.Event()

    async def send(self, message: bytes) -> None:
        """Sends one message; after the socket is closed, into the void: `closed` says so."""
        # Read before the first await: the provider has just computed a Step2 from everything in the document.
        carried = list(self._unsent) if message[:2] == bytes((SYNC, STEP2)) else [message]
        try:
            await self._websocket.send_bytes(message)
        except LocalProtocolError:
            pass  # closed already, see `closed`
        except HTTPXWSException as error:
            self.close(lost(error))
        else:
            self._note_sent(carried)

    async def saved(self) -> None:
        """Returns when all edits made before the call are durable on the server; raises when it refused one."""
        if self._unsent:
            await self._unsent[next(reversed(self._unsent))].wait()
        version = next(self._versions)
        self._acknowledged[version] = acknowledged = asyncio.Event()
        await self.send(var_uint(Y_SWEET_SYNC_STATUS) + var_bytes(var_uint(version)))
        await acknowledged.wait()
        if self._denied:
            raise AtriumClientError("update.refused", self._denied, status=403)

    async def recv(self) -> bytes:
        """The next Sync message; everything else is handled on the way. Raises `HTTPXWSException` at the end."""
        while True:
            message = bytes(await self._websocket.receive_bytes())
            if message[0] == SYNC:
                return message
            self._handle(message[0], Reader(message, 1))

    async def __anext__(self) -> bytes:
        try:
            return await self.recv()
        except HTTPXWSException as error:
            self.close(lost(error, self._denied))
            raise StopAsyncIteration from None

    def close(self, reason: ConnectionLost | None = None) -> None:
        """Ends the connection; the first reason counts."""
        if not self.closed.done():
            self.closed.set_result(reason)

    def _note_sent(self, edits: list[bytes]) -> None:
        for edit in edits:
            if sent := self._unsent.pop(edit, None):
                sent.set()

    def _handle(self, kind: int, body: Reader) -> None:
        if kind == AWARENESS:
            self._on_presence(body.var_bytes(MAX_AWARENESS_BYTES))
        elif kind == Y_SWEET_SYNC_STATUS:
            version = Reader(body.var_bytes(8)).var_uint()
            self._acknowledged.pop(version).set()
        elif kind == AUTH and body.var_uint() == 0:
            self._denied = body.var_string(len(body.data))


def lost(error: HTTPXWSException, denied: str = "") -> ConnectionLost:
    """Why the socket is closed, in the client's words; `denied` is what the server said before closing."""
    if isinstance(error, WebSocketDisconnect):
        return ConnectionLost.closed(error.code, denied or error.reason)
    return ConnectionLost.closed(NO_STATUS, "The connection broke.")
