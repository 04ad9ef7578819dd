"""The door for control sockets, `/control?project={slug}`: what every socket needs, the sync sockets' gateway does."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from starlette.websockets import WebSocket

from server.access import AccessPolicy, Action, Kind, Principal, Unauthenticated
from server.conflicts import ConflictService
from server.files import ProjectGate
from server.gateway.connection import SyncConnection
from server.gateway.control.announcer import Announcer
from server.gateway.control.desk import ControlDesk
from server.gateway.control.errors import NoProjectNamed, ProjectGone, SessionOver, Silent, TakenOver
from server.gateway.control.hub import ControlHub
from server.gateway.control.socket import ControlSocket
from server.gateway.errors import Draining
from server.gateway.gateway import SyncGateway, accept
from server.gateway.seats import Seats
from server.kit.clock import Clock
from server.kit.errors import AtriumError
from server.leases import LeaseService
from server.sessions import EndReason, SessionEnded, SessionService, SessionTakenOver
from server.settings import Limits

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from server.gateway.control.relay import ControlRelay

MESSAGE_BYTES = 64 << 10
OUTBOX_BYTES, HIGH_WATER_BYTES = 1 << 20, 64 << 10
MAX_NAME = 64
EVENT_ID = re.compile(r"[0-9]{1,16}", re.ASCII)
ENDS: dict[str, type[AtriumError]] = {
    EndReason.EXPIRED: Silent,
    EndReason.PROJECT_DELETED: ProjectGone,
    EndReason.MOVED: Draining,
}


class ControlGateway:
    """All control sockets of this process."""

    def __init__(
        self,
        gateway: SyncGateway,
        clock: Clock,
        *,
        gate: ProjectGate,
        policy: AccessPolicy,
        leases: LeaseService,
        sessions: SessionService,
        conflicts: ConflictService,
        limits: Limits,
    ) -> None:
        self._gateway, self._gate, self._policy, self._sessions = gateway, gate, policy, sessions
        self._limits = limits.model_copy(
            update={
                "frame_bytes": MESSAGE_BYTES,
                "outbox_bytes": OUTBOX_BYTES,
                "outbox_high_water_bytes": HIGH_WATER_BYTES,
            }
        )
        self.hub = ControlHub(clock)
        self._new_socket = partial(
            ControlSocket,
            authentication=gateway.authentication,
            gate=gate,
            sessions=sessions,
            desk=ControlDesk(leases, conflicts, policy, self.hub),
            hub=self.hub,
        )
        self._sockets: set[ControlSocket] = set()
        self.announcer = Announcer(self.hub)

    def join_nodes(self, redis: Redis, node: str) -> ControlRelay:
        """From now on what happens at one node is told at all that share this Redis, until the relay is stopped."""
        from server.gateway.control.relay import ControlRelay  # it imports redis-py

        relay = ControlRelay(redis, self.hub, node)
        relay.start()
        return relay

    async def serve(self, websocket: WebSocket) -> None:
        """The ASGI endpoint."""
        await self._gateway.admit(websocket, self._serve, self._limits)

    async def _serve(
        self, websocket: WebSocket, connection: SyncConnection, seats: Seats, principal: Principal | None
    ) -> None:
        if principal is None:
            raise Unauthenticated
        query = websocket.query_params
        slug, resume, after = query.get("project"), query.get("resume"), _event_id(query.get("after", ""))
        kind, name = _kind(query.get("kind", ""), principal), _name(query.get("name", ""))
        if not slug:
            raise NoProjectNamed
        seats.take_user(principal)
        visit = await self._gate.enter(slug, principal)
        await visit.require(Action.READ, "")
        seats.take_project(visit.project.id)
        socket = self._new_socket(connection, principal, seats, visit)
        await accept(websocket)
        connection.listen(socket)
        with self._gateway.holding(socket):
            self._sockets.add(socket)
            try:
                connected = await self._sessions.connect(
                    principal, visit.project.id, kind=kind, name=name, resume=resume
                )
                await socket.run(websocket, connected, after)
            finally:
                self._sockets.discard(socket)

    # Sessions that end while their socket is open

    def on_session_taken_over(self, event: SessionTakenOver) -> None:
        """Closes the connection that another goes on with."""
        for socket in list(self._sockets):
            if socket.is_connection(event.session.id, event.connection):
                socket.close(TakenOver())

    def on_session_ended(self, event: SessionEnded) -> None:
        """Closes the socket of a session that is over."""
        if event.reason == EndReason.ACCESS:  # the socket closes by itself, and says what is lost
            return
        for socket in list(self._sockets):
            if socket.is_of(event.session.id):
                socket.close(ENDS.get(event.reason, SessionOver)())


def _kind(asked: str, principal: Principal) -> Kind:
    """What acts: a person may say that it is a terminal."""
    return Kind.TERMINAL if asked == Kind.TERMINAL and principal.kind is Kind.PERSON else principal.kind


def _name(asked: str) -> str:
    return "".join(filter(str.isprintable, asked))[:MAX_NAME]


def _event_id(asked: str) -> int | None:
    return int(asked) if EVENT_ID.fullmatch(asked) else None
