from __future__ import annotations

import math

import pytest

from server.leases import InvalidRequest
from server.leases.requests import check_fence, check_id, check_times


@pytest.mark.parametrize(("ttl_s", "wait_s"), [(0.5, 0), (3601, 0), (math.nan, 0), (60, -1), (60, 601), (60, math.inf)])
def test_times_have_bounds(ttl_s: float, wait_s: float) -> None:
    """No lease is for ever, none is over before it is used, and nobody waits for ever."""
    with pytest.raises(InvalidRequest):
        check_times(ttl_s, wait_s)


@pytest.mark.parametrize("id", ["", "a|b", "~a", "a/b", "é", "a" * 129, "a b", "\0"])
def test_ids_are_plain(id: str) -> None:
    """An id cannot be mistaken for part of a key."""
    with pytest.raises(InvalidRequest):
        check_id("session", id)


@pytest.mark.parametrize("fence", [0, -1, 1 << 53])
def test_fences_are_positive_and_exact(fence: int) -> None:
    """Every fence is a number that JavaScript and Lua can tell from its neighbours."""
    with pytest.raises(InvalidRequest):
        check_fence(fence)


def test_what_is_allowed_passes() -> None:
    """The bounds themselves are allowed, and a request needs no id."""
    check_times(1, 0)
    check_times(3600, 600)
    check_id("session", "0192-ab.c:d_e")
    check_id("request", "", optional=True)
    check_fence((1 << 53) - 1)
