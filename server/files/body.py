"""Request bodies with a limit: refused by their announced length before they come, and by what really comes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from server.kit.errors import BadRequest, TooLarge


def limited_stream(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in chunks; raises `TooLarge` at once when it announces more than `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge(f"The body has {announced} bytes; at most {limit} are accepted here.")
    return _chunks(request)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise BadRequest("The body ended early: the client has gone away.") from None


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body; raises `TooLarge` above `limit` bytes."""
    body = bytearray()
    async for chunk in limited_stream(request, limit):
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"The body has more than the {limit} bytes that are accepted here.")
    return bytes(body)
