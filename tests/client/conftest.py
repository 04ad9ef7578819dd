"""One real server for all of the client's tests, and a client of its administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from client import AtriumClient
from tests.support.atrium import ADMIN_TOKEN, Atrium


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atrium]:
    with Atrium(tmp_path_factory.mktemp("client") / "data") as server:
        yield server


@pytest.fixture
async def admin(server: Atrium) -> AsyncIterator[AtriumClient]:
    async with AtriumClient(server.url, ADMIN_TOKEN) as client:
        yield client


@pytest.fixture
def project(server: Atrium) -> str:
    """The slug of a new project."""
    return server.create_project()
