"""An answer means that what the request has caused is in the audit log."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.activity.errors import NotRecorded
from server.activity.recorder import Receipt, Recorder, receipt
from server.kit.http import problem

FIRST_ERROR = 400


class AnswersWhenRecorded:
    """Holds each answer back until the acts of its request are durable.

    When the log cannot be written, a success becomes the problem `NotRecorded`; an error stays what it is.
    """

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app, self._recorder = app, recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with receipt() as mine:
            answer = _Answer(self._recorder, mine, scope, receive, send)
            await self._app(scope, receive, answer.send if scope["type"] == "http" else send)


class _Answer:
    """One answer on its way out."""

    def __init__(self, recorder: Recorder, mine: Receipt, scope: Scope, receive: Receive, send: Send) -> None:
        self._recorder, self._mine = recorder, mine
        self._scope, self._receive, self._send = scope, receive, send
        self._replaced = False

    async def send(self, message: Message) -> None:
        """Passes on what the application says, unless it was answered otherwise."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif not self._replaced:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        try:
            await self._recorder.flushed(self._mine)
        except NotRecorded as error:
            if message["status"] < FIRST_ERROR:
                self._replaced = True
                await problem(error)(self._scope, self._receive, self._send)
                return
        await self._send(message)
