from __future__ import annotations

import pytest

from server.access import Action, Principal, Role, ServerRole
from server.access.capabilities import Capabilities
from server.access.errors import RoleCycle
from server.access.permission import Permission
from server.access.policy_data import assemble
from server.access.roles import RoleBook, RoleDefinition
from server.access.standing import Binding, Standing
from server.kit.clock import ManualClock

NOW = ManualClock().now()
ADA = Principal("ada", "Ada", 0)
READ, WRITE, EXECUTE, DELETE, ADMIN = Action

MAY = {
    #                   the project  a file                   a lease                   a job, export, import   members
    Role.VIEWER: ("read", "read", "read", "read", "read", "", ""),
    Role.COMMENTER: ("read", "read", "read", "read", "read", "", ""),
    Role.AGENT: ("read write delete", "read write delete", "read write execute", "read write execute", "read", "", ""),
    Role.WORKER: ("read", "read", "read write execute", "read write execute", "read", "", ""),
    Role.EDITOR: (
        "read write delete",
        "read write delete",
        "read write execute",
        "read write execute",
        "read write execute",
        "read write execute",
        "",
    ),
    Role.MAINTAINER: ("read write delete", "all", "all", "all", "all", "all", "all"),
    Role.OWNER: ("all", "all", "all", "all", "all", "all", "all"),
}
RESOURCES = ("", "file/src/a.py", "lease/git:main", "job/7", "op/export", "op/import", "members")


def member(role: str) -> Capabilities:
    return assemble(Standing(bindings=(Binding("ada", "p", role),)), RoleBook(), ADA, "p", NOW)


@pytest.mark.parametrize("role", Role)
def test_what_the_shipped_roles_may_do(role: Role) -> None:
    """The table of the shipped roles, cell by cell."""
    can = member(role)
    shown = [" ".join(action for action in Action if can.allows(action, resource)) for resource in RESOURCES]
    assert tuple("all" if cell == " ".join(Action) else cell for cell in shown) == MAY[role]


def test_commenters_write_what_is_said_about_the_work() -> None:
    """Comments and chat, and nothing else."""
    can = member(Role.COMMENTER)
    assert can.allows(WRITE, "doc/comments/a.py")
    assert can.allows(WRITE, "chat/main")
    assert not can.allows(WRITE, "doc/notes")


@pytest.mark.parametrize("role", ["king", ServerRole.ADMIN])
def test_an_unknown_role_allows_nothing(role: str) -> None:
    """A name that means nothing in a project, however it came there, opens nothing."""
    assert not member(role).visible


def test_inherited_permissions_come_with_their_path() -> None:
    """A permission is told with the roles that led to it, once, also where two paths lead there."""
    diamond = RoleBook(
        [
            RoleDefinition("top", "", ("left", "right")),
            RoleDefinition("left", "", ("base",)),
            RoleDefinition("right", "", ("base",)),
            RoleDefinition("base", "", (), (Permission("1", "project/*", frozenset({READ})),)),
        ]
    )
    assert [(permission.id, path) for permission, path in diamond.permissions("top")] == [
        ("1", ("top", "left", "base"))
    ]


def test_a_cycle_is_refused_and_survived() -> None:
    """A role that would inherit itself is refused with the path; where there is one all the same, it ends."""
    book = RoleBook([RoleDefinition("a", "", ("b",)), RoleDefinition("b", "", ("a",))])
    with pytest.raises(RoleCycle, match="a > b > a"):
        book.refuse_cycle(RoleDefinition("a", "", ("b",)))
    with pytest.raises(RoleCycle, match="c > c"):
        book.refuse_cycle(RoleDefinition("c", "", ("c",)))
    book.refuse_cycle(RoleDefinition("c", "", ("a", Role.VIEWER)))
    assert book.permissions("a") == ()


def test_shipped_roles_are_what_they_are() -> None:
    """A definition under a shipped name does not replace it."""
    book = RoleBook([RoleDefinition(Role.VIEWER, "", (Role.OWNER,))])
    viewer = book.get(Role.VIEWER)
    assert viewer is not None
    assert viewer.built_in
