"""What every test may ask for: a running server, a project on it, real Yjs clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.atrium import Atrium
from tests.support.yjs import Driver, yjs_driver

pytest_plugins = ["tests.support.postgres"]


@pytest.fixture(scope="session")
def shared_atrium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atrium]:
    """One server for all tests that leave it running."""
    with Atrium(tmp_path_factory.mktemp("shared") / "data") as atrium:
        yield atrium


@pytest.fixture
def atrium(tmp_path: Path) -> Iterator[Atrium]:
    """A server of the test's own, to freeze and kill."""
    with Atrium(tmp_path / "data") as atrium:
        yield atrium


@pytest.fixture
async def yjs() -> AsyncIterator[Driver]:
    """A Node process that hosts real Yjs clients."""
    async with yjs_driver() as driver:
        yield driver
