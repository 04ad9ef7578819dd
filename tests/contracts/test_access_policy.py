"""What every edge may rely on, whatever decides behind `AccessPolicy`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.access import SERVER, SERVER_WIDE, AccessPolicy, Action, Forbidden, Principal, Role, ServerRole
from server.access.changes import NewGrant
from server.access.permission import Permission
from server.kit.errors import NotFound
from tests.support.access import Access, open_access

P, Q = "project-p", "project-q"
READ, WRITE, DELETE, ADMIN = Action.READ, Action.WRITE, Action.DELETE, Action.ADMIN


@pytest.fixture
async def access(tmp_path: Path) -> AsyncIterator[Access]:
    async with open_access(tmp_path) as opened:
        yield opened


@pytest.fixture
def policy(access: Access) -> AccessPolicy:
    return access.policy


async def member(access: Access, name: str, role: Role | None, project: str = P) -> Principal:
    principal = await access.principal(name)
    if role is not None:
        await access.roles.set_role(project, principal.id, role)
    return principal


async def allowed(policy: AccessPolicy, principal: Principal, project: str = P) -> set[Action]:
    return {action for action in Action if (await policy.decide(principal, action, project)).allowed}


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        (None, set()),
        (Role.VIEWER, {READ}),
        (Role.EDITOR, {READ, WRITE, DELETE}),
        (Role.OWNER, set(Action)),
    ],
)
async def test_a_role_allows_its_actions(
    access: Access, policy: AccessPolicy, role: Role | None, actions: set[Action]
) -> None:
    """Each role allows what it says, in its project only."""
    principal = await member(access, "ada", role)
    assert await allowed(policy, principal) == actions
    assert await allowed(policy, principal, Q) == set()
    assert await policy.role(principal, P) == role
    assert await policy.readable(principal) == (frozenset({P}) if role else frozenset())


async def test_a_decision_says_why(access: Access, policy: AccessPolicy) -> None:
    """Allowed or not, there is a sentence for a person."""
    principal = await member(access, "ada", Role.VIEWER)
    for action in Action:
        assert (await policy.decide(principal, action, P)).reason.endswith(".")


async def test_what_may_not_be_read_does_not_exist(access: Access, policy: AccessPolicy) -> None:
    """Without read every action is answered as for a project that does not exist; with read it is forbidden."""
    stranger, viewer = await member(access, "eve", None), await member(access, "ada", Role.VIEWER)
    answers = set()
    for project in (P, "no-such-project"):
        for action in Action:
            with pytest.raises(NotFound) as hidden:
                await policy.require(stranger, action, project)
            answers.add((type(hidden.value), hidden.value.code, hidden.value.detail))
    assert len(answers) == 1
    await policy.require(viewer, READ, P)
    for action in (WRITE, DELETE, ADMIN):
        with pytest.raises(Forbidden):
            await policy.require(viewer, action, P)


@pytest.mark.parametrize("role", ServerRole)
async def test_a_server_role_holds_everywhere(access: Access, policy: AccessPolicy, role: ServerRole) -> None:
    """A role on the server counts in every project, and for what belongs to none."""
    principal = await access.principal("ada", role)
    makes_projects = (await policy.decide(principal, WRITE, SERVER_WIDE, "projects")).allowed
    assert READ in await allowed(policy, principal, P)
    assert makes_projects is (role in ("editor", "maintainer", "owner", "admin"))
    assert await allowed(policy, principal, SERVER_WIDE) == (
        set(Action) if role == "admin" else {READ} & {READ if makes_projects else None}
    )
    assert await policy.readable(principal) is None


async def test_the_server_itself_may_do_everything(policy: AccessPolicy) -> None:
    """Edits by the server need no member."""
    assert await allowed(policy, SERVER) == set(Action)


async def test_scopes_narrow_and_never_widen(access: Access, policy: AccessPolicy) -> None:
    """A token's scopes are intersected with what its owner may do."""
    owner, viewer = await member(access, "ada", Role.OWNER), await member(access, "eve", Role.VIEWER)
    for scopes in ({READ}, {READ, WRITE}, set(Action)):
        assert await allowed(policy, replace(owner, scopes=frozenset(scopes))) == scopes
        assert await allowed(policy, replace(viewer, scopes=frozenset(scopes))) == {READ}


