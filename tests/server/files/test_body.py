from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.types import Message

from server.files.body import limited_stream, read_body
from server.kit.errors import BadRequest, TooLarge


def request(*messages: Message, length: str | None = None) -> Request:
    """A request that receives these ASGI messages."""
    pending = list(messages)

    async def receive() -> Message:
        return pending.pop(0)

    headers = [(b"content-length", length.encode())] if length else []
    return Request({"type": "http", "method": "PUT", "headers": headers}, receive)


def chunk(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_within_the_limit_is_read() -> None:
    """All chunks, joined."""
    assert await read_body(request(chunk(b"ab"), chunk(b"c", more=False)), 3) == b"abc"


async def test_a_body_over_the_limit_is_refused_as_it_comes() -> None:
    """Without an announced length the sum of the chunks decides."""
    with pytest.raises(TooLarge):
        await read_body(request(chunk(b"ab"), chunk(b"cd")), 3)


def test_an_announced_body_over_the_limit_is_refused_before_it_comes() -> None:
    """Content-Length alone is enough; a senseless one is left to the server below."""
    with pytest.raises(TooLarge):
        limited_stream(request(length="4"), 3)
    limited_stream(request(length="3"), 3)
    limited_stream(request(length="-9"), 3)


async def test_a_client_that_goes_away_is_no_fault_of_ours() -> None:
    """A body cut short is a bad request, not an unexpected error."""
    with pytest.raises(BadRequest):
        await read_body(request(chunk(b"ab"), {"type": "http.disconnect"}), 10)
