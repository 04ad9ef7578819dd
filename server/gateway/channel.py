"""One document on one socket, from the request to open it to its end; the same for both dialects."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from crdt_docs.protocol import (
    Awareness,
    Message,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    VersionEcho,
    hocuspocus,
    messages,
    ywebsocket,
)
from server.access import Principal, resource_of
from server.files import DocumentResolver, Resolved
from server.gateway.authentication import SocketAuthentication
from server.gateway.budget import Backlog, Budget
from server.gateway.connection import SyncConnection
from server.gateway.errors import AskedTooOften
from server.gateway.rights import LiveRights
from server.gateway.seats import Seats
from server.kit.errors import AtriumError, Unavailable
from server.kit.logs import bind
from server.rooms import Dialect, Onlooker, Room, RoomRegistry, frame
from server.settings import Limits

logger = logging.getLogger(__name__)

INTERNAL_ERROR = AtriumError.close_code


class Channel:
    """Queues what the client pipelines while the document is opened, then hands it to the room."""

    __slots__ = (
        "_access_changes",
        "_address",
        "_authentication",
        "_backlog",
        "_connection",
        "_deaf",
        "_limits",
        "_name",
        "_opening",
        "_peer",
        "_queue",
        "_resolver",
        "_rights",
        "_room",
        "_rooms",
        "_seated_in",
        "_seats",
        "_states",
        "principal",
    )

    def __init__(
        self,
        connection: SyncConnection,
        backlog: Backlog,
        *,
        authentication: SocketAuthentication,
        resolver: DocumentResolver,
        rooms: RoomRegistry,
        seats: Seats,
        limits: Limits,
        address: bytes | None,
    ) -> None:
        """`address` is what stands before each Hocuspocus message; None speaks y-websocket."""
        self.principal: Principal | None = None
        self._connection = connection
        self._backlog = backlog
        self._authentication = authentication
        self._resolver, self._rooms, self._seats, self._limits = resolver, rooms, seats, limits
        self._address = address
        self._name = ""
        self._queue: list[Message] = []
        self._deaf = False
        self._opening: asyncio.Task[None] | None = None
        self._rights: LiveRights | None = None
        self._seated_in: str | None = None
        self._access_changes = 0
        self._room: Room | None = None
        self._peer: Onlooker | None = None
        self._states = Budget(limits.step1_per_s, limits.step1_burst, asyncio.get_running_loop().time())

    def open(self, name: str, identify: Callable[[], Awaitable[Principal]]) -> None:
        """Starts to open the document for whom `identify` says; refused aloud when it may not be."""
        self._name = name
        self._opening = asyncio.create_task(self._open(identify))

    async def _open(self, identify: Callable[[], Awaitable[Principal]]) -> None:
        bind(document=self._name)
        try:
            async with asyncio.timeout(self._limits.authentication_s):
                self.principal = await identify()
            self._seats.take_user(self.principal)
            room, resolved = await self._pin(self.principal)
        except AtriumError as error:
            self._refuse(error)
        except TimeoutError:
            self._refuse(Unavailable("Authentication took too long; try again."))
        except Exception:  # an edge: the client must not wait for ever for a document that nobody opens
            logger.exception("document.not_opened")
            self._refuse(Unavailable("The document could not be opened; try again."))
        else:
            self._join(room, self.principal, resolved)
            resolved.visit.did("document.opened", resource_of(resolved.name))
        finally:
            self._opening = None

    async def _pin(self, principal: Principal) -> tuple[Room, Resolved]:
        """The open room; asked for again when access has changed while it was looked up and loaded."""
        while True:
            changes = self._access_changes
            resolved = await self._resolver.open(self._name, principal, create=True)
            self._sit_down(resolved.project.id)
            room = await self._rooms.pin(resolved.record.id)
            if changes == self._access_changes:
                return room, resolved
            room.unpin()

    def _join(self, room: Room, principal: Principal, resolved: Resolved) -> None:
        self._room = room
        self._rights = rights = LiveRights(resolved, principal, self._resolver, self._authentication)
        self._peer = peer = Onlooker(
            self._connection,
            sees=rights.sees,
            author=principal.id,
            user={"id": principal.id, "name": principal.name, "hue": principal.hue, "kind": str(principal.kind)},
            writable=resolved.writable,
            dialect=Dialect.Y_WEBSOCKET if self._address is None else Dialect.HOCUSPOCUS,
            address=self._address,
        )
        room.join(peer)
        if peer.dialect is Dialect.HOCUSPOCUS:
            peer.send(hocuspocus.authenticated(read_only=not resolved.writable))
        for message in self._take_queue():
            self._connection.guard(self.handle, message)

    def _refuse(self, error: AtriumError) -> None:
        """Says why, and takes no more of what the client has pipelined until it authenticates again."""
        self._deaf = True
        self._take_queue()
        self._stand_up()
        logger.info("document.refused", extra={"code": error.code})
        if error.retryable or error.close_code == INTERNAL_ERROR:
            self._connection.close(error.close_code, error.detail)
        elif self._address is None:
            self._connection.write(frame(messages.permission_denied(error.detail)))
            self._connection.close(error.close_code, error.detail)
        else:
            self._connection.write(frame(hocuspocus.prefix(self._address) + hocuspocus.denied(error.detail)))

    # Messages

    def handle(self, message: Message) -> None:
        """Takes one decoded message, in order; raises `CrdtError` and `AtriumError` for what ends the socket."""
        if self._deaf:
            return
        room, peer = self._room, self._peer
        if room is None or peer is None:
            self._backlog.take(message)
            self._queue.append(message)
            return
        match message:
            case Update(update):
                room.receive_update(peer, update)
            case Awareness(payload):
                room.receive_awareness(peer, payload)
            case SyncStep2(update):
                room.receive_step2(peer, update)
            case SyncStep1(state_vector):
                if not self._may_ask():
                    raise AskedTooOften
                room.sync_step1(peer, state_vector)
            case QueryAwareness():
                if self._may_ask():  # the answer is as large as the room; presence is told on every change anyway
                    room.send_presence(peer)
            case VersionEcho(payload):
                room.echo_version(peer, payload)
            case _:  # Stateless, BroadcastStateless and Pong mean nothing here
                pass

    def _may_ask(self) -> bool:
        self._states.refill(asyncio.get_running_loop().time())
        return self._states.spend(1)

    def _take_queue(self) -> list[Message]:
        queue, self._queue = self._queue, []
        self._backlog.give_back(queue)
        return queue

    def _sit_down(self, project_id: str) -> None:
        if self._seated_in is None:
            self._seats.take_project(project_id)
            self._seated_in = project_id

    def _stand_up(self) -> None:
        if self._seated_in is not None:
            self._seats.leave_project(self._seated_in)
            self._seated_in = None

    # Access

    def concerns(self, project_id: str | None, principal_id: str | None) -> bool:
        """Whether this is an open document of that project and that principal; None stands for all."""
        return self._rights is not None and self._rights.concerns(project_id, principal_id)

    def is_due(self, now: datetime) -> bool:
        """Whether the time has come when the rights may be others, without any change of the policy."""
        return self._rights is not None and self._rights.is_due(now)

    def access_changed(self) -> None:
        """Rights are others than a moment ago: what is being looked up right now is looked up again."""
        self._access_changes += 1
        if self._rights is not None:
            self._rights.changed()

    async def recheck(self) -> None:
        """Closes the socket when the right to this document has changed."""
        rights = self._rights
        lost = None if rights is None else await rights.lost()
        if rights is None or self._peer is None:  # closed while this was asked
            return
        if lost is None:
            self._peer.sees = rights.sees
        else:
            self._connection.close(lost.close_code, lost.detail)

    # Calls of the connection

    def keep_alive(self) -> bool:
        """Sends presence of nobody, which every client takes as a sign of life; False when not yet open."""
        if self._peer is None:
            return False
        self._peer.send(ywebsocket.KEEPALIVE)
        return True

    def drained(self) -> None:
        """The socket takes bytes again."""
        if self._room is not None and self._peer is not None:
            self._room.drained(self._peer)

    def end(self) -> None:
        """The client or the socket is gone."""
        self._deaf = True
        if self._opening is not None and self._opening is not asyncio.current_task():
            self._opening.cancel()
        if self._room is not None and self._peer is not None:
            self._room.leave(self._peer)
        self._room = self._peer = self._rights = None
        self._take_queue()
        self._stand_up()
