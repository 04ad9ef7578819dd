"""Sockets as rude as the internet: reset at any byte, half open, never reading."""

from __future__ import annotations

import secrets
import socket
import struct
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress

from tests.support.waiting import PATIENCE_S

CLOSE_FRAME = 8


def connect(port: int, *, receive_buffer: int | None = None) -> socket.socket:
    """A TCP connection to a port of this machine."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE_S)
    sock.connect(("127.0.0.1", port))
    return sock


def reset(sock: socket.socket) -> None:
    """Ends a connection by RST, without any goodbye."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def handshake(path: str, headers: tuple[str, ...] = ()) -> bytes:
    """The request that opens a WebSocket (RFC 6455, section 4.1)."""
    key = b64encode(secrets.token_bytes(16)).decode()
    lines = (
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode()


def client_frame(body: bytes, opcode: int = 2) -> bytes:
    """One masked frame from a client (RFC 6455, section 5.2); the mask is zero, so the body stays readable."""
    first = 0x80 | opcode
    if len(body) < 126:
        return struct.pack("!BB4x", first, 0x80 | len(body)) + body
    if len(body) < 65536:
        return struct.pack("!BBH4x", first, 0x80 | 126, len(body)) + body
    return struct.pack("!BBQ4x", first, 0x80 | 127, len(body)) + body


def read_head(sock: socket.socket) -> bytes:
    """Reads until the end of the answer's headers."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = sock.recv(4096)
        if not piece:
            break
        head += piece
    return head


def read_to_end(sock: socket.socket) -> bytes:
    """Reads until the other side has closed, in whatever way, and closes too."""
    received = b""
    with closing(sock), suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            received += piece
    return received


def frames(received: bytes) -> Iterator[tuple[int, bytes]]:
    """The (opcode, body) of each whole frame that a server has sent."""
    position = 0
    while position + 2 <= len(received):
        opcode, length, start = received[position] & 0x0F, received[position + 1], position + 2
        if length >= 126:
            start += 2 if length == 126 else 8
            length = int.from_bytes(received[position + 2 : start])
        if start + length > len(received):
            return
        yield opcode, received[start : start + length]
        position = start + length
