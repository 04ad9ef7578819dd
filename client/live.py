"""A document that is edited live: a pycrdt `Doc` kept in step with the server by pycrdt's `Provider`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import anyio
import httpx
from httpx_ws import AsyncWebSocketSession, WebSocketUpgradeError, aconnect_ws
from pycrdt import Awareness, Doc, Provider, Text, create_awareness_message

from client.channel import DocumentChannel
from client.errors import AtriumClientError, ConnectionLost

READ_BYTES = 1 << 20


class LiveDocument:
    """An open document; get one from `AtriumClient.document` and use it as an async context manager.

    Inside the block `doc` has been synchronised once and is kept so; edit it with pycrdt's types. Leaving the block
    sends what is queued; only `saved` says that it has been stored. There is no automatic reconnection: open the
    document again with the same `doc`, and whatever the server lacks is sent then.
    """

    def __init__(self, http: httpx.AsyncClient, name: str, doc: Doc[Any] | None = None) -> None:
        self.name = name
        self.doc: Doc[Any] = doc if doc is not None else Doc()
        self.awareness = Awareness(self.doc)
        self.awareness.set_local_state(None)  # silent until the caller sets a state
        self._http = http
        self._synced = asyncio.Event()

    @property
    def text(self) -> Text:
        """The root text of a file."""
        text: Text = self.doc.get("content", type=Text)
        return text

    async def saved(self) -> None:
        """Returns when all edits made before the call are durable on the server.

        Raises `ConnectionLost`, or `AtriumClientError` ("update.refused") when the server did not take an edit: `doc`
        then holds what the server does not, open the document afresh.
        """
        await self._unless_lost(self._channel.saved())

    async def __aenter__(self) -> Self:
        """Connects and synchronises; raises `AtriumClientError` when refused, `ConnectionLost` when cut off."""
        self._connection = asyncio.create_task(self._connect(), name=f"document {self.name}")
        try:
            await self._unless_lost(self._synced.wait())
        except BaseException:  # cancelled or refused, the connection must not outlive this
            self._connection.cancel()
            await asyncio.wait({self._connection})
            raise
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._channel.close()
        with suppress(ConnectionLost):
            await self._connection

    async def _connect(self) -> None:
        """Holds the connection in a task of its own: its task groups must not wrap or cancel the caller's block."""
        try:
            reason = await self._synchronise()
        except WebSocketUpgradeError as refusal:
            status = refusal.response.status_code
            detail = f"The server answered {status} instead of opening a WebSocket."
            raise AtriumClientError("socket.refused", detail, status=status) from None
        except httpx.TransportError as error:
            raise ConnectionLost.unreachable(error) from error
        if reason is not None:
            raise reason

    async def _synchronise(self) -> ConnectionLost | None:
        """Runs until the channel is closed; returns why, None when this side closed it."""
        websocket: AsyncWebSocketSession
        async with aconnect_ws(f"/sync/{quote(self.name)}", self._http, max_message_size_bytes=READ_BYTES) as websocket:
            self._channel = channel = DocumentChannel(websocket, self.name, self._on_presence)
            edits = self.doc.observe(channel.edited)
            try:
                async with Provider(self.doc, channel) as provider, anyio.create_task_group() as tasks:
                    tasks.start_soon(self._share_presence, tasks)
                    tasks.start_soon(self._note_synced, provider)
                    reason = await channel.closed
                    tasks.cancel_scope.cancel()
            finally:
                self.doc.unobserve(edits)
        return reason

    async def _note_synced(self, provider: Provider) -> None:
        await provider.synced.wait()
        self._synced.set()

    def _on_presence(self, payload: bytes) -> None:
        self.awareness.apply_awareness_update(payload, "remote")

    async def _share_presence(self, tasks: anyio.abc.TaskGroup) -> None:
        """Sends every change of our own state, and renews it before the others forget it."""

        def on_change(topic: str, change: tuple[dict[str, Any], Any]) -> None:
            if topic == "update" and change[1] == "local":
                state = self.awareness.encode_awareness_update([self.awareness.client_id])
                tasks.start_soon(self._channel.send, create_awareness_message(state))

        subscription = self.awareness.observe(on_change)
        try:
            await self.awareness.start()
        finally:
            self.awareness.unobserve(subscription)

    async def _unless_lost(self, work: Coroutine[Any, Any, Any]) -> None:
        """Waits for `work`, or raises why the connection ended before it."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task, self._connection}, return_when=asyncio.FIRST_COMPLETED)
            (task if task.done() else self._connection).result()
        finally:
            task.cancel()
