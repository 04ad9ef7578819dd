"""Both wire dialects as a sans-IO codec: bytes in, messages out; messages in, bytes out.

`ywebsocket` (y-websocket, y-sweet, pycrdt) has one document per socket, `hocuspocus` puts an address before every
message. Both carry the same messages, defined in `messages`.
"""

from crdt_docs.protocol import hocuspocus, ywebsocket
from crdt_docs.protocol.messages import (
    Auth,
    Awareness,
    BroadcastStateless,
    Close,
    Message,
    Pong,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncStep2,
    Update,
    VersionEcho,
)

__all__ = [
    "Auth",
    "Awareness",
    "BroadcastStateless",
    "Close",
    "Message",
    "Pong",
    "QueryAwareness",
    "Stateless",
    "SyncStep1",
    "SyncStep2",
    "Update",
    "VersionEcho",
    "hocuspocus",
    "ywebsocket",
]
