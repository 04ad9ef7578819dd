from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from server.access import AccessChanged, Action, Principal, Role
from tests.support.access import Access, open_access

HOUR = timedelta(hours=1)


@pytest.fixture
async def access(database_url: str) -> AsyncIterator[Access]:
    """On both databases."""
    async with open_access(database_url) as opened:
        yield opened


async def test_capabilities_are_computed_once(access: Access) -> None:
    """While nothing changes the same object answers, also after the moment in which the version is not asked."""
    ada = await access.principal("ada", "editor")
    first = await access.policy.capabilities(ada, "p")
    assert await access.policy.capabilities(ada, "p") is first
    access.clock.advance(5)
    assert await access.policy.capabilities(ada, "p") is first


async def test_all_who_ask_at_once_share_them(access: Access) -> None:
    """After a change every open connection of a principal asks at the same time: they are computed once for all."""
    ada = await access.principal("ada", "editor")
    found = await asyncio.gather(*(access.policy.capabilities(ada, "p") for _ in range(50)))
    assert len(set(map(id, found))) == 1


async def test_capabilities_are_computed_again_when_they_end(access: Access) -> None:
    """At `valid_until` the next question gets a new answer, without anybody telling."""
    ada = await access.principal("ada")
    await access.roles.set_role("p", ada.id, Role.EDITOR, until=access.clock.now() + HOUR)
    first = await access.policy.capabilities(ada, "p")
    assert first.valid_until == access.clock.now() + HOUR
    access.clock.advance(3600)
    assert not (await access.policy.capabilities(ada, "p")).visible


async def test_another_process_is_noticed_within_a_second(access: Access, database_url: str) -> None:
    """A change elsewhere counts here after a moment, by the version alone."""
    ada = await access.principal("ada")
    assert not (await access.policy.capabilities(ada, "p")).visible
    async with open_access(database_url) as other:
        await other.roles.set_role("p", ada.id, Role.VIEWER)
    access.clock.advance(1.1)
    assert (await access.policy.capabilities(ada, "p")).visible


async def test_principals_are_told_apart(access: Access) -> None:
    """The same user with another token, address or sign-in has capabilities of their own."""
    user = await access.principal("ada", "editor")
    narrowed = Principal(user.id, user.name, user.hue, scopes=frozenset({Action.READ}))
    assert (await access.policy.capabilities(user, "p")).allows(Action.WRITE)
    assert not (await access.policy.capabilities(narrowed, "p")).allows(Action.WRITE)


async def test_a_refused_change_changes_nothing(access: Access) -> None:
    """A change that raises leaves the version, the memory and the subscribers alone."""
    ada = await access.principal("ada", "editor")
    first = await access.policy.capabilities(ada, "p")
    access.published.clear()
    with pytest.raises(LookupError):
        await access.roles.data.change(lambda _: {}["x"], lambda _: [AccessChanged(None, None)])
    assert access.published == []
    access.clock.advance(5)
    assert await access.policy.capabilities(ada, "p") is first
