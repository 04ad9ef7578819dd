"""Sync clients in Python that see every frame: for tests about order, receipts, refusals and close codes.

Their documents are pycrdt's; what is on the wire is read and written here, without help from the client libraries.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import pycrdt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crdt_docs.lib0 import Reader, var_bytes, var_string, var_uint
from tests.support.waiting import PATIENCE_S, until

UNLIMITED = 1 << 40
SYNC, AWARENESS, AUTH, QUERY_AWARENESS, CLOSE, SYNC_STATUS, Y_SWEET = 0, 1, 2, 3, 7, 8, 102
SYNC_STEPS = ("step1", "step2", "update")
AUTH_ANSWERS = ("denied", "again", "authenticated")
KEEPALIVE = ("awareness", b"\x00")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the server: its kind in words, and what it carries."""

    kind: str
    value: Any


def read_message(reader: Reader) -> Said:
    """Reads one server message of either dialect, without its address."""
    kind = reader.var_uint()
    match kind:
        case 0:
            return Said(SYNC_STEPS[reader.var_uint()], reader.var_bytes(UNLIMITED))
        case 1:
            return Said("awareness", reader.var_bytes(UNLIMITED))
        case 2:
            answer = reader.var_uint()
            if answer == 0:  # y-protocols: denied with a reason
                return Said("denied", reader.var_string(UNLIMITED))
            return Said("denied" if answer == 1 else "authenticated", reader.var_string(UNLIMITED))
        case 7:
            return Said("closed", reader.var_string(UNLIMITED))
        case 8:
            return Said("status", reader.var_uint())
        case 102:
            return Said("echo", reader.var_bytes(UNLIMITED))
    raise AssertionError(f"the server says message type {kind}")


def read_awareness(payload: bytes) -> dict[int, Any]:
    """The states of an awareness update by client id; None for those who left."""
    reader = Reader(payload)
    states = {}
    for _ in range(reader.var_uint()):
        client, _clock = reader.var_uint(), reader.var_uint()
        states[client] = json.loads(reader.var_string(UNLIMITED))
    return states


def awareness_update(entries: Iterable[tuple[int, int, object]]) -> bytes:
    """An awareness update of (client id, clock, state) entries."""
    listed = list(entries)
    body = b"".join(
        var_uint(client) + var_uint(clock) + var_string(json.dumps(state)) for client, clock, state in listed
    )
    return var_uint(len(listed)) + body


