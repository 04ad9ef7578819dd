"""Hocuspocus's dialect: many documents on one socket, an address before every message.

Sources: ``@hocuspocus/provider`` 2 to 4, ``@hocuspocus/common``, ``@hocuspocus/server``.
The address is the document's name, in version 4 perhaps followed by NUL and a session id; replies carry it as received.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crdt_docs.errors import MalformedMessage
from crdt_docs.lib0 import Reader, var_bytes, var_string
from crdt_docs.names import MAX_NAME_BYTES
from crdt_docs.protocol.messages import (
    AUTH,
    AWARENESS,
    MAX_AWARENESS_BYTES,
    MAX_STATELESS_BYTES,
    MAX_TOKEN_BYTES,
    QUERY_AWARENESS,
    SYNC,
    Auth,
    Awareness,
    BroadcastStateless,
    Close,
    Message,
    Pong,
    QueryAwareness,
    Stateless,
    read_sync,
)

STATELESS, BROADCAST_STATELESS, CLOSE, SYNC_STATUS = 5, 6, 7, 8
PING = b"\x09"
PONG = b"\x0a"
MAX_ADDRESS_BYTES = MAX_NAME_BYTES + 1 + 128
TOKEN, DENIED, AUTHENTICATED = 0, 1, 2

SAVED = b"\x08\x01"
REFUSED = b"\x08\x00"


@dataclass(frozen=True, slots=True)
class Addressed:
    """One message for one document."""

    address: bytes
    message: Message

    @property
    def document_name(self) -> str:
        """The address without the session id; raises `MalformedMessage`."""
        try:
            return self.address.partition(b"\0")[0].decode()
        except UnicodeDecodeError:
            raise MalformedMessage("message.address", "The address is not valid UTF-8.") from None


def decode(frame: bytes) -> Addressed:
    """Reads one frame; raises `MalformedMessage`. A bare ping or pong has an empty address."""
    if frame in (PING, PONG):
        return Addressed(b"", Pong())
    reader = Reader(frame)
    address = reader.var_bytes(MAX_ADDRESS_BYTES)
    kind = reader.var_uint()
    read = _READERS.get(kind)
    if read is None:
        raise MalformedMessage("message.unknown_type", f"Clients send no Hocuspocus message of type {kind}.")
    return Addressed(address, read(reader))


def _read_to_end(read: Callable[[Reader], Message]) -> Callable[[Reader], Message]:
    def read_to_end(reader: Reader) -> Message:
        message = read(reader)
        reader.end()
        return message

    return read_to_end


def _read_auth(reader: Reader) -> Message:
    if reader.var_uint() != TOKEN:
        raise MalformedMessage("message.auth", "Clients send only their token in an Auth message.")
    return Auth(reader.var_string(MAX_TOKEN_BYTES))  # version 4 adds the provider's version behind it


_READERS: dict[int, Callable[[Reader], Message]] = {
    SYNC: _read_to_end(read_sync),
    AWARENESS: _read_to_end(lambda reader: Awareness(reader.var_bytes(MAX_AWARENESS_BYTES))),
    AUTH: _read_auth,
    QUERY_AWARENESS: lambda _reader: QueryAwareness(),
    STATELESS: _read_to_end(lambda reader: Stateless(reader.var_string(MAX_STATELESS_BYTES))),
    BROADCAST_STATELESS: lambda _reader: BroadcastStateless(),
    CLOSE: lambda _reader: Close(),
}


def prefix(address: bytes) -> bytes:
    """What stands before every message of a document on this socket."""
    return var_bytes(address)


def authenticated(*, read_only: bool) -> bytes:
    """The body of Auth, authenticated."""
    return b"\x02\x02" + var_string("readonly" if read_only else "read-write")


def denied(reason: str) -> bytes:
    """The body of Auth, permission denied: this document only, the socket stays."""
    return b"\x02\x01" + var_string(reason)


def closed(reason: str) -> bytes:
    """The body of CLOSE: the server ends this document on this socket."""
    return b"\x07" + var_string(reason)
