"""The stock room of pycrdt-websocket is the oracle: the same honest session gives the same document."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Channel, Doc, Text, create_update_message
from pycrdt.websocket import YRoom

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.clients import y_websocket
from tests.support.waiting import until

WRITERS = 3
EDITS = st.tuples(st.integers(0, WRITERS - 1), st.integers(0, 30), st.text(alphabet="ab é漢😀\n", max_size=6))
SESSIONS = st.lists(EDITS, min_size=1, max_size=40)


class MemoryChannel(Channel):
    """A connection to a room without a socket."""

    def __init__(self) -> None:
        self.inbound: asyncio.Queue[bytes | None] = asyncio.Queue()

    @property
    def path(self) -> str:
        return "memory"

    async def send(self, message: bytes) -> None:
        """What the room says is of no interest here."""

    async def recv(self) -> bytes:
        message = await self.inbound.get()
        if message is None:
            raise StopAsyncIteration
        return message


def play(session: list[tuple[int, int, str]]) -> list[tuple[int, bytes]]:
    """(writer, update) of writers who each see all edits so far; an empty text deletes a little."""
    docs: list[Doc[Any]] = [Doc() for _ in range(WRITERS)]
    sent: list[tuple[int, bytes]] = []
    for writer, position, word in session:
        doc = docs[writer]
        for _, update in sent:
            doc.apply_update(update)
        text, before = doc.get("content", type=Text), doc.get_state()
        index = len(str(text)[:position].encode())
        if word:
            text.insert(index, word)
        else:
            del text[index : index + len(str(text)[position : position + 3].encode())]
        sent.append((writer, doc.get_update(before)))
    return sent


async def text_of_the_oracle(updates: list[tuple[int, bytes]]) -> str:
    """What pycrdt-websocket's room makes of the session."""
    async with YRoom() as room:
        channels = [MemoryChannel() for _ in range(WRITERS)]
        serving = [asyncio.create_task(room.serve(channel)) for channel in channels]
        for writer, update in updates:
            channels[writer].inbound.put_nowait(create_update_message(update))
            await until(channels[writer].inbound.empty, what="the oracle's turn")
        for channel in channels:
            channel.inbound.put_nowait(None)
        await asyncio.gather(*serving)
        room._update_send_stream.close()  # the room leaves it open, and warnings are errors here
        return str(room.ydoc.get("content", type=Text))


async def text_of_atrium(atrium: Atrium, document: str, updates: list[tuple[int, bytes]]) -> str:
    """What Atrium makes of it: each writer on a socket of its own, each edit after the one before is stored."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(y_websocket(atrium.sync_url, document, ADMIN_TOKEN)) for _ in range(WRITERS)
        ]
        for client in clients:
            await client.synced()
        for writer, update in updates:
            await clients[writer].update(update)
            await clients[writer].y_sweet_status(1)
            await clients[writer].hears("echo", clients[writer].sent_updates - 1)  # the first was its Step2
    return atrium.read_file(document)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(session=SESSIONS)
@pytest.mark.timeout(300)
async def test_the_oracle_agrees(shared_atrium: Atrium, session: list[tuple[int, int, str]]) -> None:
    """An honest session ends with the same text in Atrium's file and in the stock room."""
    updates = play(session)
    document = shared_atrium.create_file(shared_atrium.create_project(), "oracle.txt")
    assert await text_of_atrium(shared_atrium, document, updates) == await text_of_the_oracle(updates)
