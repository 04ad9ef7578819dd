from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.access import Principal, SessionKind
from server.access.conditions import BadCondition, Verdict, parse_condition

MONDAY_NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ADA = Principal("ada", "Ada", 0)


def judge(text: str, principal: Principal = ADA, now: datetime = MONDAY_NOON) -> Verdict:
    condition = parse_condition(text)
    assert condition is not None
    return condition.judge(principal, now)


@pytest.mark.parametrize(
    ("text", "holds", "until"),
    [
        ("time:08:00-18:00", True, "2026-06-01T18:00Z"),
        ("time:08:00-12:00", False, "2026-06-02T08:00Z"),
        ("time:12:00-18:00", True, "2026-06-01T18:00Z"),
        ("time:22:00-06:00", False, "2026-06-01T22:00Z"),
        ("time:22:00-13:00", True, "2026-06-01T13:00Z"),
        ("time:mon-fri 08:00-18:00", True, "2026-06-01T18:00Z"),
        ("time:sat-sun 08:00-18:00", False, "2026-06-01T18:00Z"),
        ("time:fri-mon 08:00-18:00", True, "2026-06-01T18:00Z"),
        ("time:sun 22:00-13:00", True, "2026-06-01T13:00Z"),
        ("time:08:00-13:00 Asia/Tokyo", False, "2026-06-01T23:00Z"),
        ("time:20:00-22:00 Asia/Tokyo", True, "2026-06-01T13:00Z"),
    ],
)
def test_a_time_window(text: str, holds: bool, until: str) -> None:
    """A window holds on its days, in its zone, over midnight if need be, and says when that may change."""
    verdict = judge(text)
    assert (verdict.holds, verdict.until) == (holds, datetime.fromisoformat(until))


def test_a_window_follows_summer_time() -> None:
    """Eight in Berlin is six in UTC in summer and seven in winter."""
    window = "time:08:00-18:00 Europe/Berlin"
    assert judge(window, now=datetime(2026, 7, 1, 6, 30, tzinfo=UTC)).holds is True
    assert judge(window, now=datetime(2026, 12, 1, 6, 30, tzinfo=UTC)).holds is False


@pytest.mark.parametrize(
    ("address", "holds"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("198.51.100.1", False),
        ("", None),
        ("unix", None),
    ],
)
def test_an_address_is_in_a_network(address: str, holds: bool | None) -> None:
    """Both families count, an IPv4 address in IPv6 form as well; an unknown address is not known to be anywhere."""
    principal = Principal("ada", "Ada", 0, address=address)
    assert judge("ip:192.0.2.0/24,2001:db8::/32", principal).holds is holds


@pytest.mark.parametrize(("kind", "holds"), [(SessionKind.WEB, True), (SessionKind.KEY, False), (None, None)])
def test_a_kind_of_session(kind: SessionKind | None, holds: bool | None) -> None:
    """A session is of one of the kinds, or of none, or nobody knows."""
    assert judge("session:web,agent", Principal("ada", "Ada", 0, session_kind=kind)).holds is holds


@pytest.mark.parametrize(("minutes", "holds"), [(0, True), (14, True), (15, False), (None, None)])
def test_a_fresh_sign_in(minutes: int | None, holds: bool | None) -> None:
    """A sign-in is fresh for a while, and the verdict says until when."""
    at = None if minutes is None else MONDAY_NOON - timedelta(minutes=minutes)
    verdict = judge("fresh:15m", Principal("ada", "Ada", 0, signed_in_at=at))
    assert verdict == Verdict(holds, at + timedelta(minutes=15) if at and holds else None)


def test_owner_depends_on_the_resource() -> None:
    """`owner` is known and judged elsewhere."""
    assert parse_condition("owner") is None


@pytest.mark.parametrize(
    "text",
    [
        "", "owner:me", "mfa", "time:", "time:8-18", "time:24:00-25:00", "time:08:00-08:00", "time:noday 08:00-18:00",
        "time:08:00-18:00 Mars/Olympus", "time:08:00-18:00 ../etc/passwd", "ip:", "ip:10.0.0.1/8", "ip:example.com",
        "session:", "session:tv", "fresh:", "fresh:0m", "fresh:15", "fresh:15w",
    ],
)  # fmt: skip
def test_there_are_no_other_conditions(text: str) -> None:
    """Whatever else is said to be a condition is refused with a reason."""
    with pytest.raises(BadCondition):
        parse_condition(text)
