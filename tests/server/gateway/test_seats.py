"""How many sockets who may have."""

from __future__ import annotations

import pytest

from server.access import Principal
from server.gateway.errors import Crowded
from server.gateway.seats import ADDRESS, NODE, PROJECT, USER, Hall
from server.kit import metrics

ADA, VISITOR = Principal("user:ada", "ada", 0), Principal("anonymous", "Guest", 0)


def hall(**limits: int) -> Hall:
    return Hall({NODE: 9, ADDRESS: 9, USER: 9, PROJECT: 9} | limits)


def refusals(limit: str) -> float:
    return metrics.REGISTRY.get_sample_value("atrium_connections_over_limit_total", {"limit": limit}) or 0


@pytest.mark.parametrize(("limit", "other"), [(NODE, None), (ADDRESS, "b")])
def test_a_socket_counts_from_its_handshake(limit: str, other: str | None) -> None:
    """One more than allowed is refused and counted by the metric; who leaves makes room."""
    seats, before = hall(**{limit: 1}), refusals(limit)
    with seats.seats("a"):
        with pytest.raises(Crowded), seats.seats("a"):
            pass
        if other:
            with seats.seats(other):
                assert seats.sockets == 2
    with seats.seats("a"):
        assert seats.sockets == 1
    assert (seats.sockets, refusals(limit)) == (0, before + 1)


def test_a_user_has_one_seat_per_socket() -> None:
    """However many documents one signs in for on a socket, it is one; another socket is another."""
    full = hall(user=1)
    with full.seats("a") as one, full.seats("b") as two:
        for _ in range(3):
            one.take_user(ADA)
        with pytest.raises(Crowded):
            two.take_user(ADA)
    with full.seats("c") as again:
        again.take_user(ADA)


def test_visitors_count_by_their_address() -> None:
    """Who did not sign in is no user: one address has so many visitors, whatever another has."""
    full = hall(user=1)
    with full.seats("a") as one, full.seats("a") as two, full.seats("b") as elsewhere:
        one.take_user(VISITOR)
        elsewhere.take_user(VISITOR)
        with pytest.raises(Crowded):
            two.take_user(VISITOR)


def test_a_project_has_a_socket_as_long_as_a_document_of_it_is_open() -> None:
    """Two documents are one seat; it is free when both are closed, and the socket goes on."""
    full = hall(project=1)
    with full.seats("a") as one, full.seats("a") as two:
        one.take_project("p")
        one.take_project("p")
        one.leave_project("p")
        with pytest.raises(Crowded):
            two.take_project("p")
        two.take_project("q")
        one.leave_project("p")
        two.take_project("p")


def test_a_refused_seat_is_not_held() -> None:
    """Who was refused gives nothing back that was somebody else's."""
    full = hall(project=1)
    with full.seats("a") as one:
        one.take_project("p")
        with full.seats("a") as two, pytest.raises(Crowded):
            two.take_project("p")
        with full.seats("a") as three, pytest.raises(Crowded):
            three.take_project("p")
