from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from server.access import AccessChanged, Action, Forbidden, InvalidPermission
from server.access.errors import RoleInUse, RoleNotFound, TemplateNotFound
from server.access.permission import Permission
from server.access.role_catalogue import MOST_PERMISSIONS, RoleCatalogue
from server.access.roles import RoleDefinition
from server.access.templates import Template
from tests.support.access import Access, open_access

PERMISSION = Permission("1", "project/*/doc/reviews/**", frozenset({"write"}), conditions=("session:web",))
REVIEWER = RoleDefinition("reviewer", "Reviews.", ("viewer",), (PERMISSION,))


@pytest.fixture
async def access(database_url: str) -> AsyncIterator[Access]:
    """On both databases."""
    async with open_access(database_url) as opened:
        yield opened


@pytest.fixture
def catalogue(access: Access) -> RoleCatalogue:
    return RoleCatalogue(access.roles.data)


async def test_a_role_is_kept_as_it_was_given(access: Access, catalogue: RoleCatalogue) -> None:
    """What is read back is what was saved, times included; everybody is told that roles changed."""
    root = await access.principal("root", "admin")
    until = access.clock.now() + timedelta(days=1)
    timed = Permission("2", "project/*/tree", frozenset({"read"}), "deny", (), access.clock.now(), until)
    role = RoleDefinition("reviewer", "Reviews.", ("viewer",), (PERMISSION, timed))
    access.published.clear()
    assert await catalogue.save(role, root)
    assert not await catalogue.save(role, root)
    assert (await catalogue.book()).get("reviewer") == role
    assert access.published == [AccessChanged(None, None)] * 2


async def test_a_role_in_use_stays(access: Access, catalogue: RoleCatalogue) -> None:
    """A role goes when no role inherits it and nobody has it, in a project or on the server, any more."""
    root, ada = await access.principal("root", "admin"), await access.roles.ensure_user("ada")
    await catalogue.save(REVIEWER, root)
    await catalogue.save(RoleDefinition("lead", "", ("reviewer",)), root)
    with pytest.raises(RoleInUse, match="lead"):
        await catalogue.delete("reviewer", root)
    await catalogue.delete("lead", root)
    await access.roles.set_server_role(ada, "reviewer")
    await access.roles.set_role("p", ada.id, "reviewer", until=access.clock.now() + timedelta(hours=1))
    for _ in range(2):
        with pytest.raises(RoleInUse, match="1 users"):
            await catalogue.delete("reviewer", root)
        await access.roles.set_server_role(ada, None)
    access.clock.advance(3600)
    await catalogue.delete("reviewer", root)
    with pytest.raises(RoleNotFound):
        await catalogue.delete("reviewer", root)


async def test_roles_are_defined_by_administrators(access: Access, catalogue: RoleCatalogue) -> None:
    """Not by who was one a moment ago, nor by who only looks like one."""
    root, other = await access.principal("root", "admin"), await access.principal("other", "admin")
    await access.roles.set_server_role(await access.roles.user("root"), "owner", by=other)
    for somebody in (root, await access.principal("ada", "owner")):
        with pytest.raises(Forbidden):
            await catalogue.save(REVIEWER, somebody)
        with pytest.raises(Forbidden):
            await catalogue.delete("viewer", somebody)


async def test_a_role_does_not_grow_without_end(access: Access, catalogue: RoleCatalogue) -> None:
    """Roles that inherit large roles are refused before every decision becomes slow."""
    root = await access.principal("root", "admin")
    permissions = tuple(
        Permission(str(n), f"project/*/file/{n}", frozenset({Action.READ})) for n in range(MOST_PERMISSIONS)
    )
    await catalogue.save(RoleDefinition("large", "", (), permissions), root)
    with pytest.raises(InvalidPermission):
        await catalogue.save(RoleDefinition("larger", "", ("large",), (PERMISSION,)), root)


async def test_templates_are_kept(access: Access, catalogue: RoleCatalogue) -> None:
    """A template is read back as it was saved, in pages, until it is deleted."""
    root = await access.principal("root", "admin")
    grant = Permission("", "file/src/**", frozenset({"read"}), "allow", ("owner",))
    made = [Template(name, "d", "viewer", timedelta(hours=1), (grant,)) for name in ("a", "b", "c")]
    for template in made:
        assert await catalogue.save_template(template, root)
    assert await catalogue.templates(limit=2) == made[:2]
    assert await catalogue.templates(after="b") == made[2:]
    await catalogue.delete_template("a", root)
    with pytest.raises(TemplateNotFound):
        await catalogue.template("a")
