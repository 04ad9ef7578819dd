"""The y-websocket dialect, byte by byte."""

from __future__ import annotations

import pytest

from crdt_docs.errors import MalformedMessage
from crdt_docs.lib0 import var_bytes
from crdt_docs.protocol import (
    Awareness,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    VersionEcho,
    messages,
    ywebsocket,
)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (b"\x00\x00\x01\x00", SyncStep1(b"\x00")),
        (b"\x00\x01\x02\x00\x00", SyncStep2(b"\x00\x00")),
        (b"\x00\x02\x02\x00\x00", Update(b"\x00\x00")),
        (b"\x01\x01\x00", Awareness(b"\x00")),
        (b"\x03", QueryAwareness()),
        (b"\x03whatever follows", QueryAwareness()),
        (b"\x66\x01\x05", VersionEcho(b"\x05")),
    ],
)
def test_every_message_is_read(frame: bytes, message: object) -> None:
    """Each message of the protocol is understood."""
    assert ywebsocket.decode(frame) == message


@pytest.mark.parametrize(
    "frame",
    [b"", b"\x00", b"\x00\x03\x00", b"\x00\x02\x05ab", b"\x00\x02\x01ab", b"\x02\x00\x00", b"\x09", b"\xff" * 100],
)
def test_malformed_frames_are_refused(frame: bytes) -> None:
    """A frame that is cut off, goes on, or is of no known type is refused."""
    with pytest.raises(MalformedMessage):
        ywebsocket.decode(frame)


def test_what_is_written_is_read() -> None:
    """The server's own bodies decode to what they say."""
    assert ywebsocket.decode(messages.step1(b"\x01")) == SyncStep1(b"\x01")
    assert ywebsocket.decode(messages.step2(b"u" * 300)) == SyncStep2(b"u" * 300)
    assert ywebsocket.decode(messages.update(b"u" * 70_000)) == Update(b"u" * 70_000)
    assert ywebsocket.decode(ywebsocket.version_echo(b"\x07")) == VersionEcho(b"\x07")
    assert ywebsocket.decode(ywebsocket.KEEPALIVE) == Awareness(b"\x00")


def test_large_state_vectors_are_refused() -> None:
    """A Step1 above its limit is refused before anything is read of it."""
    with pytest.raises(MalformedMessage, match=r"lib0\.too_long"):
        ywebsocket.decode(b"\x00\x00" + var_bytes(b"x" * (messages.MAX_STATE_VECTOR_BYTES + 1)))
