"""Live documents and their peers."""

from server.rooms.admission import RoomLimits
from server.rooms.errors import DocumentGone, RoomBroken, UpdateGap, UpdateRefused
from server.rooms.outbox import Link, frame
from server.rooms.peer import Dialect, Peer
from server.rooms.presence import Onlooker
from server.rooms.registry import RegistryLimits, RoomRegistry
from server.rooms.room import Room

__all__ = [
    "Dialect",
    "DocumentGone",
    "Link",
    "Onlooker",
    "Peer",
    "RegistryLimits",
    "Room",
    "RoomBroken",
    "RoomLimits",
    "RoomRegistry",
    "UpdateGap",
    "UpdateRefused",
    "frame",
]
