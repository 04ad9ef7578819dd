"""Projects: their names and addresses, and who is a member."""

from __future__ import annotations

from server.projects.errors import SlugTaken
from server.projects.events import ProjectDeleted
from server.projects.model import Project
from server.projects.routes import routes
from server.projects.service import ProjectService

__all__ = ["Project", "ProjectDeleted", "ProjectService", "SlugTaken", "routes"]
