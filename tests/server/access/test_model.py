from __future__ import annotations

import pytest

from server.access.model import HUES, Action, hue_of, with_implied


def test_every_scope_implies_read() -> None:
    """Who may write, delete or administer may read; admin implies all."""
    assert with_implied([Action.WRITE]) == {Action.READ, Action.WRITE}
    assert with_implied([Action.ADMIN]) == set(Action)


@pytest.mark.parametrize(("id", "hue"), [("admin", 2), ("user:019aa000-0000-7000-8000-000000000000", 6)])
def test_a_hue_is_stable(id: str, hue: int) -> None:
    """An id has the same colour for ever."""
    assert hue_of(id) == hue < HUES
