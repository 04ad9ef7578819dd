from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.files import Stack, running_stack


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """The REST of files on real services, with the empty project `acme`."""
    async with running_stack(tmp_path) as stack:
        yield stack
