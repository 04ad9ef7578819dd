"""A process that holds a lease and writes under it whenever it is asked, until it is killed or frozen."""

from __future__ import annotations

import asyncio
import sys

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, update

from server.kit.clock import SystemClock
from server.leases import Fenced, guarded_update
from tests.support.lease_contest import RULES
from tests.support.lease_node import MAIN, LeaseNode, open_lease_node

METADATA = MetaData()
BRANCH = Table("branch", METADATA, Column("id", Integer, primary_key=True), Column("last_fence", BigInteger))
SESSION, WINDOW_S = "holder", 1.0


async def main(database_url: str, redis_url: str, project: str) -> None:
    """Prints its fence, then for each line it reads how its write came out."""
    async with open_lease_node(
        database_url, redis_url=redis_url, clock=SystemClock(), rules=RULES, project=project
    ) as node:
        node.leases.start()
        await node.leases.open(project, SESSION, "user", window_s=WINDOW_S, grace_s=WINDOW_S)
        beating = asyncio.create_task(beat(node))
        lease = await node.leases.obtain(project, SESSION, MAIN)
        print(lease.fence, flush=True)
        statement = update(BRANCH).where(BRANCH.c.id == 1)
        while await asyncio.to_thread(sys.stdin.readline):
            try:
                await node.database.write(
                    lambda session: guarded_update(session, statement, BRANCH.c.last_fence, lease.fence)
                )
                print("written", flush=True)
            except Fenced:
                print("fenced", flush=True)
        beating.cancel()


async def beat(node: LeaseNode) -> None:
    """Heartbeats, as long as the process runs."""
    while True:
        node.leases.beat(node.project, SESSION)
        await asyncio.sleep(WINDOW_S / 5)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
