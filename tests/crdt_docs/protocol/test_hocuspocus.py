"""The Hocuspocus dialect, byte by byte."""

from __future__ import annotations

import pytest

from crdt_docs.errors import MalformedMessage
from crdt_docs.lib0 import var_bytes, var_string
from crdt_docs.protocol import (
    Auth,
    Awareness,
    BroadcastStateless,
    Close,
    Pong,
    QueryAwareness,
    Stateless,
    SyncStep1,
    Update,
    hocuspocus,
    messages,
)

ADDRESS = b"acme/files/a"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (messages.step1(b"\x00"), SyncStep1(b"\x00")),
        (messages.update(b"\x00\x00"), Update(b"\x00\x00")),
        (messages.awareness(b"\x00"), Awareness(b"\x00")),
        (b"\x02\x00" + var_string("secret"), Auth("secret")),
        (b"\x02\x00" + var_string("secret") + var_string("4.8.0"), Auth("secret")),
        (b"\x02\x00\x00", Auth("")),
        (b"\x03", QueryAwareness()),
        (b"\x05" + var_string("hi"), Stateless("hi")),
        (b"\x06" + var_string("hi"), BroadcastStateless()),
        (b"\x07", Close()),
    ],
)
def test_every_message_is_read(body: bytes, message: object) -> None:
    """Each message of versions 2 to 4 is understood, with its address as it was."""
    addressed = hocuspocus.decode(hocuspocus.prefix(ADDRESS) + body)
    assert addressed.message == message
    assert addressed.address == ADDRESS


def test_a_pong_has_no_address() -> None:
    """Ping and pong are bare single bytes."""
    assert hocuspocus.decode(hocuspocus.PONG).message == Pong()


def test_a_session_id_belongs_to_the_address() -> None:
    """Version 4 may add NUL and a session id; the name is what stands before it."""
    addressed = hocuspocus.decode(var_bytes(ADDRESS + b"\0s1") + b"\x07")
    assert addressed.address == ADDRESS + b"\0s1"
    assert addressed.document_name == ADDRESS.decode()


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        var_bytes(ADDRESS),
        var_bytes(ADDRESS) + b"\x04\x00",
        var_bytes(ADDRESS) + b"\x08\x01",
        var_bytes(ADDRESS) + b"\x63",
        var_bytes(ADDRESS) + b"\x02\x02" + var_string("read-write"),
        var_bytes(ADDRESS) + messages.update(b"ab") + b"!",
        var_bytes(ADDRESS) + b"\x02\x00" + var_string("x" * 10_000),
        var_bytes(b"x" * 1000) + b"\x07",
    ],
)
def test_malformed_frames_are_refused(frame: bytes) -> None:
    """A frame that is cut off, goes on, is too long, or only a server may send is refused."""
    with pytest.raises(MalformedMessage):
        hocuspocus.decode(frame)


def test_an_address_is_utf8() -> None:
    """An address that is no text is refused when its name is asked for."""
    with pytest.raises(MalformedMessage):
        _ = hocuspocus.decode(var_bytes(b"\xff\xfe") + b"\x07").document_name
