from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.session_node import SessionNode, open_session_node


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[SessionNode]:
    async with open_session_node(f"sqlite:///{tmp_path / 'atrium.db'}") as node:
        yield node
