"""Audit logs to write to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.activity import AuditLog, audit_log


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[AuditLog]:
    """A log on SQLite."""
    async with audit_log(f"sqlite:///{tmp_path / 'atrium.db'}") as log:
        yield log


@pytest.fixture
async def any_log(database_url: str) -> AsyncIterator[AuditLog]:
    """A log on each database that Atrium supports."""
    async with audit_log(database_url) as log:
        yield log
