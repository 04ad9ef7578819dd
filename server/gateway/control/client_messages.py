"""What a client says on the control channel: one model for each message.

A message may carry an `id`; the answer to it carries the same as `ref`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from server.conflicts import Strategy
from server.leases import Mode, Policy

MAX_RESOURCE, MAX_ID = 1024, 128

Reference = Annotated[str, Field(max_length=MAX_ID)] | int
ResourceId = Annotated[str, Field(max_length=MAX_RESOURCE)]
Word = Annotated[str, Field(max_length=MAX_ID)]
Topic = Literal["sessions", "leases", "conflicts", "files", "cursors", "notices"]
TOPICS: frozenset[Topic] = frozenset({"sessions", "leases", "conflicts", "files", "cursors", "notices"})


class ClientMessage(BaseModel):
    """What every message of a client may have; `session_id`, if given, has to be the socket's own."""

    model_config = ConfigDict(extra="ignore")

    id: Reference | None = None
    session_id: Word | None = None


class Ping(ClientMessage):
    """I am alive: at least every `heartbeat_s`; any other message says so too."""

    type: Literal["ping"]


class LockMessage(ClientMessage):
    """What every message about a lease names; without a `lock_type`, `resource_id` is as in `git:main`."""

    resource_id: ResourceId
    lock_type: Word | None = None


class LockRequest(LockMessage):
    """Asks for a lease, and waits in the queue for `wait_s`; the same `request_id` gets the same answer."""

    type: Literal["lock_request"]
    mode: Mode = Mode.EXCLUSIVE
    wait_s: float | None = None
    ttl_s: float | None = None
    policy: Policy | None = None
    request_id: Word = ""


class LockRelease(LockMessage):
    """Gives a lease up, or declines an offer."""

    type: Literal["lock_release"]
    fence: int


class LockRenew(LockMessage):
    """Counts `ttl_s` from now, or as long as a new lease lives."""

    type: Literal["lock_renew"]
    fence: int
    ttl_s: float | None = None


class LockCancel(LockMessage):
    """Leaves the queue, or declines an offer."""

    type: Literal["lock_cancel"]


class LockAccept(LockMessage):
    """Takes what was offered."""

    type: Literal["lock_accept"]
    fence: int


class LockAsk(LockMessage):
    """Asks whoever is in the way to release it: they are told, and decide."""

    type: Literal["lock_ask"]


class ConflictResolved(ClientMessage):
    """Says how a conflict was resolved, or with `wait_and_retry` has its session ask again."""

    type: Literal["conflict_resolved"]
    conflict_id: Word
    resolution: Annotated[str, Field(max_length=2000)] = ""
    strategy: Strategy = Strategy.MANUAL


class Cursor(ClientMessage):
    """Where I am: shown to the others who may read the file."""

    type: Literal["cursor"]
    file_path: ResourceId
    line: Annotated[int, Field(ge=0, le=1 << 31)]
    column: Annotated[int, Field(ge=0, le=1 << 31)] = 0


class Subscribe(ClientMessage):
    """From now on only these topics; what concerns one's own session is told in any case. All, to begin with."""

    type: Literal["subscribe"]
    topics: Annotated[list[Topic], Field(max_length=len(TOPICS))]


class Leave(ClientMessage):
    """Ends the session in order, with all that it holds; the socket is closed."""

    type: Literal["leave"]


class Switch(ClientMessage):
    """Goes on in another project; what is held here waits, as long as it may. A `welcome` answers."""

    type: Literal["switch"]
    project: Word
    after: int | None = None


FromClient = Annotated[
    Ping
    | LockRequest
    | LockRelease
    | LockRenew
    | LockCancel
    | LockAccept
    | LockAsk
    | ConflictResolved
    | Cursor
    | Subscribe
    | Leave
    | Switch,
    Field(discriminator="type"),
]

FROM_CLIENT: TypeAdapter[Any] = TypeAdapter(FromClient)
