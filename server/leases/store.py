"""The port: where the leases of all projects are kept, and decided on."""

from __future__ import annotations

from typing import Protocol

from server.leases.model import Command, Reply, StoreEvent


class LeaseStore(Protocol):
    """Carries out one command at a time in each project, wholly or not at all."""

    def enter(self, term: int) -> None:
        """What was begun under the owner of another term is not gone on with: the next command finds no epoch."""

    async def call(self, project_id: str, command: Command) -> Reply:
        """Carries out `command`; raises `LeaseUnavailable` when it is not known whether that was done."""

    async def events_after(self, project_id: str, event_id: int) -> list[StoreEvent]:
        """The project's events after `event_id`, oldest first, of about the last thousand."""

    async def close(self) -> None:
        """Lets go of connections."""
