from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from server.access import (
    SERVER_WIDE,
    AccessChanged,
    Action,
    Forbidden,
    InvalidPermission,
    InvalidUser,
    LacksItself,
    LastAdministrator,
    LastOwner,
    Principal,
    Role,
    ServerRole,
    UserNotFound,
)
from server.access.changes import NewGrant
from server.access.permission import Effect, Permission
from server.access.role_catalogue import RoleCatalogue
from server.access.role_service import Step
from server.access.roles import RoleDefinition
from tests.support.access import Access, open_access

HOUR = timedelta(hours=1)


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
    assert await access.roles.role(user.id, "p") == Role.EDITOR
    await access.roles.set_role("p", user.id, Role.OWNER)
    assert await access.roles.role(user.id, "p") == Role.OWNER
    assert await access.roles.role(user.id, SERVER_WIDE) == Role.EDITOR
    async with open_access(database_url, anonymous_role=Role.OWNER) as open_house:
        assert await open_house.roles.role(user.id, SERVER_WIDE) == Role.OWNER
        assert await open_house.roles.role("anonymous", "p") == Role.OWNER


async def test_changes_count_at_once_and_are_told(access: Access) -> None:
    """A change of roles is in force when the call returns, and subscribers learn whose and where."""
    user = await access.roles.ensure_user("ada")
    assert await access.roles.role(user.id, "p") is None
    await access.roles.set_role("p", user.id, Role.EDITOR)
    assert await access.roles.role(user.id, "p") == Role.EDITOR
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
    assert await access.roles.role(user.id, "p") == Role.EDITOR
    await access.roles.set_role("p", user.id, Role.VIEWER)
    await access.roles.sweep()
    assert access.published == [AccessChanged(None, None), AccessChanged("p", user.id)]


# What time changes


async def test_a_role_ends_by_itself(access: Access) -> None:
    """A role with an end counts until then, and its end is told by the sweep, once."""
    user = await access.roles.ensure_user("ada")
    await access.roles.set_role("p", user.id, Role.EDITOR, until=access.clock.now() + HOUR)
    (member,) = await access.roles.members("p")
    assert member.until == access.clock.now() + HOUR
    await access.roles.sweep()
    access.published.clear()
    access.clock.advance(3600)
    assert await access.roles.role(user.id, "p") is None
    assert await access.roles.members("p") == []
    for _ in range(2):
        await access.roles.sweep()
    assert access.published == [AccessChanged("p", user.id)]


async def test_a_grant_begins_and_ends_by_itself(access: Access) -> None:
    """Both edges are told, also for what another process has written."""
    user = await access.roles.ensure_user("ada")
    begin, end = access.clock.now() + HOUR, access.clock.now() + 2 * HOUR
    await access.roles.change("p", [granting("ada", "file/a", not_before=begin, expires=end)])
    await access.roles.sweep()
    for visible in (True, False):
        access.published.clear()
        access.clock.advance(3600)
        await access.roles.sweep()
        assert access.published == [AccessChanged("p", user.id)]
        assert (await access.policy.capabilities(Principal(user.id, "ada", 0), "p")).visible is visible


async def test_a_role_that_is_over_is_not_given(access: Access) -> None:
    """An end in the past, or before the beginning, is refused."""
    user = await access.roles.ensure_user("ada")
    now = access.clock.now()
    with pytest.raises(InvalidPermission):
        await access.roles.set_role("p", user.id, Role.EDITOR, until=now)
    with pytest.raises(InvalidPermission):
        await access.roles.change("p", [granting("ada", "file/a", not_before=now + HOUR, expires=now + HOUR)])


async def test_ended_grants_are_forgotten_after_a_month(access: Access) -> None:
    """An ended grant explains a while why access is gone; the next grant in time clears it away."""
    await access.roles.ensure_user("ada")
    await access.roles.change("p", [granting("ada", "file/a", expires=access.clock.now() + HOUR)])
    access.clock.advance(31 * 86400)
    user = await access.roles.user("ada")
    assert len((await access.roles.standing(user.id)).grants) == 1
    await access.roles.change("p", [granting("ada", "file/b")])
    assert len((await access.roles.standing(user.id)).grants) == 1


# The last ones


async def test_an_owner_for_a_time_is_not_the_last_owner(access: Access) -> None:
    """A project keeps an owner for good: one whose role ends does not count, and nobody becomes that by changing."""
    ada, eve = [await access.roles.ensure_user(name) for name in ("ada", "eve")]
    until = access.clock.now() + HOUR
    await access.roles.set_role("p", ada.id, Role.OWNER)
    await access.roles.set_role("p", eve.id, Role.OWNER, until=until)
    for role, end in ((Role.EDITOR, None), (Role.OWNER, until)):
        with pytest.raises(LastOwner):
            await access.roles.set_role("p", ada.id, role, until=end)
    with pytest.raises(LastOwner):
        await access.roles.change("p", [granting("ada", "**", Effect.DENY)])
    await access.roles.remove_role("p", eve.id)


