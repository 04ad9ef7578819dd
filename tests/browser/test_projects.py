"""What is around the text: who is here, the file tree, the command box."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.atrium import Atrium
from tests.support.chromium import shows, visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


async def test_others_are_seen(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """Who else is here shows in the top bar and at a caret in the text, by the name of the login, until they leave."""
    project = document.partition("/")[0]
    token = shared_atrium.token(project, "editor", f"grace-{project}")
    async with visitor(browser, shared_atrium) as one:
        page = await one.edit(document)
        face = page.get_by_role("button", name=f"Here now: grace-{project}")
        async with visitor(browser, shared_atrium, token) as two:
            other = await two.edit(document)
            await other.locator(".cm-content").click()
            await expect(face).to_be_visible()
            await expect(page.locator(".cm-peer-caret")).to_contain_text(f"grace-{project}")
        await expect(face).to_be_hidden()
        await expect(page.locator(".cm-peer-caret")).to_have_count(0)


async def test_a_deleted_file_can_be_restored(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """Who has a file open that somebody deletes is told so, and can bring it back."""
    async with visitor(browser, shared_atrium) as person:
        page = await person.edit(document)
        project, _, path = document.partition("/files/")
        shared_atrium.request("DELETE", f"/api/v1/projects/{project}/files/{path}")
        restore = page.get_by_role("button", name="Restore")
        await restore.click()
        await expect(restore).to_be_hidden()
        await shows(page, "# Notes\n\none\n")
        assert shared_atrium.read_file(document) == "# Notes\n\none\n"


async def test_the_life_of_a_file(shared_atrium: Atrium, browser: Browser) -> None:
    """A file is made, renamed by the keyboard, deleted, and brought back by Undo."""
    project = shared_atrium.create_project()
    async with visitor(browser, shared_atrium) as person:
        page = await person.open(f"/p/{project}")
        await page.get_by_role("button", name="New file").first.click()
        await page.get_by_role("dialog").get_by_role("textbox").fill("a.md")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_have_count(0)  # which gives the focus back when it goes
        await page.get_by_role("row", name="a.md").press("F2")
        await page.get_by_role("dialog").get_by_role("textbox").fill("b.md")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.get_by_role("row", name="b.md").press("Delete")
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("row", name="b.md")).to_be_visible()
        assert shared_atrium.read_file(f"{project}/files/b.md") == ""


async def test_the_command_box_opens_a_file(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """Ctrl K, a few letters and Enter open a file."""
    async with visitor(browser, shared_atrium) as person:
        page = await person.open(f"/p/{document.partition('/')[0]}")
        await expect(page.get_by_role("row", name="src")).to_be_visible()
        await page.keyboard.press("Control+k")
        await page.keyboard.type("notes")
        await page.keyboard.press("Enter")
        await shows(page, "# Notes\n\none\n")
