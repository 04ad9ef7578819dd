"""What every test may ask for: a running server, a project on it, real Yjs clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.atrium import Atrium
from tests.support.token_watch import WATCH
from tests.support.yjs import Driver, yjs_driver

pytest_plugins = ["tests.support.postgres", "tests.support.redis"]

# No example has a deadline, and none is unhealthy for being slow: a busy machine is no fault.
settings.register_profile("atrium", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("atrium")


@pytest.fixture(scope="session", autouse=True)
def no_token_is_logged() -> Iterator[None]:
    """After the last test: no server of this run has logged a token. `tests/scenarios/test_log_secrets.py` tests it."""
    yield
    leaks = WATCH.leaks()
    assert not leaks, "a token stands in the log:\n" + "\n".join(leaks)


@pytest.fixture(scope="session")
def shared_atrium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atrium]:
    """One server for all tests that leave it running."""
    with Atrium(tmp_path_factory.mktemp("shared") / "data", first_start=True) as atrium:
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
