"""y-websocket's dialect, with y-sweet's sync status: one document per socket, one message per frame.

Sources: y-websocket ``src/y-websocket.js`` (v1 to v3 read only the first message of a frame), ``@y-sweet/client``.
"""

from __future__ import annotations

from crdt_docs.errors import MalformedMessage
from crdt_docs.lib0 import Reader, var_bytes, var_uint
from crdt_docs.protocol.messages import (
    AUTH,
    AWARENESS,
    MAX_AWARENESS_BYTES,
    MAX_VERSION_BYTES,
    QUERY_AWARENESS,
    SYNC,
    UPDATE,
    Awareness,
    Message,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    VersionEcho,
    permission_denied,
    read_sync,
)

Y_SWEET_SYNC_STATUS = 102
KEEPALIVE = b"\x01\x01\x00"
"""An awareness update of no clients: resets the client's 30 s silence timer and changes nothing."""

_SHORT_UPDATE = bytes((SYNC, UPDATE))


def decode(frame: bytes) -> Message:
    """Reads one frame; raises `MalformedMessage`."""
    if frame.startswith(_SHORT_UPDATE) and len(frame) > 2 and frame[2] == len(frame) - 3 < 0x80:
        return Update(frame[3:])  # which is nearly every frame
    reader = Reader(frame)
    kind = reader.var_uint()
    message: SyncStep1 | SyncStep2 | Update | Awareness | VersionEcho
    if kind == SYNC:
        message = read_sync(reader)
    elif kind == AWARENESS:
        message = Awareness(reader.var_bytes(MAX_AWARENESS_BYTES))
    elif kind == QUERY_AWARENESS:
        return QueryAwareness()  # whatever follows the type is ignored: clients differ
    elif kind == Y_SWEET_SYNC_STATUS:
        message = VersionEcho(reader.var_bytes(MAX_VERSION_BYTES))
    elif kind == AUTH:
        raise MalformedMessage("message.auth", "y-websocket clients authenticate in the URL, not by a message.")
    else:
        raise MalformedMessage("message.unknown_type", f"There is no y-websocket message of type {kind}.")
    reader.end()
    return message


def denied(reason: str) -> bytes:
    """Tells the client why it is refused; the socket is closed after it."""
    return permission_denied(reason)


def version_echo(payload: bytes) -> bytes:
    """y-sweet's sync status, echoed."""
    return var_uint(Y_SWEET_SYNC_STATUS) + var_bytes(payload)
