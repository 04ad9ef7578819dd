"""What the server says on the control channel: one model for each message.

An answer carries the `id` of what it answers as `ref`. What happened in the project carries an `event_id`, which grows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from server.access import Kind
from server.conflicts import ConflictState, ConflictType
from server.gateway.control.client_messages import Reference
from server.leases import Mode
from server.rooms import frame
from server.sessions import SessionRole

TEXT_FRAME = b"\x81"


class ServerMessage(BaseModel):
    """What every message of the server may have."""

    ref: Reference | None = None
    event_id: int | None = None

    def frame(self) -> bytes:
        """The message as one WebSocket text frame (RFC 6455, section 5.2)."""
        return TEXT_FRAME + frame(self.model_dump_json(exclude_none=True).encode())[1:]


class UserOut(BaseModel):
    """Somebody, as others see them."""

    id: str
    name: str
    hue: int


class Welcome(ServerMessage):
    """The first message: be heard of every `heartbeat_s`.

    After `silent_s` others get what they want from you, after `window_s` the session is over.

    `event_id` is the newest event of the project: give the newest one you know as `?after=` when you come back. With
    `gap`, some in between are not known any more: look at everything anew.
    """

    type: Literal["welcome"] = "welcome"
    session_id: str
    role: SessionRole
    resume_token: str
    heartbeat_s: float
    silent_s: float
    window_s: float
    resumed: bool
    project: str
    user: UserOut
    kind: Kind
    gap: bool


class Pong(ServerMessage):
    """The server is alive."""

    type: Literal["pong"] = "pong"


class Subscribed(ServerMessage):
    """The topics that are told from now on."""

    type: Literal["subscribed"] = "subscribed"
    topics: list[str]


class Left(ServerMessage):
    """The session is over."""

    type: Literal["left"] = "left"


class SessionMessage(ServerMessage):
    """A session, as others see it."""

    session_id: str
    user: UserOut
    kind: Kind
    name: str
    role: SessionRole
    state: str
    since: datetime


class SessionConnectedMessage(SessionMessage):
    """A session is there; `resumed` if it is back."""

    type: Literal["session_connected"] = "session_connected"
    resumed: bool


class SessionDisconnectedMessage(SessionMessage):
    """A session is not heard of; it may come back `until` then."""

    type: Literal["session_disconnected"] = "session_disconnected"
    until: datetime | None = None


class SessionRoleChangedMessage(SessionMessage):
    """A session is primary now, or secondary."""

    type: Literal["session_role_changed"] = "session_role_changed"


class SessionEndedMessage(SessionMessage):
    """A session is over."""

    type: Literal["session_ended"] = "session_ended"
    reason: str


class LockEvent(ServerMessage):
    """A lease, and the session that has it, waits for it or had it."""

    session_id: str
    user_name: str
    lock_type: str
    resource_id: str
    mode: Mode | None = None


class LockAcquired(LockEvent):
    """The session has the lease."""

    type: Literal["lock_acquired"] = "lock_acquired"
    fence: int
    expires_at: datetime
    request_id: str | None = None


class LockRenewed(LockEvent):
    """The lease lives longer."""

    type: Literal["lock_renewed"] = "lock_renewed"
    fence: int
    expires_at: datetime


class LockQueued(LockEvent):
    """The session waits; in the answer with its `position` (1 is next) and whom it waits for."""

    type: Literal["lock_queued"] = "lock_queued"
    position: int | None = None
    until: datetime | None = None
    waits_for: list[str] | None = None
    request_id: str | None = None


class LockOffered(LockEvent):
    """It is the session's turn; it has to accept by then."""

    type: Literal["lock_offered"] = "lock_offered"
    fence: int
    accept_by: datetime
    request_id: str | None = None


class LockRefused(LockEvent):
    """A request came to nothing; as an answer with the members of an `error`."""

    type: Literal["lock_refused"] = "lock_refused"
    reason: str
    request_id: str | None = None
    waits_for: list[str] | None = None
    cycle: list[str] | None = None
    code: str | None = None
    message: str | None = None
    retryable: bool | None = None


class LockCancelled(LockEvent):
    """The session waits no more."""

    type: Literal["lock_cancelled"] = "lock_cancelled"


class LockReleased(LockEvent):
    """The holder gave it up; in the answer, `held` says that it has it still, since it took it more than once."""

    type: Literal["lock_released"] = "lock_released"
    fence: int
    reason: str | None = None
    held: bool | None = None


class LockAsked(LockEvent):
    """The session would like to have what these `sessions` hold."""

    type: Literal["lock_asked"] = "lock_asked"
    sessions: list[str]


class LockExpired(LockEvent):
    """The lease ended without its holder's doing."""

    type: Literal["lock_expired"] = "lock_expired"
    fence: int
    reason: str


class LockStolen(LockEvent):
    """An administrator took it away."""

    type: Literal["lock_stolen"] = "lock_stolen"
    fence: int
    reason: str


class FileChanged(ServerMessage):
    """The file tree is another: files were moved or renamed."""

    type: Literal["file_changed"] = "file_changed"
    change_type: Literal["moved"] = "moved"


class ConflictMessage(ServerMessage):
    """Two want what only one can have; `sessions` are those of both sides."""

    conflict_id: str
    conflict_type: ConflictType
    resource: str
    sessions: list[str]
    state: ConflictState
    reason: str
    resolution: str | None = None


class ConflictDetectedMessage(ConflictMessage):
    """There is a new conflict."""

    type: Literal["conflict_detected"] = "conflict_detected"


class ConflictUpdatedMessage(ConflictMessage):
    """What has become of a conflict."""

    type: Literal["conflict_updated"] = "conflict_updated"


class CursorMoved(ServerMessage):
    """Where somebody is."""

    type: Literal["cursor"] = "cursor"
    session_id: str
    user: UserOut
    kind: Kind
    file_path: str
    line: int
    column: int


class Notice(ServerMessage):
    """Something that everybody should know."""

    type: Literal["notice"] = "notice"
    code: str
    message: str


class Error(ServerMessage):
    """A message was refused; `code` is for programs, `retryable` says that the same may succeed later."""

    type: Literal["error"] = "error"
    code: str
    message: str
    retryable: bool
    errors: list[dict[str, Any]] | None = None


FromServer = Annotated[
    Welcome
    | Pong
    | Subscribed
    | Left
    | SessionConnectedMessage
    | SessionDisconnectedMessage
    | SessionRoleChangedMessage
    | SessionEndedMessage
    | LockAcquired
    | LockRenewed
    | LockQueued
    | LockOffered
    | LockRefused
    | LockCancelled
    | LockReleased
    | LockAsked
    | LockExpired
    | LockStolen
    | FileChanged
    | ConflictDetectedMessage
    | ConflictUpdatedMessage
    | CursorMoved
    | Notice
    | Error,
    Field(discriminator="type"),
]

FROM_SERVER: TypeAdapter[Any] = TypeAdapter(FromServer)