class SyncClient:
    """One document on one socket, in the y-websocket dialect; `said` is everything the server sent, in order."""

    def __init__(self, socket: ClientConnection, doc: pycrdt.Doc[Any] | None = None, prefix: bytes = b"") -> None:
        self.socket = socket
        self.doc = doc or pycrdt.Doc()
        self.text = self.doc.get("content", type=pycrdt.Text)
        self.said: list[Said] = []
        self.presence: dict[int, Any] = {}
        self.sent_updates = 0
        self._prefix = prefix
        self._awareness_clock = 0

    # What the client says

    async def send(self, body: bytes) -> None:
        """Sends one message, with the document's address before it where the dialect has one."""
        await self.socket.send(self._prefix + body)

    async def step1(self) -> None:
        """Asks for what the document lacks."""
        await self.send(b"\x00\x00" + var_bytes(self.doc.get_state()))

    async def step2(self, update: bytes) -> None:
        self.sent_updates += 1
        await self.send(b"\x00\x01" + var_bytes(update))

    async def update(self, update: bytes) -> None:
        self.sent_updates += 1
        await self.send(b"\x00\x02" + var_bytes(update))

    async def edit(self, change: Callable[[pycrdt.Text], None]) -> bytes:
        """Changes the text and sends the update, which is returned."""
        before = self.doc.get_state()
        change(self.text)
        update = self.doc.get_update(before)
        await self.update(update)
        return update

    async def type(self, text: str) -> bytes:
        """Appends `text`."""
        return await self.edit(lambda content: content.insert(len(content), text))

    async def announce(self, state: object, client: int | None = None) -> None:
        """Tells everybody the presence of this client, or of another's id."""
        self._awareness_clock += 1
        entry = (client or self.doc.client_id, self._awareness_clock, state)
        await self.send(b"\x01" + var_bytes(awareness_update([entry])))

    async def y_sweet_status(self, version: int) -> None:
        """Asks for the echo that says "all before this is durable"."""
        await self.send(var_uint(Y_SWEET) + var_bytes(var_uint(version)))

    # What the client hears

    async def read(self) -> None:
        """Takes in what the server says until the socket closes."""
        try:
            async for frame in self.socket:
                assert isinstance(frame, bytes)
                await self.hear(self._body(frame))
        except ConnectionClosed:
            pass

    def _body(self, frame: bytes) -> bytes:
        assert frame.startswith(self._prefix), f"for another document: {frame[:80]!r}"
        return frame[len(self._prefix) :]

    async def hear(self, body: bytes) -> None:
        """Acts on one message as every client does."""
        said = read_message(Reader(body))
        self.said.append(said)
        if said.kind in ("step2", "update"):
            self.doc.apply_update(said.value)
        elif said.kind == "step1":
            await self.step2(self.doc.get_update(said.value))
        elif said.kind == "awareness":
            self._take_presence(read_awareness(said.value))

    def _take_presence(self, states: dict[int, Any]) -> None:
        for client, state in states.items():
            if state is None:
                self.presence.pop(client, None)
            else:
                self.presence[client] = state

    # Conditions

    @property
    def content(self) -> str:
        return str(self.text)

    def kinds(self) -> list[str]:
        """What the server has said, in words, without keepalives."""
        return [said.kind for said in self.said if (said.kind, said.value) != KEEPALIVE]

    def heard(self, kind: str) -> list[Any]:
        """The values of all messages of one kind."""
        return [said.value for said in self.said if said.kind == kind]

    async def hears(self, kind: str, count: int = 1, timeout_s: float = PATIENCE_S) -> Any:
        """Waits until `count` messages of a kind have come; returns the value of the last."""
        await until(lambda: len(self.heard(kind)) >= count, timeout_s, f"{count} × {kind}")
        return self.heard(kind)[-1]

    async def shows(self, text: str, timeout_s: float = PATIENCE_S) -> None:
        """Waits until the document's text is `text`."""
        await until(lambda: self.content == text, timeout_s, f"the text {text!r:.80}, not {self.content!r:.80},")

    async def closed(self, timeout_s: float = PATIENCE_S) -> int | None:
        """Waits for the end of the socket; returns the close code."""
        await asyncio.wait_for(self.socket.wait_closed(), timeout_s)
        return self.socket.close_code

    async def synced(self) -> Self:
        """The first exchange of a client: asks, and waits for the answer."""
        await self.step1()
        await self.hears("step2")
        return self


class HocuspocusClient(SyncClient):
    """One document on one socket, in the Hocuspocus dialect."""

    def __init__(self, socket: ClientConnection, address: str, doc: pycrdt.Doc[Any] | None = None) -> None:
        super().__init__(socket, doc, var_string(address))

    async def authenticate(self, token: str) -> None:
        await self.send(b"\x02\x00" + var_string(token))

    @property
    def saved(self) -> int:
        """How many of this client's updates are acknowledged as durable."""
        return self.heard("status").count(1)

    async def all_saved(self, timeout_s: float = PATIENCE_S) -> None:
        """Waits until everything sent has its receipt, none of them a refusal."""
        await until(lambda: len(self.heard("status")) >= self.sent_updates, timeout_s, "a receipt for every update")
        assert 0 not in self.heard("status"), "an update was refused"

    async def round_trip(self) -> None:
        """A keystroke and its receipt: the server serves this client."""
        await self.type("·")
        await self.all_saved()


@asynccontextmanager
async def open_socket(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """A WebSocket that leaves liveness to the test."""
    settings = {"max_size": None, "compression": None, "ping_interval": None, "proxy": None, "open_timeout": PATIENCE_S}
    async with connect(url, **(settings | options)) as socket:
        yield socket


@asynccontextmanager
async def _reading(client: SyncClient) -> AsyncIterator[None]:
    task = asyncio.create_task(client.read())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def y_websocket(
    sync_url: str, document: str, token: str = "", doc: pycrdt.Doc[Any] | None = None, **options: Any
) -> AsyncIterator[SyncClient]:
    """A connected client of the y-websocket family; it has not asked for the state yet."""
    query = f"?token={quote(token)}" if token else ""
    async with open_socket(f"{sync_url}/{quote(document)}{query}", **options) as socket:
        client = SyncClient(socket, doc)
        async with _reading(client):
            yield client


@asynccontextmanager
async def hocuspocus(
    sync_url: str, document: str, token: str | None = "", doc: pycrdt.Doc[Any] | None = None, **options: Any
) -> AsyncIterator[HocuspocusClient]:
    """A connected Hocuspocus client that has sent its token, if it has one; None sends no Auth message at all."""
    async with open_socket(sync_url, **options) as socket:
        client = HocuspocusClient(socket, document, doc)
        async with _reading(client):
            if token is not None:
                await client.authenticate(token)
            yield client
