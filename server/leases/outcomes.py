"""Answers of the store that are refusals, as errors for people."""

from __future__ import annotations

from typing import Any

from server.leases.errors import (
    AlreadyWaiting,
    Deadlock,
    Fenced,
    InvalidRequest,
    LeaseHeld,
    LeaseLost,
    LeaseTimeout,
    NoSession,
    NotOwner,
    TooMany,
)
from server.leases.model import DELAY, Blocker, Reply, State, Status
from server.leases.resource import Resource

PLAIN = {
    Status.WAITING: AlreadyWaiting,
    Status.LOST: LeaseLost,
    Status.FENCED: Fenced,
    Status.NOT_OWNER: NotOwner,
    Status.NO_SESSION: NoSession,
}


def refuse(reply: Reply) -> None:
    """Raises the error that `reply` stands for, if it stands for one."""
    if reply.status in PLAIN:
        raise PLAIN[reply.status]
    if reply.status is Status.HELD:
        raise with_members(LeaseHeld(_in_the_way(reply.blockers)), waits_for=_sessions(reply.blockers))
    if reply.status is Status.DEADLOCK:
        way = " waits for ".join((*reply.cycle, reply.cycle[0])) if reply.cycle else ""
        raise with_members(Deadlock(f"{Deadlock.__doc__} {way}".strip()), cycle=list(reply.cycle))
    if reply.status is Status.FULL:
        raise TooMany(f"This {reply.reason} has as many leases and requests as it may; give some back first.")
    if reply.status is Status.ENDED:
        _refuse_ended(reply.reason)


def with_members(error: LeaseHeld | Deadlock, **members: Any) -> LeaseHeld | Deadlock:
    """The error with extension members for its problem document."""
    error.members = members
    return error


def _refuse_ended(reason: str) -> None:
    if reason == "reused":
        raise InvalidRequest("This request id was used for another resource.")
    raise LeaseTimeout if reason == "timeout" else LeaseLost


def _sessions(blockers: tuple[Blocker, ...]) -> list[str]:
    return list(dict.fromkeys(blocker.session for blocker in blockers if not blocker.session.startswith(DELAY)))


def _in_the_way(blockers: tuple[Blocker, ...]) -> str | None:
    if not blockers:
        return None
    first = blockers[0]
    resource = Resource.at(first.path)
    if first.state == State.DELAY:
        return f"{resource} stays closed for a moment: its last holder failed, or the leases have been started anew."
    return f"{resource} is {first.state} by {first.user} (session {first.session})."
