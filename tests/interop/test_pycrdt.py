"""pycrdt's own provider, over httpx-ws, as its documentation shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from httpx_ws import aconnect_ws
from pycrdt import Doc, Provider, Text
from pycrdt.websocket.websocket import HttpxWebsocket

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.waiting import until
from tests.support.yjs import Driver

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]


@asynccontextmanager
async def provided(atrium: Atrium, document: str, doc: Doc[Any] | None = None) -> AsyncIterator[Text]:
    """The text of a document kept in step by pycrdt's `Provider`."""
    doc = doc or Doc()
    url = f"{atrium.url.replace('http', 'ws', 1)}/sync/{quote(document)}?token={ADMIN_TOKEN}"
    async with aconnect_ws(url) as websocket, Provider(doc, HttpxWebsocket(websocket, document)):
        yield doc.get("content", type=Text)


async def test_providers_converge_with_yjs(shared_atrium: Atrium, yjs: Driver) -> None:
    """Two providers and a Yjs client type into one file and see the same text."""
    document = shared_atrium.create_file(shared_atrium.create_project(), "a.txt", "start")
    node = await yjs.open("y-websocket-3", url=shared_atrium.sync_url, document=document, token=ADMIN_TOKEN)
    await node.synced()
    async with provided(shared_atrium, document) as one, provided(shared_atrium, document) as two:
        await until(lambda: str(one) == str(two) == "start", what="the first sync")
        one.insert(0, "1 ")
        await until(lambda: str(two) == "1 start", what="the other provider's text")
        two += " 2"
        await node.shows(lambda status: status["text"] == "1 start 2")
        await node.insert(text=" 😀")
        await until(lambda: str(one) == str(two) == "1 start 2 😀", what="the text that Yjs wrote")


async def test_a_provider_comes_back_after_a_restart(atrium: Atrium) -> None:
    """A document opened again after a power cut sends what the server never got."""
    document = f"{atrium.create_project()}/docs/again"
    doc: Doc[Any] = Doc()
    async with provided(atrium, document, doc) as text, provided(atrium, document) as other:
        text += "before "
        await until(lambda: str(other) == "before ", what="the other's text")
    atrium.restart()
    text += "between"
    async with provided(atrium, document, doc), provided(atrium, document) as other:
        await until(lambda: str(other) == "before between", what="the text after the restart")