async def test_a_ticket_is_for_its_project(access: Access, policy: AccessPolicy) -> None:
    """A ticket of another project opens nothing, even for an administrator."""
    ticket = replace(await access.principal("ada", "admin"), project_scope=P)
    assert await allowed(policy, ticket, P) == set(Action)
    assert await allowed(policy, ticket, Q) == set()
    assert await policy.role(ticket, Q) is None
    assert await policy.readable(ticket) == {P}
    assert await policy.readable(replace(await member(access, "eve", None), project_scope=P)) == frozenset()


async def test_visitors_have_nothing_by_default(policy: AccessPolicy) -> None:
    """Somebody without credentials has no role unless the operator gives visitors one."""
    assert await allowed(policy, Principal("anonymous", "Guest", 0)) == set()


async def test_what_visitors_may_everybody_may(tmp_path: Path) -> None:
    """Signing in never takes away what a visitor could do."""
    async with open_access(tmp_path, anonymous_role=Role.EDITOR) as access:
        viewer = await member(access, "ada", Role.VIEWER)
        for principal in (Principal("anonymous", "Guest", 0), viewer):
            assert await allowed(access.policy, principal) == {READ, WRITE, DELETE}
            assert await access.policy.readable(principal) is None


async def test_a_change_counts_at_once(access: Access, policy: AccessPolicy) -> None:
    """What was decided before a change of roles is not remembered after it."""
    principal = await member(access, "ada", Role.VIEWER)
    other = await member(access, "eve", Role.OWNER)
    assert await allowed(policy, principal) == {READ}
    await access.roles.set_role(P, principal.id, Role.OWNER)
    assert await allowed(policy, principal) == set(Action)
    await access.roles.remove_role(P, principal.id)
    assert await allowed(policy, principal) == set()
    assert await allowed(policy, other) == set(Action)


async def test_a_refusal_is_remembered(access: Access, policy: AccessPolicy) -> None:
    """Who was refused what, and why, is published as an act; what is allowed is not."""
    viewer = await member(access, "ada", Role.VIEWER)
    access.acts.clear()
    await policy.require(viewer, READ, P, "file/a")
    with pytest.raises(Forbidden):
        await policy.require(viewer, WRITE, P, "file/a")
    with pytest.raises(NotFound):
        await policy.require(viewer, READ, Q)
    assert [(act.action, act.project_id, act.resource, act.outcome) for act in access.acts] == [
        ("access.denied", P, "file/a", "denied"),
        ("access.denied", Q, "", "denied"),
    ]
    assert access.acts[0].detail["wanted"] == "write"
    assert access.acts[0].actor.id == viewer.id


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("members", Forbidden),
        ("settings", Forbidden),
        ("op/import", Forbidden),
        ("file/secret", NotFound),
        ("tree", NotFound),
    ],
)
async def test_what_is_no_secret_is_forbidden(
    access: Access, policy: AccessPolicy, resource: str, error: type[Exception]
) -> None:
    """That a project has members is known to who knows it; that it has a file is not to who may not read that."""
    guest = await member(access, "ada", None)
    permission = Permission("", "file/a", frozenset({"read"}))
    await access.roles.change(P, [lambda changes: changes.grant(NewGrant("ada", permission))])
    with pytest.raises(error):
        await policy.require(guest, ADMIN, P, resource)
    with pytest.raises(Forbidden):
        await policy.require(guest, ADMIN, SERVER_WIDE, "users")


async def test_a_grant_shows_its_project(access: Access, policy: AccessPolicy) -> None:
    """Who may read one file sees that project, as a guest, and no other."""
    guest = await member(access, "ada", None)
    permission = Permission("", "file/a", frozenset({"read"}))
    await access.roles.change(P, [lambda changes: changes.grant(NewGrant("ada", permission))])
    assert await policy.role(guest, P) == "guest"
    assert await policy.readable(guest) == {P}
    assert (await policy.capabilities(guest, P)).allows(READ, "file/a")
    assert not (await policy.capabilities(guest, P)).covers(READ, "file/**")


async def test_a_disabled_user_has_no_project(access: Access, policy: AccessPolicy) -> None:
    """Disabled, somebody has nothing left, at once."""
    ada = await member(access, "ada", Role.OWNER)
    assert await allowed(policy, ada) == set(Action)
    await access.accounts.users.disable(await access.roles.user("ada"))
    assert await allowed(policy, ada) == set()
    assert await policy.role(ada, P) is None
    assert await policy.readable(ada) == frozenset()
