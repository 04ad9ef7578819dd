from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.access import (
    SERVER_WIDE,
    AccessChanged,
    InvalidUser,
    LastOwner,
    Role,
    ServerRole,
    UserNotFound,
)
from tests.support.access import Access, open_access


@pytest.fixture
async def access(database_url: str) -> AsyncIterator[Access]:
    """On both databases."""
    async with open_access(database_url) as opened:
        yield opened


async def test_a_user_is_made_once(access: Access) -> None:
    """The same name is the same user; both name and id find them."""
    ada = await access.roles.ensure_user("  Ada Lovelace ")
    assert ada.name == "Ada Lovelace"
    assert await access.roles.ensure_user("Ada Lovelace") == ada
    assert await access.roles.user(ada.id) == await access.roles.user(ada.name) == ada


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "a\nb", "a/b", "user:1", "a\u202eb", "\u200b", "Server", "guest"])
async def test_a_bad_name_is_refused(access: Access, name: str) -> None:
    """A name is short, visible, and looks like nothing but a name."""
    with pytest.raises(InvalidUser):
        await access.roles.ensure_user(name)


@pytest.mark.parametrize("reference", ["nobody", "user:0", "", "\0", "anonymous", "server", "Guest"])
async def test_an_unknown_user_is_not_found(access: Access, reference: str) -> None:
    """Neither names nor ids of nobody are found, nor the built-in principals that nobody can be."""
    with pytest.raises(UserNotFound):
        await access.roles.user(reference)


async def test_the_administrator_is_built_in(access: Access) -> None:
    """`admin` always exists, and its role is fixed."""
    admin = await access.roles.ensure_user("admin")
    assert (admin.id, admin.server_role) == ("admin", ServerRole.ADMIN)
    with pytest.raises(InvalidUser):
        await access.roles.set_server_role(admin, ServerRole.VIEWER)


async def test_the_strongest_role_counts(access: Access, database_url: str) -> None:
    """Membership, server role and everybody's role add up, and never take anything away."""
    user = await access.roles.ensure_user("ada")
    assert await access.roles.role(user.id, "p") is None
    await access.roles.set_server_role(user, ServerRole.EDITOR)
    await access.roles.set_role("p", user.id, Role.VIEWER)
    assert await access.roles.role(user.id, "p") is Role.EDITOR
    await access.roles.set_role("p", user.id, Role.OWNER)
    assert await access.roles.role(user.id, "p") is Role.OWNER
    assert await access.roles.role(user.id, SERVER_WIDE) is Role.EDITOR
    async with open_access(database_url, anonymous_role=Role.OWNER) as open_house:
        assert await open_house.roles.role(user.id, SERVER_WIDE) is Role.OWNER
        assert await open_house.roles.role("anonymous", "p") is Role.OWNER


async def test_changes_count_at_once_and_are_told(access: Access) -> None:
    """A change of roles is in force when the call returns, and subscribers learn whose and where."""
    user = await access.roles.ensure_user("ada")
    assert await access.roles.role(user.id, "p") is None
    await access.roles.set_role("p", user.id, Role.EDITOR)
    assert await access.roles.role(user.id, "p") is Role.EDITOR
    await access.roles.remove_role("p", user.id)
    assert await access.roles.role(user.id, "p") is None
    await access.roles.set_server_role(user, ServerRole.VIEWER)
    changed = AccessChanged("p", user.id)
    assert access.published == [changed, changed, AccessChanged(None, user.id)]


async def test_a_project_keeps_an_owner(access: Access) -> None:
    """The last owner neither leaves nor steps down until there is another."""
    ada, eve = [await access.roles.ensure_user(name) for name in ("ada", "eve")]
    await access.roles.set_role("p", ada.id, Role.OWNER)
    await access.roles.set_role("p", eve.id, Role.EDITOR)
    with pytest.raises(LastOwner):
        await access.roles.remove_role("p", ada.id)
    with pytest.raises(LastOwner):
        await access.roles.set_role("p", ada.id, Role.VIEWER)
    await access.roles.set_role("p", eve.id, Role.OWNER)
    await access.roles.remove_role("p", ada.id)
    assert [member.user for member in await access.roles.members("p")] == [eve]


async def test_a_membership_ends_once(access: Access) -> None:
    """Removing somebody who is no member says so."""
    user = await access.roles.ensure_user("ada")
    with pytest.raises(UserNotFound):
        await access.roles.remove_role("p", user.id)


async def test_members_come_in_pages(access: Access) -> None:
    """Members are listed by id, a page after the other, those of one project only."""
    users = [await access.roles.ensure_user(f"user {number}") for number in range(5)]
    for user in users:
        await access.roles.set_role("p", user.id, Role.EDITOR)
    await access.roles.set_role("q", users[0].id, Role.EDITOR)
    first = await access.roles.members("p", limit=3)
    rest = await access.roles.members("p", after=first[-1].user.id, limit=3)
    assert [member.user for member in first + rest] == sorted(users, key=lambda user: user.id)


async def test_sweep_tells_what_another_process_changed(access: Access, database_url: str) -> None:
    """A sweep puts in force and tells what another process changed; our own changes are told once."""
    user = await access.roles.ensure_user("ada")
    assert await access.roles.role(user.id, "p") is None
    async with open_access(database_url) as other:
        await other.roles.set_role("p", user.id, Role.EDITOR)
    await access.roles.sweep()
    assert access.published == [AccessChanged(None, None)]
    assert await access.roles.role(user.id, "p") is Role.EDITOR
    await access.roles.set_role("p", user.id, Role.VIEWER)
    await access.roles.sweep()
    assert access.published == [AccessChanged(None, None), AccessChanged("p", user.id)]
