from __future__ import annotations

import itertools

import pytest

from server.access.model import ALLOWED, HUES, Action, Role, ServerRole, hue_of, strongest, with_implied


def test_a_stronger_role_allows_more() -> None:
    """Viewer, editor and owner are a ladder: each does all that the one before does, and something else."""
    assert all(ALLOWED[weaker] < ALLOWED[stronger] for weaker, stronger in itertools.pairwise(Role))


def test_one_more_role_never_takes_away() -> None:
    """The strongest role counts, in whatever order they come."""
    for roles in itertools.permutations([None, Role.VIEWER, Role.OWNER]):
        assert strongest(roles) is Role.OWNER
    assert strongest([None]) is None


def test_every_scope_implies_read() -> None:
    """Who may write, delete or administer may read; admin implies all."""
    assert with_implied([Action.WRITE]) == {Action.READ, Action.WRITE}
    assert with_implied([Action.ADMIN]) == set(Action)


def test_an_administrator_owns_every_project() -> None:
    """In a project the server role admin is worth owner; the others are worth themselves."""
    assert [role.role for role in ServerRole] == [Role.VIEWER, Role.EDITOR, Role.OWNER, Role.OWNER]


@pytest.mark.parametrize(("id", "hue"), [("admin", 2), ("user:019aa000-0000-7000-8000-000000000000", 6)])
def test_a_hue_is_stable(id: str, hue: int) -> None:
    """An id has the same colour for ever."""
    assert hue_of(id) == hue < HUES
