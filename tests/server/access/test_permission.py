from __future__ import annotations

import pytest

from server.access import Action
from server.access.permission import Effect, Permission, relative

READ, WRITE, EXECUTE, DELETE, ADMIN = Action


@pytest.mark.parametrize(
    ("actions", "allowed", "denied"),
    [
        ({READ}, {READ}, set(Action)),
        ({WRITE}, {READ, WRITE}, {WRITE, ADMIN}),
        ({DELETE, EXECUTE}, {READ, DELETE, EXECUTE}, {DELETE, EXECUTE, ADMIN}),
        ({ADMIN}, set(Action), {ADMIN}),
        ({"fly"}, set(), set(Action)),
        ({READ, "fly"}, {READ}, set(Action)),
    ],
)
def test_what_follows_from_an_action(actions: set[str], allowed: set[Action], denied: set[Action]) -> None:
    """Every action implies read and admin all: so who is denied read does nothing. The unknown only denies."""
    assert Permission("1", "project/*", frozenset(actions)).concerns == allowed
    assert Permission("1", "project/*", frozenset(actions), Effect.DENY).concerns == denied


def test_an_unknown_effect_does_not_allow() -> None:
    """What another version has written is no allow."""
    assert not Permission("1", "project/*", frozenset({READ}), "perhaps").allows


@pytest.mark.parametrize(
    ("resource", "base", "rest"),
    [
        ("project/*", "project/*", ""),
        ("project/*/file/**", "project/*", "file/**"),
        ("project/*/**", "project/*", "**"),
        ("system/users", "project/*", None),
        ("system/users", "system", "users"),
        ("projects/*", "project/*", None),
        ("project/7/tree", "project/70", None),
        ("**", "system", "**"),
    ],
)
def test_a_full_name_is_cut(resource: str, base: str, rest: str | None) -> None:
    """A permission concerns a project by what it says below it, and the administrators' everything."""
    assert relative(resource, base) == rest