async def test_the_last_administrator_stays(access: Access) -> None:
    """Of the administrators with an account one stays, who can sign in; the built-in one does not count."""
    ada, eve = [await access.roles.ensure_user(name) for name in ("ada", "eve")]
    await access.roles.set_server_role(ada, ServerRole.ADMIN)
    for role in (None, Role.OWNER):
        with pytest.raises(LastAdministrator):
            await access.roles.set_server_role(ada, role)
    await access.roles.set_server_role(eve, ServerRole.ADMIN)
    await access.accounts.users.disable(eve)
    with pytest.raises(LastAdministrator):
        await access.roles.set_server_role(ada, None)
    await access.accounts.users.enable(eve)
    await access.roles.set_server_role(ada, None)
    with pytest.raises(LastAdministrator):
        await access.accounts.users.disable(eve)


# Nobody gives what they do not have


@pytest.mark.parametrize(
    ("giver", "given", "may"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.MAINTAINER, Role.MAINTAINER, True),
        (Role.MAINTAINER, Role.EDITOR, True),
        (Role.MAINTAINER, Role.WORKER, True),
        (Role.MAINTAINER, Role.OWNER, False),
    ],
)
async def test_one_gives_the_roles_that_one_has(access: Access, giver: Role, given: Role, may: bool) -> None:
    """A role is given by who has all of it; also to oneself."""
    ada, eve = await access.principal("ada"), await access.principal("eve")
    await access.roles.set_role("p", (await access.roles.ensure_user("boss")).id, Role.OWNER)
    await access.roles.set_role("p", ada.id, giver)
    for user in (eve, ada):
        if may:
            await access.roles.set_role("p", user.id, given, by=ada)
        else:
            with pytest.raises(LacksItself):
                await access.roles.set_role("p", user.id, given, by=ada)


async def test_nobody_touches_who_is_above(access: Access) -> None:
    """A maintainer neither removes nor lowers an owner, nor denies one anything."""
    await access.roles.set_role("p", (await access.roles.ensure_user("eve")).id, Role.OWNER)
    await access.roles.set_role("p", (await access.roles.ensure_user("bob")).id, Role.OWNER)
    ada = await access.principal("ada")
    await access.roles.set_role("p", ada.id, Role.MAINTAINER)
    steps: list[Step] = [
        lambda changes: changes.remove("eve"),
        lambda changes: changes.set_role("eve", Role.VIEWER),
        granting("eve", "file/**", Effect.DENY),
    ]
    for step in steps:
        with pytest.raises(LacksItself):
            await access.roles.change("p", [step], by=ada)


async def test_a_temporary_owner_gives_for_as_long(access: Access) -> None:
    """Who is owner for an hour makes nobody owner for longer, themselves included."""
    await access.roles.set_role("p", (await access.roles.ensure_user("boss")).id, Role.OWNER)
    ada, eve = await access.principal("ada"), await access.principal("eve")
    until = access.clock.now() + HOUR
    await access.roles.set_role("p", ada.id, Role.OWNER, until=until)
    for user, end in ((ada, None), (eve, None), (eve, until + HOUR)):
        with pytest.raises(LacksItself):
            await access.roles.set_role("p", user.id, Role.OWNER, until=end, by=ada)
    await access.roles.set_role("p", eve.id, Role.OWNER, until=until, by=ada)


async def test_a_grant_needs_what_it_grants(access: Access) -> None:
    """Also of grants one gives what one has; a denial is taken back by who is not denied."""
    await access.roles.set_role("p", (await access.roles.ensure_user("boss")).id, Role.OWNER)
    ada = await access.principal("ada")
    await access.roles.set_role("p", ada.id, Role.MAINTAINER)
    await access.roles.ensure_user("eve")
    await access.roles.change("p", [granting("eve", "file/src/**")], by=ada)
    (denied,) = await access.roles.change("p", [granting("ada", "file/secret/**", Effect.DENY)])
    assert denied.grant is not None
    refused: list[Step] = [
        granting("eve", "file/secret/a"),
        granting("eve", "file/**"),
        granting("eve", "", actions={"admin"}),
        lambda changes: changes.revoke(str(denied.grant and denied.grant.id)),
        lambda changes: changes.set_role("eve", Role.VIEWER),
    ]
    for step in refused:
        with pytest.raises(LacksItself):
            await access.roles.change("p", [step], by=ada)


