"""One control socket: somebody's session in one project at a time, and their rights there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from starlette.websockets import WebSocket

from server.access import Action, Forbidden, Principal
from server.files import ProjectGate, Visit
from server.gateway.authentication import SocketAuthentication
from server.gateway.connection import SyncConnection
from server.gateway.control.answers import error_message, user_out
from server.gateway.control.client_messages import TOPICS, ClientMessage, Leave, Switch, Topic
from server.gateway.control.desk import ControlDesk
from server.gateway.control.errors import ForeignSession, UnsupportedData
from server.gateway.control.hub import About, ControlHub
from server.gateway.control.messages import Left, ServerMessage, Welcome
from server.gateway.control.parse import parse, reference
from server.gateway.errors import SignInEnded
from server.gateway.seats import Seats
from server.kit.errors import AtriumError, Unavailable
from server.sessions import Connected, LiveSession, SessionService

logger = logging.getLogger(__name__)

NORMAL = 1000
ITSELF = b""


class ControlSocket:
    """Reads messages one after the other, each answered before the next is read; tells what happens meanwhile."""

    __slots__ = (
        "_authentication",
        "_changes",
        "_connected",
        "_desk",
        "_ended",
        "_gate",
        "_hub",
        "_seats",
        "_sessions",
        "answering",
        "connection",
        "principal",
        "topics",
        "visit",
    )

    def __init__(
        self,
        connection: SyncConnection,
        principal: Principal,
        seats: Seats,
        visit: Visit,
        *,
        authentication: SocketAuthentication,
        gate: ProjectGate,
        sessions: SessionService,
        desk: ControlDesk,
        hub: ControlHub,
    ) -> None:
        self.connection, self.principal, self.visit = connection, principal, visit
        self.topics: frozenset[Topic] = TOPICS
        self.answering: tuple[str, str] | None = None
        self._seats = seats
        self._authentication, self._gate, self._sessions = authentication, gate, sessions
        self._desk, self._hub = desk, hub
        self._connected: Connected | None = None
        self._changes = 0
        self._ended = False

    # From the welcome to the end

    async def run(self, websocket: WebSocket, connected: Connected, after: int | None) -> None:
        """Serves the session until the socket is closed."""
        try:
            self._enter(connected, after)
            await self.recheck()  # what has changed while it was let in
            while not self._ended:
                message = await websocket.receive()
                if self._ended or message["type"] == "websocket.disconnect":
                    break
                await self._hear(message["text"])
        finally:
            self.end()
            if self._connected is not None:
                await self._sessions.disconnect(self.session_id, self._connected.connection)

    def _enter(self, connected: Connected, after: int | None, ref: str | int | None = None) -> None:
        self._connected = connected
        missed, times = self._hub.join(self, after), self._sessions.times
        self.say(
            Welcome(
                ref=ref,
                event_id=missed.newest,
                session_id=self.session_id,
                role=self.session.role,
                resume_token=connected.resume_token,
                heartbeat_s=times.heartbeat_s,
                silent_s=times.silent_s,
                window_s=times.window_s,
                resumed=connected.resumed,
                project=self.visit.project.slug,
                user=user_out(self.session),
                kind=self.session.kind,
                gap=missed.gap,
            )
        )
        for frame in missed.frames:
            self.write(frame)

    @property
    def session(self) -> LiveSession:
        """The session that the socket is for."""
        assert self._connected is not None, "nobody acts before the welcome"
        return self._connected.session

    @property
    def session_id(self) -> str:
        return self.session.id

    @property
    def project_id(self) -> str:
        return self.visit.project.id

    def is_connection(self, session_id: str, number: int) -> bool:
        """Whether the socket is this connection of this session."""
        connected = self._connected
        return connected is not None and (connected.session.id, connected.connection) == (session_id, number)

    def is_of(self, session_id: str) -> bool:
        """Whether the socket is for this session."""
        return self._connected is not None and self._connected.session.id == session_id

    def close(self, error: AtriumError) -> None:
        """Closes the socket, and says why."""
        self.connection.close(error.close_code, error.detail)

    # Messages

    async def _hear(self, text: str) -> None:
        """Answers one message; whatever is wrong with it, or goes wrong, is told to its sender alone."""
        self._sessions.beat(self.session_id)
        ref: str | int | None = None
        try:
            message = parse(text)
            ref = message.id
            answer = await self._answer(message)
        except AtriumError as error:
            answer = error_message(error)
            ref = ref if ref is not None else reference(text)
        except Exception:  # an edge: a fault in answering one message is not to end the session
            logger.exception("control.failed")
            answer = error_message(AtriumError("The server failed to answer; the fault is in its log."))
        if answer is not None:
            answer.ref = ref
            self.say(answer)
        if isinstance(answer, Left):
            self.connection.close(NORMAL, "The session is over.")

    async def _answer(self, message: ClientMessage) -> ServerMessage | None:
        if message.session_id not in (None, self.session_id):
            raise ForeignSession
        if isinstance(message, Leave):
            await self._leave()
            return Left()
        if isinstance(message, Switch):
            await self._switch(message)
            return None
        return await self._desk.answer(self, message)

    async def _leave(self) -> None:
        id, self._connected = self.session_id, None
        self._hub.leave(self)
        self._ended = True
        await self._sessions.end(id, by=self.principal)

    async def _switch(self, message: Switch) -> None:
        """Goes on in another project; the welcome there is the answer."""
        visit = await self._gate.enter(message.project, self.principal)
        self._seats.take_project(visit.project.id)
        try:
            connected = await self._sessions.switch(self.session_id, visit.project.id)
        except AtriumError:
            self._seats.leave_project(visit.project.id)
            raise
        self._hub.leave(self)
        self._seats.leave_project(self.project_id)
        self.visit = visit
        self._enter(connected, message.after, message.id)

    def say(self, message: ServerMessage) -> None:
        """Tells the client alone."""
        self.write(message.frame())

    # Member

    def hears(self, about: About) -> bool:
        """What concerns one's own session, but for what an answer says; and what one may know and wants to."""
        if about.session_id == self.session_id:
            return about.answered is None or about.answered != self.answering
        return about.topic in self.topics and (about.path is None or self.visit.sees(about.path))

    def write(self, frame: bytes) -> None:
        self.connection.write(frame)

    def write_in_passing(self, frame: bytes) -> None:
        if not self.connection.congested:
            self.connection.write(frame)

    # Receiver

    def on_message(self, _data: bytes) -> None:
        """A binary message is none of ours."""
        raise UnsupportedData

    def drained(self) -> None:
        """Nothing waits for it."""

    def keep_alive(self) -> None:
        """The pings of WebSocket do that."""

    def end(self) -> None:
        """The socket is gone, or is being closed."""
        self._ended = True
        if self._connected is not None:
            self._hub.leave(self)

    # What the gateway asks of every socket

    @property
    def token_ids(self) -> set[str]:
        """The token in use on this socket."""
        return {self.principal.token_id} if self.principal.token_id else set()

    @property
    def channels(self) -> Mapping[bytes, ControlSocket]:
        """What may be lost when rights change: all of it at once."""
        return {ITSELF: self}

    def tick(self, _now: float) -> None:
        """Once a second."""
        self.connection.tick()

    def concerns(self, project_id: str | None, principal_id: str | None) -> bool:
        """Whether these are rights of that principal in that project; None stands for all."""
        return project_id in (None, self.project_id) and principal_id in (None, self.principal.id)

    def is_due(self, now: datetime) -> bool:
        """Whether the time has come when the rights may be others, without any change of the policy."""
        until = self.visit.can.valid_until
        return until is not None and until <= now

    def access_changed(self) -> None:
        """Rights are others than a moment ago: what is being asked right now is asked again."""
        self._changes += 1

    async def recheck(self) -> None:
        """Closes the socket when the project may not be read any more."""
        try:
            lost = await self._lost()
        except Exception:  # an edge: who may not be asked about may not stay
            logger.exception("access.not_rechecked")
            lost = Unavailable("Your access cannot be checked right now; connect again.")
        if lost is not None and not self._ended:
            self.close(lost)

    async def _lost(self) -> AtriumError | None:
        while True:
            changes, project = self._changes, self.visit.project
            visit = await self._gate.again(project, self.principal)
            if changes == self._changes and project is self.visit.project:
                break
        self.visit = visit
        if visit.can.allows(Action.READ):
            return None
        ended = await self._authentication.has_ended(self.principal)
        return SignInEnded() if ended else Forbidden("You may no longer see this project.")
