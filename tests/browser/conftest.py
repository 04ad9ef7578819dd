"""A browser and a shared server for the tests of the web editor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support.atrium import Atrium
from tests.support.chromium import chromium
from tests.support.programs import missing
from tests.support.repository import ROOT

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def built() -> None:
    """The web editor has been built."""
    if not (ROOT / "web" / "dist" / "index.html").is_file():
        missing("web/dist", "`make web` builds the web editor")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder run in the event loop of the browser, which they share."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium; every `visitor` has storage, cookies and cache of its own in it."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
def document(shared_atrium: Atrium) -> str:
    """A small file in a project of its own."""
    return shared_atrium.create_file(shared_atrium.create_project(), "src/notes.md", "# Notes\n\none\n")