async def test_a_role_that_denies_is_not_shaken_off(access: Access) -> None:
    """Who is denied something by a role does not get rid of it by leaving."""
    admin = await access.principal("root", "admin")
    deny = Permission("1", "project/*/file/secret/**", frozenset({"read"}), Effect.DENY)
    await RoleCatalogue(access.roles.data).save(RoleDefinition("outsider", "", (), (deny,)), admin)
    ada = await access.principal("ada", "owner")
    await access.roles.set_role("p", ada.id, "outsider")
    with pytest.raises(LacksItself):
        await access.roles.remove_role("p", ada.id, by=ada)


async def test_members_are_managed_by_who_may(access: Access) -> None:
    """An editor changes nobody's role, not even with a service at hand; a narrowed token does not either."""
    ada = await access.principal("ada")
    await access.roles.set_role("p", ada.id, Role.EDITOR)
    with pytest.raises(Forbidden):
        await access.roles.set_role("p", ada.id, Role.VIEWER, by=ada)
    root = await access.principal("root", "admin")
    narrowed = replace(root, scopes=frozenset({Action.READ, Action.WRITE}), is_admin=False)
    with pytest.raises(Forbidden):
        await access.roles.set_role("p", ada.id, Role.VIEWER, by=narrowed)
    for by in (ada, narrowed):
        with pytest.raises(Forbidden):
            await access.roles.set_server_role(await access.roles.user("ada"), ServerRole.ADMIN, by=by)


async def test_an_administrator_who_is_one_no_longer_changes_nothing(access: Access) -> None:
    """What counts is the role at the moment of the change, not the one at sign-in."""
    root, other = await access.principal("root", "admin"), await access.principal("other", "admin")
    await access.roles.set_server_role(await access.roles.user("root"), None, by=other)
    assert root.is_admin
    with pytest.raises(Forbidden):
        await access.roles.set_role("p", other.id, Role.OWNER, by=root)
    with pytest.raises(Forbidden):
        await access.roles.set_server_role(await access.roles.user("root"), ServerRole.ADMIN, by=root)


async def test_only_administrators_are_denied_nothing(access: Access) -> None:
    """A denial for an administrator would do nothing, so it is refused."""
    await access.principal("root", "admin")
    with pytest.raises(InvalidPermission):
        await access.roles.change("p", [granting("root", "**", Effect.DENY)])


@pytest.mark.parametrize("role", ["king", "admin", "guest", ""])
async def test_an_unknown_role_is_not_given(access: Access, role: str) -> None:
    """In a project there are the roles that are defined, and no administrators."""
    user = await access.roles.ensure_user("ada")
    with pytest.raises(InvalidPermission):
        await access.roles.set_role("p", user.id, role)


# All or nothing


async def test_changes_are_made_together(access: Access) -> None:
    """One refused step takes back all; a dry run tells and leaves everything; neither is told to anybody."""
    await access.roles.ensure_user("ada")
    good: Step = lambda changes: changes.set_role("ada", Role.EDITOR)  # noqa: E731 - steps are functions
    with pytest.raises(UserNotFound):
        await access.roles.change("p", [good, lambda changes: changes.remove("nobody")])
    told = await access.roles.change("p", [good, granting("ada", "file/a")], dry_run=True)
    assert [(change.op, change.before) for change in told] == [("set_role", None), ("grant", None)]
    assert await access.roles.members("p") == []
    assert await access.roles.grants("p") == []
    assert access.published == []
    assert access.acts == []


async def test_every_change_is_an_act(access: Access) -> None:
    """Who did what to whom is published with what was there before and after."""
    boss, ada = await access.principal("boss"), await access.roles.ensure_user("ada")
    await access.roles.set_role("p", boss.id, Role.OWNER)
    access.acts.clear()
    await access.roles.set_role("p", ada.id, Role.VIEWER, by=boss)
    (given,) = await access.roles.change("p", [granting("ada", "file/a", actions={"write"})], by=boss)
    assert given.grant is not None
    await access.roles.change("p", [lambda changes: changes.revoke(str(given.grant and given.grant.id))], by=boss)
    await access.roles.remove_role("p", ada.id, by=boss)
    names = ["member.role_set", "grant.created", "grant.revoked", "member.removed"]
    assert [act.action for act in access.acts] == names
    assert {(act.actor.id, act.project_id, act.resource) for act in access.acts} == {
        (boss.id, "p", f"members/{ada.id}")
    }
    assert access.acts[0].detail == {"user": "ada", "before": None, "after": {"role": "viewer", "until": None}}


def granting(
    user: str,
    resource: str,
    effect: Effect = Effect.ALLOW,
    actions: set[str] | None = None,
    not_before: datetime | None = None,
    expires: datetime | None = None,
) -> Step:
    permission = Permission("", resource, frozenset(actions or {"read"}), effect, (), not_before, expires)
    return lambda changes: changes.grant(NewGrant(user, permission))
