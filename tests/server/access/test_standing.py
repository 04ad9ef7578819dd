from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.access import SERVER_WIDE, Action, Principal, ServerRole
from server.access.permission import Effect, Permission, Source
from server.access.policy_data import assemble
from server.access.roles import GUEST, RoleBook
from server.access.standing import Binding, Grant, Standing

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ADA = Principal("ada", "Ada", 0)
BOOK = RoleBook()


def bound(role: str, project: str = "p", expires: datetime | None = None) -> Binding:
    return Binding("ada", project, role, expires)


def granted(resource: str, effect: Effect = Effect.ALLOW, project: str = "p") -> Grant:
    permission = Permission("g1", f"project/{project}/{resource}", frozenset({"read"}), effect)
    return Grant("ada", project, permission, "", "eve", NOW)


@pytest.mark.parametrize(
    ("standing", "shown"),
    [
        (Standing(), GUEST),
        (Standing(bindings=(bound("viewer"),)), "viewer"),
        (Standing(server_role="editor", bindings=(bound("viewer"),)), "editor"),
        (Standing(server_role="editor", bindings=(bound("owner"),)), "owner"),
        (Standing(everybody="editor", bindings=(bound("viewer"),)), "editor"),
        (Standing(bindings=(bound("owner", expires=NOW),)), GUEST),
        (Standing(everybody="viewer", bindings=(bound("reviewer"),)), "reviewer"),
        (Standing(server_role="agent"), "agent"),
        (Standing(server_role=ServerRole.ADMIN, bindings=(bound("viewer"),)), "owner"),
        (Standing(bindings=(bound("owner", "q"),)), GUEST),
    ],
)
def test_the_role_to_show(standing: Standing, shown: str) -> None:
    """The strongest of the ladder; a role beside it that was given in the project says more."""
    assert standing.shown_role("p", NOW) == shown


def test_a_binding_is_for_its_project() -> None:
    """A role in a project opens neither another one nor the server."""
    standing = Standing(bindings=(bound("owner"),))
    assert assemble(standing, BOOK, ADA, "p", NOW).allows(Action.ADMIN)
    assert not assemble(standing, BOOK, ADA, "q", NOW).visible
    assert not assemble(standing, BOOK, ADA, SERVER_WIDE, NOW).visible
    assert not assemble(Standing(bindings=(bound("owner", SERVER_WIDE),)), BOOK, ADA, SERVER_WIDE, NOW).visible


def test_a_server_role_is_for_all_projects() -> None:
    """It holds everywhere, and what it says of the system counts as well."""
    standing = Standing(server_role="editor")
    assert assemble(standing, BOOK, ADA, "any", NOW).allows(Action.WRITE, "file/a")
    assert assemble(standing, BOOK, ADA, SERVER_WIDE, NOW).allows(Action.WRITE, "projects")
    assert not assemble(standing, BOOK, ADA, SERVER_WIDE, NOW).allows(Action.READ, "users")


def test_an_ended_binding_is_no_more() -> None:
    """At its end a role counts no longer; until then the end is the edge to look again."""
    ends = NOW + timedelta(hours=1)
    before = assemble(Standing(bindings=(bound("editor", expires=ends),)), BOOK, ADA, "p", NOW)
    assert before.allows(Action.WRITE, "file/a")
    assert before.valid_until == ends
    after = assemble(Standing(bindings=(bound("editor", expires=ends),)), BOOK, ADA, "p", ends)
    assert not after.visible
    assert after.decide(Action.WRITE, "file/a").allowed is False


def test_a_grant_is_for_what_it_says() -> None:
    """A grant opens its resources in its project, and shows the project."""
    mine = assemble(Standing(grants=(granted("file/a"),)), BOOK, ADA, "p", NOW)
    assert mine.allows(Action.READ, "file/a")
    assert not mine.allows(Action.READ, "file/b")
    assert not assemble(Standing(grants=(granted("file/a"),)), BOOK, ADA, "q", NOW).visible


def test_nothing_is_taken_from_an_administrator() -> None:
    """An administrator may everything everywhere, whatever a project's owner denies them."""
    standing = Standing(server_role="admin", bindings=(bound("viewer"),), grants=(granted("**", Effect.DENY),))
    assert {rule.source for rule in standing.rules("p", BOOK)} == {Source.SERVER}
    for project in ("p", SERVER_WIDE):
        assert assemble(standing, BOOK, ADA, project, NOW).covers(Action.ADMIN, "**")


def test_a_disabled_user_has_nothing() -> None:
    """Not even what everybody has, and not as an administrator either."""
    for role in (None, "admin"):
        standing = Standing(role, (bound("owner"),), (granted("**"),), disabled=True, everybody="viewer")
        mine = assemble(standing, BOOK, ADA, "p", NOW)
        assert not mine.visible
        assert mine.decide(Action.READ).reason == "This account is disabled."


def test_a_ticket_is_for_its_project() -> None:
    """The ticket of another project opens nothing here, not even the server."""
    ticket = Principal("ada", "Ada", 0, project_scope="p")
    standing = Standing(server_role="owner")
    assert assemble(standing, BOOK, ticket, "p", NOW).visible
    assert not assemble(standing, BOOK, ticket, "q", NOW).visible
    assert not assemble(standing, BOOK, ticket, SERVER_WIDE, NOW).visible
