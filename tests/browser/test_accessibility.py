"""Every route, in both themes, at any width: axe finds nothing, nothing scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.chromium import Visitor, axe_violations, visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NARROW = {"width": 320, "height": 640}
FILES = "/p/{project}/f/"
ROUTES = ("/login", "/", "/p/{project}", FILES + "readme.md", FILES + "logo.bin", FILES + "no.txt", "/x")
SETTLED = {
    "/login": "form",
    "/": ".projects",
    "/p/{project}": "[role=treegrid], [role=tree]",
    FILES + "readme.md": ".cm-content",
}


@pytest.fixture
def project(shared_atrium: Atrium) -> str:
    """A project with a text and a binary file, and somebody in it."""
    project = shared_atrium.create_project()
    shared_atrium.create_file(project, "readme.md", "# Read me\n\n- one\n- two\n\n```js\nlet x = 1 // text\n```\n")
    url = f"/api/v1/projects/{project}/files/logo.bin"
    shared_atrium.request("PUT", url, content=bytes(range(256)), headers={"If-None-Match": "*"})
    return project


async def open_route(person: Visitor, route: str, project: str) -> Page:
    """A page that has loaded what its route shows."""
    page = await person.open(route.format(project=project))
    await page.locator(SETTLED.get(route, "main")).first.wait_for()
    await page.wait_for_load_state("networkidle")
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(theme: str, shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """No route has an accessibility violation."""
    found = {}
    async with visitor(browser, shared_atrium, color_scheme=theme, reduced_motion="reduce") as person:
        for route in ROUTES:
            page = await open_route(person, route, project)
            found[route] = await axe_violations(page)
            await page.close()
    assert {route: faults for route, faults in found.items() if faults} == {}


async def test_axe_finds_nothing_in_the_preview(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Neither has the preview of a Markdown file."""
    async with visitor(browser, shared_atrium, ADMIN_TOKEN, reduced_motion="reduce") as person:
        page = await open_route(person, FILES + "readme.md", project)
        await page.get_by_role("button", name="Preview").click()
        await page.get_by_role("heading", name="Read me").wait_for()
        assert await axe_violations(page) == []


async def test_pages_reflow_at_320_pixels(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """On the narrowest screen nothing scrolls sideways, and the connection is still in words."""
    wide = {}
    async with visitor(browser, shared_atrium, viewport=NARROW) as person:
        for route in ROUTES:
            page = await open_route(person, route, project)
            wide[route] = await page.evaluate("document.documentElement.scrollWidth")
            if route.startswith("/p/"):
                assert await page.get_by_test_id("connection").is_visible()
            await page.close()
    assert {route: width for route, width in wide.items() if width > NARROW["width"]} == {}
