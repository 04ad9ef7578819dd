from __future__ import annotations

import pytest

from server.accounts.throttle import SignInThrottle
from server.kit.clock import ManualClock
from server.kit.errors import RateLimited


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def throttle(clock: ManualClock) -> SignInThrottle:
    return SignInThrottle(clock, per_name=3, per_address=5)


def test_a_name_is_tried_a_few_times(throttle: SignInThrottle, clock: ManualClock) -> None:
    """From however many addresses, and however the name is written; five minutes later there are tries again."""
    for number, name in enumerate(("Ada", "ada", " ＡＤＡ ")):
        throttle.attempt(f"192.0.2.{number}", name)
    with pytest.raises(RateLimited) as limited:
        throttle.attempt("192.0.2.9", "aDa")
    assert limited.value.headers == {"Retry-After": "300"}
    throttle.attempt("192.0.2.9", "eve")
    clock.advance(300)
    throttle.attempt("192.0.2.9", "ada")


def test_an_address_tries_a_few_times(throttle: SignInThrottle) -> None:
    """Whatever the names, and without any."""
    for number in range(5):
        throttle.attempt("192.0.2.1", f"user {number}" if number % 2 else None)
    with pytest.raises(RateLimited):
        throttle.attempt("192.0.2.1")
    throttle.attempt("192.0.2.2")


def test_success_forgives_the_name_alone(throttle: SignInThrottle) -> None:
    """Who signs in has all tries again; their address has not."""
    for _ in range(4):
        throttle.attempt("192.0.2.1", "ada")
        throttle.succeeded("ADA")
    throttle.attempt("192.0.2.1", "ada")
    with pytest.raises(RateLimited):
        throttle.attempt("192.0.2.1", "ada")
