"""What a request for a lease may look like."""

from __future__ import annotations

import re

from server.leases.errors import InvalidRequest

MIN_TTL_S, MAX_TTL_S = 1.0, 3_600.0
MAX_WAIT_S = 600.0
MAX_FENCE = (1 << 53) - 1
ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")  # no '|' and no '~': they mean something in the store's keys


def check_times(ttl_s: float, wait_s: float) -> None:
    """Raises `InvalidRequest` for a time to live or to wait that is out of bounds, or no number."""
    if not MIN_TTL_S <= ttl_s <= MAX_TTL_S:
        raise InvalidRequest(f"A lease lives {MIN_TTL_S:.0f} to {MAX_TTL_S:.0f} seconds at a time.")
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise InvalidRequest(f"One waits for a lease 0 to {MAX_WAIT_S:.0f} seconds.")


def check_id(what: str, id: str, *, optional: bool = False) -> None:
    """Raises `InvalidRequest` for a session's or request's id that is none."""
    if not (optional and id == "") and not ID.fullmatch(id):
        raise InvalidRequest(f"The {what} id has 1 to 128 letters, digits and the signs _ . : -")


def check_fence(fence: int) -> None:
    """Raises `InvalidRequest` for what cannot be a fence."""
    if not 0 < fence <= MAX_FENCE:
        raise InvalidRequest("A fence is the positive number that came with the lease.")
