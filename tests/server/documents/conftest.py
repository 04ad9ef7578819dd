"""The update log under test."""

from __future__ import annotations

from tests.support.documents import node, other_node

__all__ = ["node", "other_node"]  # fixtures
