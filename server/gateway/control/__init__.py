"""The control channel: heartbeats, leases and what happens in a project, in JSON."""

from __future__ import annotations

from server.gateway.control.gateway import ControlGateway
from server.gateway.control.schema import schema_page

__all__ = ["ControlGateway", "schema_page"]
