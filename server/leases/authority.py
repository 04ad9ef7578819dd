"""Who gives out leases: the store that nodes share, or one node that an administrator has named in its place.

An epoch begins whenever the store in charge knows of none: it is new, has lost its data, was restarted, or the owner
changed. Its number comes from SQL, so no fence is ever given out twice; what a lost store had given out may still be
in use, so nothing is granted for `REOPEN_MS`: time enough for every node to notice, and to tell its holders.
"""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from server.kit.clock import Clock
from server.kit.database import Database
from server.leases import epochs
from server.leases.epochs import FIRST_EPOCH, Owner
from server.leases.errors import LeaseUnavailable, OwnerChanged, TakenOver
from server.leases.model import Command, InitEpoch, Reply, Status, StoreEvent
from server.leases.resource import ROOTS
from server.leases.store import LeaseStore

REOPEN_MS = 3_000
OWNER_FRESH_S = 1.0


class LeaseAuthority:
    """Sends commands to the store in charge.

    `own` is this node's memory, for when it takes over; None if there is no other node, and `shared` is memory itself.
    """

    def __init__(
        self, database: Database, clock: Clock, node: str, shared: LeaseStore, own: LeaseStore | None = None
    ) -> None:
        self.node = node
        self._database = database
        self._clock = clock
        self._shared = shared
        self._own = own
        self._owner = Owner("", 0)
        self._fresh_until = float("-inf")
        self._beginning = asyncio.Lock()

    async def call(self, project_id: str, command: Command) -> Reply:
        """Carries out `command`; raises `LeaseUnavailable`, `TakenOver`."""
        reply = await (await self._in_charge()).call(project_id, command)
        if reply.status is Status.EPOCH:
            async with self._beginning:  # one at a time: whoever comes second finds it done
                reply = await self._call_in_new_epoch(project_id, command)
        return reply

    async def events_after(self, project_id: str, event_id: int) -> list[StoreEvent]:
        """The project's events after `event_id`, as far as they are remembered; raises as `call` does."""
        return await (await self._in_charge()).events_after(project_id, event_id)

    async def owner(self) -> Owner:
        """Who gives out leases now; raises `LeaseUnavailable` when SQL cannot say."""
        if self._own is not None and self._clock.monotonic() >= self._fresh_until:
            await self._look_up_owner()
        return self._owner

    async def take_over(self) -> Owner:
        """Makes this node the owner, its memory the store; raises `OwnerChanged` if another was quicker."""
        return await self._change_owner(self.node)

    async def give_back(self) -> Owner:
        """Lets the shared store give out leases again; raises `OwnerChanged`."""
        return await self._change_owner("")

    async def close(self) -> None:
        """Closes the stores."""
        for store in (self._shared, self._own):
            if store is not None:
                await store.close()

    async def _change_owner(self, node: str) -> Owner:
        if self._own is None:
            raise OwnerChanged("This node shares its leases with nobody; there is nothing to take over.")
        await self._look_up_owner()
        seen = self._owner
        if seen.node == node:
            raise OwnerChanged("It is like that already.")
        self._fresh_until = float("-inf")
        self._enter(await self._database.write(lambda session: epochs.change_owner(session, node, seen)))
        return self._owner

    async def _in_charge(self) -> LeaseStore:
        owner = await self.owner()
        if not owner.node:
            return self._shared
        if owner.node != self.node or self._own is None:
            raise TakenOver
        return self._own

    async def _look_up_owner(self) -> None:
        asked = self._clock.monotonic()
        try:
            self._enter(await self._database.read(epochs.owner))
        except SQLAlchemyError as error:
            raise LeaseUnavailable from error
        self._fresh_until = asked + OWNER_FRESH_S

    def _enter(self, owner: Owner) -> None:
        self._owner = owner
        for store in (self._shared, self._own):
            if store is not None:
                store.enter(owner.term)

    async def _call_in_new_epoch(self, project_id: str, command: Command) -> Reply:
        self._fresh_until = float("-inf")
        store = await self._in_charge()
        reply = await store.call(project_id, command)
        if reply.status is Status.EPOCH:
            epoch = await self._next_epoch(project_id, reply.epoch)
            await store.call(project_id, InitEpoch(epoch, 0 if epoch == FIRST_EPOCH else REOPEN_MS, ROOTS))
            reply = await store.call(project_id, command)
        if reply.status is Status.EPOCH:
            raise LeaseUnavailable
        return reply

    async def _next_epoch(self, project_id: str, above: int) -> int:
        try:
            return await self._database.write(lambda session: epochs.next_epoch(session, project_id, above))
        except SQLAlchemyError as error:
            raise LeaseUnavailable from error
