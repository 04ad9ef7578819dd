"""What a client may spend and leave lying about."""

from __future__ import annotations

import pytest

from crdt_docs.protocol import QueryAwareness, Update
from server.gateway.budget import Backlog, Budget
from server.gateway.errors import Backlogged


def test_a_burst_then_the_flow() -> None:
    """A full budget allows its burst at once, and after that what flows in."""
    budget = Budget(per_s=2, burst=5, now=100.0)
    assert [budget.spend(1) for _ in range(6)] == [True] * 5 + [False]
    assert budget.refill(100.25) == 0.25
    assert budget.refill(100.6) == 0
    budget.refill(102.0)
    assert budget.spend(1)


def test_what_was_overdrawn_has_to_flow_in() -> None:
    """A single large message is let through, and paid for afterwards."""
    budget = Budget(per_s=10, burst=10, now=0.0)
    budget.refill(0.0)
    assert not budget.spend(50)
    assert budget.refill(3.0) == 1
    assert budget.refill(4.1) == 0


def test_rest_saves_no_more_than_a_burst() -> None:
    """A client that was silent for an hour may send one burst, not an hour's worth."""
    budget = Budget(per_s=100, burst=5, now=100.0)
    budget.refill(3600.0)
    assert budget.spend(5)
    assert not budget.spend(1)


def test_all_documents_share_one_backlog() -> None:
    """Frames and bytes are counted together, and are free again when the messages are gone."""
    backlog = Backlog(frames=3, size=10)
    kept = [Update(b"12345"), QueryAwareness()]
    for message in kept:
        backlog.take(message)
    backlog.take(Update(b"12345"))
    with pytest.raises(Backlogged):
        backlog.take(QueryAwareness())
    backlog.give_back([*kept, QueryAwareness()])
    backlog.take(Update(b"1234"))
    with pytest.raises(Backlogged):
        backlog.take(Update(b"12"))
