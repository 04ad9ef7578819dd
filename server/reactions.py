"""Who reacts to what: the one page that says which handler follows which event."""

from __future__ import annotations

from server.access import AccessChanged, TokenRevoked
from server.documents import DocumentRemoved
from server.gateway import SyncGateway
from server.kit.events import EventBus
from server.projects import ProjectDeleted
from server.rooms import RoomRegistry


def connect(events: EventBus, *, rooms: RoomRegistry, gateway: SyncGateway) -> None:
    """Subscribes every handler."""
    events.subscribe(TokenRevoked, gateway.on_token_revoked)
    events.subscribe(AccessChanged, gateway.on_access_changed)
    events.subscribe(DocumentRemoved, lambda event: rooms.drop(event.document_id))
    events.subscribe(ProjectDeleted, lambda event: rooms.drop_project(event.project_id))
