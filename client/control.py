"""A session on the control channel: heartbeats, requests and their answers, events; it reconnects and goes on.

The connection lives in a task of its own. While it is away requests raise `ConnectionLost`; whoever asked asks again,
when `connected` says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx
from httpx_ws import AsyncWebSocketSession, HTTPXWSException, WebSocketUpgradeError, aconnect_ws
from wsproto.utilities import LocalProtocolError

from client.channel import lost
from client.errors import AtriumClientError, ConnectionLost

Message = dict[str, Any]
Listener = Callable[[Message], None]

RETRIES_S = (0.1, 0.5, 2.0)
HEARTBEATS_PER_PERIOD = 3
LEAVE_S = 5.0
EVENT_BYTES = 1 << 20


class ControlSession:
    """One session in one project; use it as an async context manager.

    `confirmed_at` is a monotonic time at which the server heard of the session at the earliest. After `silent_s`
    without a word others get what they want of it, after `window_s` it is over. `ended` is done when the session is
    over: with the error that ended it, None after leaving the block.
    """

    def __init__(self, http: httpx.AsyncClient, project: str, *, kind: str = "", name: str = "") -> None:
        self.id = ""
        self.role = ""
        self.confirmed_at = float("-inf")
        self.silent_s = self.window_s = 0.0
        self.listeners: list[Listener] = []
        self.on_return: list[Callable[[], None]] = []
        self.ended: asyncio.Future[AtriumClientError | None] = asyncio.get_running_loop().create_future()
        self._http = http
        self._params = {"project": project, "kind": kind, "name": name}
        self._resume_token = ""
        self._newest_event = 0
        self._websocket: AsyncWebSocketSession | None = None
        self._connected = asyncio.Event()
        self._leaving = False
        self._numbers = count(1)
        self._pending: dict[str, tuple[float, asyncio.Future[Message]]] = {}

    async def __aenter__(self) -> Self:
        """Connects; raises `AtriumClientError` when refused, `ConnectionLost` when there is no server."""
        self._task = asyncio.create_task(self._run(), name=f"control {self._params['project']}")
        try:
            await self.connected()
        except BaseException:  # cancelled or refused, the connection must not outlive this
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leaving = True
        try:
            if self._websocket is not None:
                async with asyncio.timeout(LEAVE_S):
                    await self.request("leave")
        except (AtriumClientError, TimeoutError):
            pass  # the server ends the session when it has been silent for long enough
        finally:
            await self._stop()

    async def connected(self) -> None:
        """Returns when the session is connected; raises what ended it."""
        waiting = asyncio.create_task(self._connected.wait())
        either: set[asyncio.Future[Any]] = {waiting, self.ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self.ended.done():
            raise self.ended.result() or ConnectionLost.closed(1000, "The session has been left.")

    async def request(self, type: str, **fields: Any) -> Message:
        """Sends a message and returns its answer; raises `AtriumClientError` for an error, `ConnectionLost`."""
        id = str(next(self._numbers))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Message] = loop.create_future()
        self._pending[id] = (loop.time(), answer)
        try:
            await self._send({"type": type, "id": id} | fields)
            message = await answer
        finally:
            self._pending.pop(id, None)
        if message["type"] == "error":
            raise AtriumClientError(message["code"], message["message"], status=409, retryable=message["retryable"])
        return message

    async def _send(self, message: Message) -> None:
        if self._websocket is None:
            raise ConnectionLost("socket.closed", "The control channel is not connected.", status=0, retryable=True)
        try:
            await self._websocket.send_text(json.dumps(message))
        except (HTTPXWSException, LocalProtocolError, httpx.TransportError, OSError) as error:
            raise ConnectionLost("socket.closed", str(error), status=0, retryable=True) from error

    # The connection

    async def _run(self) -> None:
        error: AtriumClientError | None = None
        try:
            error = await self._keep_connected()
        finally:
            if not self.ended.done():
                self.ended.set_result(error)

    async def _keep_connected(self) -> AtriumClientError | None:
        """Connects again and again; returns why it is of no use any more."""
        failures = 0
        while True:
            try:
                reason = await self._serve()
            except WebSocketUpgradeError as refusal:
                status = refusal.response.status_code
                return AtriumClientError("socket.refused", "There is no control channel here.", status=status)
            except (httpx.TransportError, OSError) as error:
                reason = ConnectionLost("unreachable", str(error) or type(error).__name__, status=0, retryable=True)
            failures = 0 if self._connected.is_set() else failures + 1
            self._disconnected(reason)
            if not reason.retryable or self._leaving or not self.id:
                return reason
            await asyncio.sleep(RETRIES_S[min(failures, len(RETRIES_S) - 1)])

    async def _serve(self) -> ConnectionLost:
        """One connection, until it ends; returns why."""
        resume = {"resume": self._resume_token, "after": str(self._newest_event)} if self._resume_token else {}
        params = self._params | resume
        websocket: AsyncWebSocketSession
        async with aconnect_ws("/control", self._http, params=params, max_message_size_bytes=EVENT_BYTES) as websocket:
            # Caught inside: on its way out of the block it would be wrapped in a group.
            try:
                await self._converse(websocket)
            except HTTPXWSException as error:
                return lost(error)

    async def _converse(self, websocket: AsyncWebSocketSession) -> NoReturn:
        began = asyncio.get_running_loop().time()
        welcome = json.loads(await websocket.receive_text())
        self._enter(websocket, welcome, began)
        beating = asyncio.create_task(self._beat(welcome["heartbeat_s"] / HEARTBEATS_PER_PERIOD))
        try:
            while True:
                self._hear(json.loads(await websocket.receive_text()))
        finally:
            beating.cancel()

    def _enter(self, websocket: AsyncWebSocketSession, welcome: Message, began: float) -> None:
        self.id, self.role, self._resume_token = welcome["session_id"], welcome["role"], welcome["resume_token"]
        self.silent_s, self.window_s = welcome["silent_s"], welcome["window_s"]
        self._newest_event = max(self._newest_event, welcome["event_id"])
        self.confirmed_at = began
        self._websocket = websocket
        self._connected.set()
        for returned in list(self.on_return):
            returned()

    async def _beat(self, period_s: float) -> None:
        while True:
            await asyncio.sleep(period_s)
            try:
                async with asyncio.timeout(period_s):
                    await self.request("ping")
            except (AtriumClientError, TimeoutError):
                pass  # nothing is confirmed; the connection ends by itself, or answers the next

    def _hear(self, message: Message) -> None:
        if "event_id" in message:
            self._newest_event = max(self._newest_event, message["event_id"])
        pending = self._pending.get(message.get("ref", ""))
        if pending is not None:
            sent_at, answer = pending
            self.confirmed_at = max(self.confirmed_at, sent_at)
            if not answer.done():
                answer.set_result(message)
            return
        for listener in list(self.listeners):
            listener(message)

    def _disconnected(self, reason: ConnectionLost) -> None:
        self._websocket = None
        self._connected.clear()
        for _, answer in self._pending.values():
            if not answer.done():
                answer.set_exception(reason)

    async def _stop(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
