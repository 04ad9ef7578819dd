"""The audit log: who did what, and the proof that nobody has changed it since."""

from __future__ import annotations

from server.activity.answers import AnswersWhenRecorded
from server.activity.commands import recording
from server.activity.errors import ChainBroken, NotRecorded
from server.activity.recorder import Recorder
from server.activity.routes import routes
from server.activity.service import ActivityService

__all__ = [
    "ActivityService",
    "AnswersWhenRecorded",
    "ChainBroken",
    "NotRecorded",
    "Recorder",
    "recording",
    "routes",
]
