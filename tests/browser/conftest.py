"""A browser and a shared server for the tests of the web editor."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.support.atrium import Atrium
from tests.support.chromium import chromium
from tests.support.programs import missing
from tests.support.repository import ROOT


@pytest.fixture(autouse=True)
def built() -> None:
    """The web editor has been built."""
    if not (ROOT / "web" / "dist" / "index.html").is_file():
        missing("web/dist", "`make web` builds the web editor")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of the test's own."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
def document(shared_atrium: Atrium) -> str:
    """A small file in a project of its own."""
    return shared_atrium.create_file(shared_atrium.create_project(), "src/notes.md", "# Notes\n\none\n")
