"""The live document of each project: who is here, what is held, what is in the way, for every Yjs client to read."""

from __future__ import annotations

from server.live.writer import LiveWriter

__all__ = ["LiveWriter"]
