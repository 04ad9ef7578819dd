"""What a client can say, in either dialect, and the body codec that both share.

Sources: y-protocols ``sync.js``, ``awareness.js``, ``auth.js``; ``@hocuspocus/common``; ``@y-sweet/client``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from crdt_docs.errors import MalformedMessage
from crdt_docs.lib0 import Reader, var_bytes, var_string, var_uint

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = 0, 1, 2, 3
STEP1, STEP2, UPDATE = 0, 1, 2

MAX_STATE_VECTOR_BYTES = 1 << 20
MAX_VERSION_BYTES = 16  # a number, as y-sweet's client encodes it
MAX_AWARENESS_BYTES = 1 << 20
MAX_TOKEN_BYTES = 8 << 10
MAX_STATELESS_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """What I have; asks for everything after the encoded state vector."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """The answer to `SyncStep1`: everything the other side lacks, as one update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """One change as it happens."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Awareness:
    """Presence: an encoded awareness update (see `crdt_docs.awareness`)."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """Asks for everybody's presence."""


@dataclass(frozen=True, slots=True)
class Auth:
    """A token for one document (Hocuspocus only)."""

    token: str


@dataclass(frozen=True, slots=True)
class Stateless:
    """An application's message that is not part of the document (Hocuspocus only)."""

    payload: str


@dataclass(frozen=True, slots=True)
class BroadcastStateless:
    """A server-to-server message that clients may not send (Hocuspocus only)."""


@dataclass(frozen=True, slots=True)
class Close:
    """The client leaves one document and keeps the socket (Hocuspocus only)."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping (Hocuspocus 4 only)."""


@dataclass(frozen=True, slots=True)
class VersionEcho:
    """y-sweet's sync status: echo `payload` once all that came before is durable."""

    payload: bytes


Message: TypeAlias = (
    SyncStep1
    | SyncStep2
    | Update
    | Awareness
    | QueryAwareness
    | Auth
    | Stateless
    | BroadcastStateless
    | Close
    | Pong
    | VersionEcho
)


def read_sync(reader: Reader) -> SyncStep1 | SyncStep2 | Update:
    """Reads the body of a Sync message (y-protocols ``sync.js``)."""
    step = reader.var_uint()
    if step == UPDATE:
        return Update(reader.var_bytes(len(reader.data)))
    if step == STEP1:
        return SyncStep1(reader.var_bytes(MAX_STATE_VECTOR_BYTES))
    if step == STEP2:
        return SyncStep2(reader.var_bytes(len(reader.data)))
    raise MalformedMessage("message.sync_step", f"Sync has steps 0, 1 and 2, not {step}.")


def step1(state_vector: bytes) -> bytes:
    """The body of Sync Step1."""
    return b"\x00\x00" + var_bytes(state_vector)


def step2(update: bytes) -> bytes:
    """The body of Sync Step2."""
    return b"\x00\x01" + var_bytes(update)


def update(update: bytes) -> bytes:
    """The body of Sync Update."""
    return b"\x00\x02" + var_bytes(update)


def awareness(payload: bytes) -> bytes:
    """The body of Awareness."""
    return b"\x01" + var_bytes(payload)


def permission_denied(reason: str) -> bytes:
    """The body of Auth, permission denied (y-protocols ``auth.js``; Hocuspocus says the same)."""
    return b"\x02" + var_uint(0) + var_string(reason)
