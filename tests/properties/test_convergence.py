"""Everybody ends with the same document: Yjs and pycrdt, cut off, restarted, out of order, more than once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text
from websockets.exceptions import ConnectionClosed

from crdt_docs.document import decode_state_vector
from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import SyncClient, hocuspocus, y_websocket
from tests.support.waiting import eventually
from tests.support.yjs import Driver, YjsPeer

pytestmark = [pytest.mark.interop, pytest.mark.timeout(900)]


@dataclass(frozen=True, slots=True)
class State:
    """What must be equal everywhere."""

    text: str
    map: dict[str, Any]
    vector: dict[int, int]
    pending: bool = False


class Peer(Protocol):
    """One client of the document."""

    async def connect(self) -> None: ...
    async def cut(self) -> None: ...
    async def type(self, index: int, text: str) -> None: ...
    async def erase(self, index: int, length: int) -> None: ...
    async def set(self, key: str, value: int) -> None: ...
    async def misbehave(self) -> None:
        """Sends again what it has sent, and new edits in the wrong order."""

    async def state(self) -> State: ...


class InNode:
    """A real Yjs client, which connects again by itself when the server comes back.

    A Hocuspocus provider that has to change its mind while it connects or closes never connects again.
    """

    def __init__(self, peer: YjsPeer) -> None:
        self._peer = peer
        self._connected = True

    async def connect(self) -> None:
        if not self._connected:
            await self._peer.connect()
        self._connected = True

    async def cut(self) -> None:
        if self._connected:
            await self._peer.synced()
            await self._peer.disconnect()
            await self._peer.shows(lambda status: not status["synced"])
        self._connected = False

    async def type(self, index: int, text: str) -> None:
        await self._peer.insert(index=index, text=text)

    async def erase(self, index: int, length: int) -> None:
        await self._peer.remove(index=index, length=length)

    async def set(self, key: str, value: int) -> None:
        await self._peer.set(key=key, value=value)

    async def misbehave(self) -> None:
        state = (await self._peer.state())["update"]
        await self._peer.apply(update=state)

    async def state(self) -> State:
        state = await self._peer.state()
        vector = {int(client): clock for client, clock in state["stateVector"].items()}
        return State(state["text"], state["map"], vector, state["pending"])


class InPython:
    """A pycrdt document behind a socket of its own, which sends what a test wants it to send."""

    def __init__(self, open_client: Callable[[Doc[Any]], Any]) -> None:
        self._open = open_client
        self._doc: Doc[Any] = Doc()
        self._text = self._doc.get("content", type=Text)
        self._map = self._doc.get("map", type=Map)
        self._client: SyncClient | None = None
        self._stack = AsyncExitStack()

    async def connect(self) -> None:
        await self.cut()
        self._client = await self._stack.enter_async_context(self._open(self._doc))
        await self._client.step1()

    async def cut(self) -> None:
        self._client = None
        await self._stack.aclose()

    async def type(self, index: int, text: str) -> None:
        await self._send([self._change(lambda: self._text.insert(self._place(index), text))])

    async def erase(self, index: int, length: int) -> None:
        start, end = self._place(index), self._place(index + length)
        if start < end:
            await self._send([self._change(lambda: self._text.__delitem__(slice(start, end)))])

    async def set(self, key: str, value: int) -> None:
        await self._send([self._change(lambda: self._map.__setitem__(key, float(value)))])

    async def misbehave(self) -> None:
        updates = [self._change(lambda word=word: self._text.insert(0, word)) for word in ("x", "y", "z")]
        await self._send([self._doc.get_update(), *reversed(updates), *updates])

    async def state(self) -> State:
        return state_of(self._doc)

    def _place(self, index: int) -> int:
        """pycrdt counts in UTF-8 bytes."""
        return len(str(self._text)[:index].encode())

    def _change(self, change: Callable[[], object]) -> bytes:
        before = self._doc.get_state()
        change()
        return self._doc.get_update(before)

    async def _send(self, updates: list[bytes]) -> None:
        if self._client is None:
            return
        try:
            for update in updates:
                await self._client.update(update)
        except ConnectionClosed:
            await self.cut()


def state_of(doc: Doc[Any]) -> State:
    """The state of a pycrdt document."""
    values = doc.get("map", type=Map).to_py() or {}
    return State(str(doc.get("content", type=Text)), values, decode_state_vector(doc.get_state()))


def stored(atrium: Atrium, document: str) -> State:
    """What the server gives out."""
    doc: Doc[Any] = Doc()
    doc.apply_update(atrium.document_update(document))
    return state_of(doc)


PLACES = st.integers(0, 40)
WORDS = st.text(alphabet="ab é漢\n", min_size=1, max_size=8)


def step(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, tuple[Any, ...]]]:
    return st.tuples(st.just(name), st.tuples(*arguments))


STEPS = st.one_of(
    step("type", PLACES, WORDS),
    step("type", PLACES, WORDS),
    step("erase", PLACES, st.integers(1, 10)),
    step("set", st.sampled_from("kl"), st.integers(0, 9)),
    step("cut"),
    step("connect"),
    step("misbehave"),
)
PEERS = 4
HISTORIES = st.lists(st.tuples(st.integers(0, PEERS - 1), STEPS), min_size=5, max_size=40)
RESTARTS = st.sets(st.integers(5, 39), max_size=2)


async def open_peers(yjs: Driver, atrium: Atrium, document: str) -> list[Peer]:
    """Two real Yjs clients and two pycrdt clients, one of each dialect."""
    address = {"url": atrium.sync_url, "document": document, "token": ADMIN_TOKEN}
    opened = [await yjs.open(family, **address) for family in ("y-websocket-3", "hocuspocus-4")]
    in_node = [InNode(await peer.synced()) for peer in opened]
    in_python = [
        InPython(lambda doc: y_websocket(atrium.sync_url, document, ADMIN_TOKEN, doc)),
        InPython(lambda doc: hocuspocus(atrium.sync_url, document, ADMIN_TOKEN, doc)),
    ]
    for peer in in_python:
        await peer.connect()
    return [*in_node, *in_python]


async def run_history(
    atrium: Atrium, yjs: Driver, steps: list[tuple[int, tuple[str, tuple[Any, ...]]]], restarts: set[int]
) -> None:
    document = f"{atrium.create_project()}/docs/history"
    peers = await open_peers(yjs, atrium, document)
    try:
        for number, (peer, (name, arguments)) in enumerate(steps):
            if number in restarts:
                await asyncio.to_thread(atrium.restart)
            await getattr(peers[peer], name)(*arguments)
        for peer in peers:
            await peer.connect()

        async def states() -> list[State]:
            return [await peer.state() for peer in peers] + [stored(atrium, document)]

        agreed = await eventually(states, lambda states: all(state == states[0] for state in states))
        assert not agreed[0].pending
    finally:
        for peer in peers:
            await peer.cut()
    await asyncio.to_thread(atrium.restart)
    assert stored(atrium, document) == agreed[0], "the log gives another document"


FIXTURES_ARE_SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=6, suppress_health_check=FIXTURES_ARE_SHARED)
@given(steps=HISTORIES, restarts=RESTARTS)
async def test_everybody_converges(atrium: Atrium, yjs: Driver, steps: Any, restarts: set[int]) -> None:
    """After any history of edits, cuts, restarts, duplicates and disorder, all peers and the log have one document."""
    await run_history(atrium, yjs, steps, restarts)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=FIXTURES_ARE_SHARED)
@given(steps=HISTORIES, restarts=RESTARTS)
async def test_everybody_converges_at_length(atrium: Atrium, yjs: Driver, steps: Any, restarts: set[int]) -> None:
    """The same for many more histories."""
    await run_history(atrium, yjs, steps, restarts)
