from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from server.kit.ids import uuid7
from tests.support.lease_node import A, B, LeaseNode, open_lease_node
from tests.support.redis import RedisServer


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[LeaseNode]:
    """A node that shares its leases with nobody."""
    async with open_lease_node(f"sqlite:///{tmp_path / 'atrium.db'}") as node:
        yield node


@pytest.fixture
async def nodes(redis_servers: Mapping[str, RedisServer], tmp_path: Path) -> AsyncIterator[list[LeaseNode]]:
    """Two nodes that share a database and a Redis, each with one session in the same project."""
    server, url, project = redis_servers["redis-6.2"], f"sqlite:///{tmp_path / 'atrium.db'}", uuid7()
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(open_lease_node(url, redis_url=server.url, name=name, project=project))
            for name in ("one", "two")
        ]
        for node, session in zip(nodes, (A, B), strict=True):
            await node.leases.open(project, session, session)
        yield nodes
