"""A server with a project, and two people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.projects import Project
from tests.support.gateway import Serving, serving


@dataclass(frozen=True)
class House:
    """A server, its project `acme`, and the tokens of `ada` (owner), `bob` (editor) and `vic` (viewer)."""

    server: Serving
    project: Project
    ada: str
    bob: str
    vic: str

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving(tmp_path / "data") as server:
        project = await server.project()
        tokens = [
            await server.member(project, role, name)
            for name, role in (("ada", "owner"), ("bob", "editor"), ("vic", "viewer"))
        ]
        yield House(server, project, *tokens)
