"""What this node's sessions hold, and until when they may act on it without another word from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakValueDictionary

from server.leases.lease import Lease, act_for_s
from server.leases.model import Open, Policy


@dataclass(slots=True)
class Holding:
    """One lease of a session of this node."""

    lease: Lease
    project_id: str
    path: str
    fence: int
    silent_ms: int
    act_until: float


class Holders:
    """The sessions of this node with their leases."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str], Open] = {}
        self._locks: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()
        self._holdings: dict[tuple[str, str], dict[str, Holding]] = {}
        self._count = 0  # asked for with every command

    def hold(self, project_id: str, lease: Lease, path: str, ttl_ms: int) -> None:
        """A session of this node has this lease."""
        session = self.sessions.get((project_id, lease.session_id))
        if session is None:
            return
        silent = session.grace_ms if lease.policy is Policy.RELEASE_IF_WANTED else session.window_ms
        holding = Holding(lease, project_id, path, lease.fence, min(ttl_ms, silent), lease.act_until)
        held = self._holdings.setdefault((project_id, lease.session_id), {})
        self._count += path not in held
        held[path] = holding

    def asking(self, project_id: str, session: str, path: str) -> asyncio.Lock:
        """Held by whoever asks for this lease until the answer is noted here: what is on its way is not given back."""
        return self._locks.setdefault((project_id, session, path), asyncio.Lock())

    def raise_fence(self, project_id: str, session: str, path: str, fence: int) -> None:
        """The lease has another fence since it was upgraded."""
        if holding := self._holdings.get((project_id, session), {}).get(path):
            holding.fence = fence

    def drop(self, project_id: str, session: str, path: str) -> None:
        """The lease is over."""
        if self._holdings.get((project_id, session), {}).pop(path, None) is not None:
            self._count -= 1

    def heard(self, project_id: str, session: str, asked_at: float) -> None:
        """The store knew at `asked_at` or later that the session lives."""
        for holding in self._holdings.get((project_id, session), {}).values():
            holding.act_until = max(holding.act_until, asked_at + act_for_s(holding.silent_ms))

    def has(self, project_id: str, session: str, path: str) -> bool:
        """Whether the session has the lease, as far as this node knows."""
        return path in self._holdings.get((project_id, session), {})

    def of(self, project_id: str, session: str) -> list[Holding]:
        """A session's leases."""
        return list(self._holdings.get((project_id, session), {}).values())

    def overdue(self, now: float) -> list[Holding]:
        """Leases that nobody may act on any more."""
        return [holding for holding in self if holding.act_until <= now]

    def forget(self, project_id: str, session: str) -> list[Holding]:
        """Ends the session here; returns what it held."""
        self.sessions.pop((project_id, session), None)
        held = self._holdings.pop((project_id, session), {})
        self._count -= len(held)
        return list(held.values())

    def __iter__(self) -> Iterator[Holding]:
        return (holding for holdings in self._holdings.values() for holding in holdings.values())

    def __len__(self) -> int:
        return self._count
