from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from server.kit.clock import ManualClock
from server.leases import MemoryLeaseStore, Rules
from tests.support.leases import UNLIMITED_MS
from tests.support.session_node import SessionNode, open_session_node


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[SessionNode]:
    async with open_session_node(f"sqlite:///{tmp_path / 'atrium.db'}") as node:
        yield node


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[list[SessionNode]]:
    """Two nodes that share a database, a clock and their leases."""
    url, clock = f"sqlite:///{tmp_path / 'atrium.db'}", ManualClock()
    store = MemoryLeaseStore(clock, Rules(max_step_ms=UNLIMITED_MS))
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_session_node(url, name=name, clock=clock, store=store))
            for name in ("one", "two")
        ]
