from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.access import AccessChanged, Principal, Role
from server.kit.errors import NotFound
from server.projects import Project, ProjectDeleted, SlugTaken
from tests.support.access import Access, open_access

GUEST = Principal("anonymous", "Guest", 0)


@pytest.fixture
async def access(database_url: str) -> AsyncIterator[Access]:
    """On both databases."""
    async with open_access(database_url) as opened:
        yield opened


async def make(access: Access, slug: str = "acme", owner: Principal = GUEST) -> Project:
    return await access.projects.create(slug, slug.title(), owner=owner)


async def test_a_project_is_found_by_id_and_slug(access: Access) -> None:
    """What was made comes back whole, whichever way one asks."""
    project = await make(access)
    assert await access.projects.get(project.id) == project
    assert await access.projects.get_by_slug("acme") == project
    assert await access.projects.find_id("acme") == project.id


async def test_whoever_makes_a_project_owns_it(access: Access) -> None:
    """The creator is the owner in the same moment; a visitor's project has none."""
    ada = await access.principal("ada")
    assert await access.roles.role(ada.id, "") is None
    mine, nobodys = await make(access, "mine", ada), await make(access, "nobodys")
    assert await access.roles.role(ada.id, mine.id) == Role.OWNER
    assert await access.roles.members(nobodys.id) == []


async def test_a_slug_is_given_once(access: Access) -> None:
    """Of many who want the same slug at the same moment one gets it, and the others leave nothing behind."""
    ada = await access.principal("ada")
    tries = await asyncio.gather(*(make(access, "acme", ada) for _ in range(8)), return_exceptions=True)
    made = [project for project in tries if isinstance(project, Project)]
    assert [project.id for project in await access.projects.list()] == [project.id for project in made]
    assert sum(isinstance(failure, SlugTaken) for failure in tries) == 7
    assert (await access.roles.standing(ada.id)).projects(access.clock.now()) == {made[0].id}


async def test_old_slugs_lead_to_the_project(access: Access) -> None:
    """However often a project is renamed, every address it had still works."""
    project = await make(access)
    for slug in ("beta", "gamma"):
        await access.projects.change(project.id, slug=slug)
    for slug in ("acme", "beta", "gamma"):
        found = await access.projects.get_by_slug(slug)
        assert (found.id, found.slug) == (project.id, "gamma")


async def test_old_slugs_are_kept_for_the_project(access: Access) -> None:
    """Nobody else can take an address that once led here; the project itself can take it back."""
    project, other = await make(access), await make(access, "other")
    await access.projects.change(project.id, slug="beta")
    with pytest.raises(SlugTaken):
        await make(access, "acme")
    for slug in ("acme", "beta"):
        with pytest.raises(SlugTaken):
            await access.projects.change(other.id, slug=slug)
    assert (await access.projects.change(project.id, slug="acme")).slug == "acme"
    assert (await access.projects.get(other.id)).slug == "other"


async def test_a_change_keeps_what_is_not_given(access: Access) -> None:
    """Name and slug change independently; a change of nothing changes nothing."""
    project = await make(access)
    assert await access.projects.change(project.id) == project
    renamed = await access.projects.change(project.id, name="New name")
    assert (renamed.slug, renamed.name) == ("acme", "New name")


async def test_a_deleted_project_is_gone(access: Access) -> None:
    """It is found no more under any address, subscribers are told, and its slugs are free."""
    project = await make(access)
    await access.projects.change(project.id, slug="beta")
    await access.projects.delete(project.id)
    assert access.published == [ProjectDeleted(project.id)]
    for slug in ("acme", "beta"):
        with pytest.raises(NotFound):
            await access.projects.get_by_slug(slug)
        await make(access, slug)
    for again in (access.projects.get(project.id), access.projects.delete(project.id)):
        with pytest.raises(NotFound):
            await again
    with pytest.raises(NotFound):
        await access.projects.change(project.id, name="x")
    assert project.id not in [listed.id for listed in await access.projects.list()]


async def test_projects_are_listed_by_slug(access: Access) -> None:
    """A page after the other, in the order of slugs, those asked for only."""
    made = {slug: await make(access, slug) for slug in ("d", "b", "a", "c")}
    assert [project.slug for project in await access.projects.list(limit=3)] == ["a", "b", "c"]
    assert [project.slug for project in await access.projects.list(after="c")] == ["d"]
    assert await access.projects.list({made["b"].id}) == [made["b"]]
    assert await access.projects.list(frozenset()) == []


@pytest.mark.parametrize("slug", ["", "nowhere", "UPPER", "a_b", "\0", "../..", "a" * 5000, "é"])
async def test_an_unknown_slug_is_not_found(access: Access, slug: str) -> None:
    """No text of any kind finds a project that is not there."""
    with pytest.raises(NotFound):
        await access.projects.get_by_slug(slug)


async def test_creation_is_told_as_a_change_of_access(access: Access) -> None:
    """The new owner's access is announced like any other."""
    ada = await access.principal("ada")
    project = await make(access, "acme", ada)
    assert access.published == [AccessChanged(project.id, ada.id)]
