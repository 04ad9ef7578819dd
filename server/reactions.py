"""Who reacts to what: the one page that says which handler follows which event."""

from __future__ import annotations

from server.access import AccessChanged, TokenRevoked
from server.activity import Recorder
from server.documents import DocumentRemoved
from server.files import FilesMoved
from server.gateway import SyncGateway
from server.kit.audit import Act
from server.kit.events import EventBus
from server.projects import ProjectDeleted
from server.rooms import RoomRegistry


def connect(events: EventBus, *, rooms: RoomRegistry, gateway: SyncGateway, recorder: Recorder) -> None:
    """Subscribes every handler."""
    events.subscribe(Act, recorder.record)
    events.subscribe(TokenRevoked, gateway.on_token_revoked)
    events.subscribe(AccessChanged, gateway.on_access_changed)
    events.subscribe(FilesMoved, gateway.on_files_moved)
    events.subscribe(DocumentRemoved, lambda event: rooms.drop(event.document_id))
    events.subscribe(ProjectDeleted, lambda event: rooms.drop_project(event.project_id))
