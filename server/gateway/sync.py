"""One sync socket: `/sync/{document name}` (y-websocket, y-sweet, pycrdt) or `/sync` (Hocuspocus), and its documents.

The first byte of the first frame tells the dialects apart wherever they connect: 0 is y-websocket's Sync, while a
Hocuspocus frame begins with the length of a name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from crdt_docs.protocol import Auth, Close, Message, Pong, hocuspocus, ywebsocket
from server.access import Principal, Unauthenticated
from server.gateway.authentication import SocketAuthentication
from server.gateway.budget import Backlog
from server.gateway.channel import Channel
from server.gateway.connection import SyncConnection
from server.gateway.errors import AuthenticationTimeout, NoDocumentNamed, TooManyDocuments
from server.settings import Limits

YWEBSOCKET_SYNC = b"\x00"
ONLY_DOCUMENT = b""

NewChannel = Callable[[SyncConnection, Backlog, bytes | None], Channel]
Identify = Callable[[], Awaitable[Principal]]


class SyncSocket:
    """Reads the frames of one connection and gives each to its document's channel."""

    __slots__ = (
        "_address",
        "_authentication",
        "_backlog",
        "_deadline",
        "_limits",
        "_name",
        "_new_channel",
        "_principal",
        "_read",
        "channels",
        "connection",
    )

    def __init__(
        self,
        connection: SyncConnection,
        *,
        name: str | None,
        address: str,
        principal: Principal | None,
        authentication: SocketAuthentication,
        new_channel: NewChannel,
        limits: Limits,
        deadline: float,
    ) -> None:
        """`name` is the document in the path, if there is one; `address` is the client's.

        Without a `principal` an Auth message has to bring a token before `deadline`, in seconds of the caller's clock.
        """
        self.connection = connection
        self.channels: dict[bytes, Channel] = {}
        self._name = name
        self._address = address
        self._principal = principal
        self._authentication = authentication
        self._new_channel = new_channel
        self._limits = limits
        self._deadline = deadline
        self._backlog = Backlog(
            frames=limits.queued_frames_before_authentication, size=limits.queued_bytes_before_authentication
        )
        self._read: Callable[[bytes], None] = self._read_first

    @property
    def token_ids(self) -> set[str]:
        """The tokens in use on this socket."""
        principals = [self._principal, *(channel.principal for channel in self.channels.values())]
        return {principal.token_id for principal in principals if principal and principal.token_id}

    def tick(self, now: float) -> None:
        """Once a second; raises `AuthenticationTimeout`."""
        self.connection.tick()
        if self._principal is None and now > self._deadline:
            if not any(channel.principal for channel in self.channels.values()):
                raise AuthenticationTimeout
            self._deadline = float("inf")

    # Receiver

    def on_message(self, data: bytes) -> None:
        """One binary message; raises `CrdtError` for a malformed one."""
        self._read(data)

    def drained(self) -> None:
        """Every document goes on where it stopped."""
        for channel in list(self.channels.values()):
            channel.drained()

    def keep_alive(self) -> None:
        """One document's sign of life is enough for the socket."""
        for channel in self.channels.values():
            if channel.keep_alive():
                return

    def end(self) -> None:
        """The socket is gone: every document loses this peer."""
        channels, self.channels = self.channels, {}
        for channel in channels.values():
            channel.end()

    # Frames

    def _read_first(self, data: bytes) -> None:
        if not data.startswith(YWEBSOCKET_SYNC):
            self._read = self._read_hocuspocus
        elif self._name is None:
            raise NoDocumentNamed
        else:
            self._open(ONLY_DOCUMENT, None, self._name, self._identify_socket)
            self._read = self._read_ywebsocket
        self._read(data)

    def _read_ywebsocket(self, data: bytes) -> None:
        self.channels[ONLY_DOCUMENT].handle(ywebsocket.decode(data))

    def _read_hocuspocus(self, data: bytes) -> None:
        addressed = hocuspocus.decode(data)
        address, name = addressed.address, addressed.document_name
        channel = self.channels.get(address)
        match addressed.message:
            case Pong():
                pass
            case Auth(token):
                self._open(address, address, name, lambda: self._identify(token))
            case Close():
                if channel is not None:
                    del self.channels[address]
                    channel.end()
            case message if channel is not None:
                channel.handle(message)
            case message:
                # Version 2 sends no Auth when it has no token: whoever the socket belongs to.
                self._open(address, address, name, self._identify_socket, message)

    def _open(
        self, key: bytes, address: bytes | None, name: str, identify: Identify, message: Message | None = None
    ) -> None:
        previous = self.channels.pop(key, None)
        if previous is not None:
            previous.end()
        if len(self.channels) >= self._limits.documents_per_connection:
            raise TooManyDocuments(f"One socket carries {self._limits.documents_per_connection} documents.")
        channel = self.channels[key] = self._new_channel(self.connection, self._backlog, address)
        channel.open(name, identify)
        if message is not None:
            channel.handle(message)

    async def _identify_socket(self) -> Principal:
        if self._principal is None:
            raise Unauthenticated
        return self._principal

    async def _identify(self, token: str) -> Principal:
        return await self._authentication.token(token, self._address) if token else await self._identify_socket()
