"""HTTP clients that do not end what they began."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from tests.support.gateway import Serving
from tests.support.network import connect


async def read_all(sock: socket.socket) -> bytes:
    """Everything until the server closes the connection."""

    def read() -> bytes:
        received = b""
        with suppress(ConnectionError):
            while piece := sock.recv(65536):
                received += piece
        return received

    return await asyncio.to_thread(read)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /heal",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
    ],
)
async def test_half_a_request(beginning: bytes, server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which a request does not come to its end is closed."""
    monkeypatch.setattr("server.gateway.http.REQUEST_TIMEOUT_S", 0.3)
    with connect(server.port) as sock:
        sock.sendall(beginning)
        assert b"200 OK" not in await read_all(sock)


async def test_a_slow_request_is_not_half_a_request(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that comes slowly but comes is waited for, longer in all than for any piece of it."""
    monkeypatch.setattr("server.gateway.http.REQUEST_TIMEOUT_S", 2)
    with connect(server.port) as sock:
        sock.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\n")
        for piece in (b"no", b"js", b"on"):
            await asyncio.sleep(0.8)
            sock.sendall(piece)
        assert b" 422 " in await read_all(sock)


async def test_endless_headers(server: Serving) -> None:
    """Headers that do not end are not collected for ever: 431."""
    with connect(server.port) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000)
        assert b" 431 " in await read_all(sock)


async def test_a_large_body_has_no_large_head(server: Serving) -> None:
    """What follows the headers does not count as headers, also in a second request of the same connection."""
    head = b"PUT /api/v1/projects/acme/files/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
    with connect(server.port) as sock:
        sock.sendall(b"".join(head % number + bytes(300_000) for number in range(2)))
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = await read_all(sock)
        assert received.count(b" 401 ") == 2
        assert b"200 OK" in received
