"""Servers to connect to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.gateway import Serving, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Serving]:
    """A server with a project called `acme`, which lets go of rooms as soon as nobody holds them."""
    async with serving(tmp_path / "data", {"room_idle_s": 0}) as server:
        await server.project()
        yield server
