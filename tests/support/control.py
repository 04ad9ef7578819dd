"""Clients of the control channel that see every message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.support.clients import open_socket
from tests.support.waiting import PATIENCE_S, until

Message = dict[str, Any]


class ControlClient:
    """One control socket; `said` is everything the server sent after the welcome, in order."""

    def __init__(self, socket: ClientConnection, welcome: Message) -> None:
        self.socket, self.welcome = socket, welcome
        self.said: list[Message] = []
        self._numbers = count(1)

    @property
    def session_id(self) -> str:
        id: str = self.welcome["session_id"]
        return id

    async def ask(self, type: str, **fields: Any) -> Message:
        """Sends a message; returns its answer."""
        id = f"m{next(self._numbers)}"
        await self.socket.send(json.dumps({"type": type, "id": id} | fields))
        await until(lambda: self.with_ref(id), what=f"an answer to {type}")
        return self.with_ref(id)[0]

    async def lock(self, resource: str = "main", lock_type: str = "git", **fields: Any) -> Message:
        """Asks for a lease; returns the answer."""
        return await self.ask("lock_request", lock_type=lock_type, resource_id=resource, **fields)

    async def release(self, lease: Message) -> Message:
        """Gives a lease up; returns the answer."""
        return await self.ask("lock_release", **named(lease), fence=lease["fence"])

    def with_ref(self, id: str) -> list[Message]:
        """The answers to one message."""
        return [message for message in self.said if message.get("ref") == id]

    def events(self, *types: str) -> list[Message]:
        """What happened, of these types."""
        return [message for message in self.said if "ref" not in message and message["type"] in types]

    async def hears(self, type: str, **fields: Any) -> Message:
        """Waits for an event; returns the first that has these fields."""

        def found() -> list[Message]:
            return [event for event in self.events(type) if fields.items() <= event.items()]

        await until(found, what=f"{type} {fields} among {self.said!r:.2000}")
        return found()[0]

    async def hears_pongs(self, number: int) -> None:
        """Waits until so many pings are answered."""
        await until(lambda: sum(message["type"] == "pong" for message in self.said) >= number, what="all pongs")

    async def closed(self) -> int | None:
        """Waits for the end of the socket; returns the close code."""
        await asyncio.wait_for(self.socket.wait_closed(), PATIENCE_S)
        return self.socket.close_code

    async def read(self) -> None:
        """Takes in what the server says until the socket closes."""
        try:
            async for text in self.socket:
                self.said.append(json.loads(text))
        except ConnectionClosed:
            pass


def named(lease: Message) -> dict[str, str]:
    """What a message about this lease says it is about."""
    return {"lock_type": lease["lock_type"], "resource_id": lease["resource_id"]}


def control_url(url: str, project: str = "acme", **query: Any) -> str:
    """The address of the control channel of a server."""
    return f"ws{url.removeprefix('http')}/control?{urlencode({'project': project} | query)}"


@asynccontextmanager
async def control(url: str, token: str, project: str = "acme", **query: Any) -> AsyncIterator[ControlClient]:
    """A client that has been welcomed."""
    headers = {"Authorization": f"Bearer {token}"}
    async with open_socket(control_url(url, project, **query), additional_headers=headers) as socket:
        client = ControlClient(socket, json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S)))
        reading = asyncio.create_task(client.read())
        try:
            yield client
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def refused(url: str, token: str | None, **query: Any) -> int | None:
    """The close code of a socket that is not welcomed."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with open_socket(control_url(url, **query), additional_headers=headers) as socket:
        with suppress(ConnectionClosed):
            raise AssertionError(f"it was welcomed: {await asyncio.wait_for(socket.recv(), PATIENCE_S)!r}")
        return socket.close_code
