"""The conditions that a permission may have; there are no others.

=====================================  ==================================================================
``owner``                              the resource belongs to the one who asks
``time:08:00-18:00``                   between these times, UTC; the later one is outside
``time:mon-fri 22:00-06:00 Asia/Tokyo``  on these days (of the beginning), in this time zone
``ip:192.0.2.0/24,2001:db8::/32``      from one of these networks
``session:web,key,agent``              signed in like this
``fresh:15m``                          signed in at most so long ago (m, h, d)
=====================================  ==================================================================

What is not known counts against the one who asks: an allow does not apply then, a deny does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.access.model import Principal, SessionKind

OWNER: Final = "owner"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK: Final = frozenset(range(7))
UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
DAY: Final = timedelta(days=1)

WINDOW = re.compile(r"(?:(?P<days>[a-z,-]+) )?(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)(?: (?P<zone>[\w+/-]{1,64}))?")
AGE = re.compile(r"([1-9][0-9]{0,4})([mhd])")


class BadCondition(ValueError):
    """This is none of the conditions that there are; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds (None: it cannot be known), and until when that stays so."""

    holds: bool | None
    until: datetime | None = None


class Condition(Protocol):
    """What has to hold for a permission to count. `owner` is none of them: it depends on the resource."""

    def judge(self, principal: Principal, now: datetime) -> Verdict:
        """Whether it holds for `principal` now."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time of day on some days of the week; one that ends before it begins lasts into the next day."""

    days: frozenset[int]
    begin: time
    end: time
    zone: str

    def judge(self, principal: Principal, now: datetime) -> Verdict:  # noqa: ARG002 - the same for everybody
        try:
            local = now.astimezone(_zone(self.zone))
        except BadCondition:  # the time zones of this machine are others than where it was saved
            return Verdict(None)
        return Verdict(self._contains(local), self._next_edge(local))

    def _contains(self, local: datetime) -> bool:
        clock, today, yesterday = local.time(), local.weekday(), (local - DAY).weekday()
        if self.begin < self.end:
            return today in self.days and self.begin <= clock < self.end
        return (today in self.days and clock >= self.begin) or (yesterday in self.days and clock < self.end)

    def _next_edge(self, local: datetime) -> datetime:
        """When a day's window begins or ends next; some edges change nothing, on days that are not meant."""
        dates = (local.date(), local.date() + DAY)
        edges = (datetime.combine(date, edge, local.tzinfo) for date in dates for edge in (self.begin, self.end))
        return min(utc for edge in edges if (utc := edge.astimezone(UTC)) > local.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class From:
    """An address of the client in one of these networks."""

    networks: tuple[IPv4Network | IPv6Network, ...]

    def judge(self, principal: Principal, now: datetime) -> Verdict:  # noqa: ARG002 - at any time
        try:
            address = ip_address(principal.address)
        except ValueError:
            return Verdict(None)
        mapped = getattr(address, "ipv4_mapped", None)
        return Verdict(any((mapped or address) in network for network in self.networks))


@dataclass(frozen=True, slots=True)
class SignedInBy:
    """A kind of session."""

    kinds: frozenset[SessionKind]

    def judge(self, principal: Principal, now: datetime) -> Verdict:  # noqa: ARG002 - at any time
        kind = principal.session_kind
        return Verdict(None if kind is None else kind in self.kinds)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A sign-in not long ago."""

    age: timedelta

    def judge(self, principal: Principal, now: datetime) -> Verdict:
        if principal.signed_in_at is None:
            return Verdict(None)
        end = principal.signed_in_at + self.age
        return Verdict(True, end) if now < end else Verdict(False)


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Condition | None:
    """The condition `text`; None for `owner`. Raises `BadCondition`."""
    kind, _, value = text.partition(":")
    match kind:
        case "owner" if text == OWNER:
            return None
        case "time":
            return _window(value)
        case "ip":
            return From(tuple(map(_network, value.split(","))))
        case "session":
            return SignedInBy(frozenset(map(_session_kind, value.split(","))))
        case "fresh":
            return Fresh(_age(value))
    raise BadCondition(f"There is no condition {text!r}; there are owner, time:, ip:, session: and fresh:.")


def _window(value: str) -> Window:
    match = WINDOW.fullmatch(value)
    if match is None:
        raise BadCondition(f"{value!r} is not a time like 08:00-18:00 or mon-fri 08:00-18:00 Europe/Berlin.")
    zone = match["zone"] or "UTC"
    _zone(zone)
    begin, end = _clock(match["begin"]), _clock(match["end"])
    if begin == end:
        raise BadCondition("A time begins and ends at different hours.")
    return Window(_days(match["days"]) if match["days"] else WEEK, begin, end, zone)


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise BadCondition(f"{text!r} is not a time of day from 00:00 to 23:59.") from None


def _days(text: str) -> frozenset[int]:
    """`mon-fri` or `sat,sun`; a range may go over Sunday."""
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise BadCondition(f"{part!r} is not a day or days like mon or mon-fri.")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return frozenset(days)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadCondition(f"There is no time zone {name!r}.") from None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip())
    except ValueError:
        raise BadCondition(f"{text!r} is not an address or a network like 192.0.2.0/24.") from None


def _session_kind(text: str) -> SessionKind:
    try:
        return SessionKind(text)
    except ValueError:
        raise BadCondition(f"{text!r} is not a kind of session: {', '.join(SessionKind)}.") from None


def _age(text: str) -> timedelta:
    match = AGE.fullmatch(text)
    if match is None:
        raise BadCondition(f"{text!r} is not a duration like 15m, 12h or 1d.")
    return int(match[1]) * UNITS[match[2]]
