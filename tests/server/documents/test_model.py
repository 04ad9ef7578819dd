"""Tests of `server.documents.model`."""

from __future__ import annotations

import pytest

from server.documents import should_compact

KIB = 1024


@pytest.mark.parametrize(
    ("snapshot_bytes", "log_bytes", "due"),
    [
        (0, 256 * KIB, False),
        (0, 256 * KIB + 1, True),
        (KIB, 200 * KIB, False),
        (1024 * KIB, 1024 * KIB, False),
        (1024 * KIB, 1024 * KIB + 1, True),
    ],
)
def test_compaction_is_due_when_the_log_outgrows_the_snapshot(snapshot_bytes: int, log_bytes: int, due: bool) -> None:
    """More than 256 KiB, and more than the snapshot has."""
    assert should_compact(snapshot_bytes, log_bytes) is due
