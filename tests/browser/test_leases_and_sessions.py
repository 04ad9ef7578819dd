"""What does not merge, as people meet it in the browser: who is here, who holds what, whose turn it is."""

from __future__ import annotations

import asyncio
import re
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.support.atrium import Atrium, clean_environment
from tests.support.chromium import Visitor, axe_violations, says, shows, type_at_end, visitor
from tests.support.repository import ROOT
from tests.support.waiting import PATIENCE_S

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
FACES = re.compile(r"Here now: .*zoe-")
HOLD = "echo $ATRIUM_FENCE; cat"  # says its fence, and goes on until its input ends


@pytest.fixture
def project(shared_atrium: Atrium) -> str:
    """A project with a file."""
    project = shared_atrium.create_project()
    shared_atrium.create_file(project, "readme.md", "text\n")
    return project


@asynccontextmanager
async def somebody(
    browser: Browser, atrium: Atrium, project: str, role: str, name: str, **options: Any
) -> AsyncIterator[Visitor]:
    """The window of a member of the project, wide enough for three columns."""
    token = atrium.token(project, role, f"{name}-{project}")
    async with visitor(browser, atrium, token, **({"viewport": WIDE} | options)) as person:
        yield person


@asynccontextmanager
async def terminal(atrium: Atrium, project: str, name: str, resource: str) -> AsyncIterator[None]:
    """`atrium lock` that holds the resource."""
    token = atrium.token(project, "editor", f"{name}-{project}")
    words = {"ATRIUM_URL": atrium.url, "ATRIUM_TOKEN": token, "ATRIUM_PROJECT": project}
    command = [sys.executable, "-m", "server", "lock", resource, "--", "sh", "-c", HOLD]
    environment = clean_environment(words) | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        yield
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE_S)


def row(page: Page, name: str) -> Locator:
    """Somebody's line among those who are here."""
    return page.get_by_role("region", name="Here now").get_by_role("listitem").filter(has_text=name)


async def shape(page: Page, name: str) -> str:
    """The outline of somebody's mark."""
    return await row(page, name).locator("svg path").get_attribute("d") or ""


def branch(page: Page) -> Locator:
    """The chip that says how things stand with the branch."""
    return page.get_by_role("button", name="Branch main")


async def choose(page: Page, label: str) -> None:
    """Does something about the lease of the branch."""
    await branch(page).click()
    await page.get_by_role("menuitem", name=label).click()


async def is_told(page: Page, text: str) -> None:
    """Waits for a notification, reads it and closes the list."""
    bell = page.get_by_role("button", name="Notifications")
    await bell.click()
    await expect(page.get_by_role("dialog", name="Notifications")).to_contain_text(text)
    await page.keyboard.press("Escape")


async def test_everybody_is_seen_by_shape_and_role(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Two browsers and a terminal see each other: shapes tell people from terminals, one session is primary."""
    async with (
        somebody(browser, shared_atrium, project, "owner", "ada") as one,
        somebody(browser, shared_atrium, project, "editor", "ken") as two,
    ):
        ada = await one.edit(f"{project}/files/readme.md")
        await expect(row(ada, "(you)")).to_contain_text("Primary")
        ken = await two.open(f"/p/{project}")
        async with terminal(shared_atrium, project, "zoe", "database:orders"):
            for page in (ada, ken):
                await expect(row(page, "ada")).to_contain_text("Primary")
                await expect(row(page, "ada")).to_contain_text("in readme.md")
                await expect(row(page, "ken")).to_contain_text("Secondary")
                await expect(row(page, "zoe")).to_contain_text("sh -c")
                assert await shape(page, "ken") == await shape(page, "ada") != await shape(page, "zoe")
                await expect(page.get_by_role("button", name=FACES)).to_be_visible()


async def test_a_turn_comes(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Who waits is seen by the holder, gets the lease when it is released, and is told so."""
    async with (
        somebody(browser, shared_atrium, project, "owner", "ada") as one,
        somebody(browser, shared_atrium, project, "editor", "ken") as two,
    ):
        ada, ken = await one.open(f"/p/{project}"), await two.open(f"/p/{project}/leases")
        await expect(ken.get_by_text("Nothing is leased").first).to_be_visible()
        await choose(ada, "Take git:main")
        await expect(branch(ada)).to_have_accessible_name("Branch main yours")
        held = ken.get_by_role("row", name="main")
        await expect(held).to_contain_text(f"ada-{project}")
        await expect(held).to_contain_text("Primary")
        await expect(held.get_by_role("progressbar", name="Time left of git:main")).to_be_visible()

        await choose(ken, "Ask for it")
        await is_told(ada, f"ken-{project} asks you to release git:main.")
        await held.get_by_role("button", name="Wait").click()
        await expect(held.get_by_role("list", name="Waiting")).to_have_text("You")
        await expect(branch(ken)).to_have_accessible_name("Branch main next in the queue")
        await is_told(ada, f"ken-{project} waits for git:main")
        await expect(ada.get_by_role("list", name="Waiting")).to_have_text(f"ken-{project}")

        await ada.get_by_role("button", name="Release git:main").click()
        await expect(branch(ken)).to_have_accessible_name("Branch main yours")
        await is_told(ken, "It was your turn: git:main is yours now.")
        await expect(branch(ada)).to_have_accessible_name(f"Branch main held by ken-{project}")


async def test_a_lease_is_taken_away(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """A refusal names the holder; who administers the project takes the lease away, and the holder is told why."""
    async with (
        somebody(browser, shared_atrium, project, "owner", "ada") as one,
        somebody(browser, shared_atrium, project, "editor", "ken") as two,
    ):
        ada, ken = await one.open(f"/p/{project}/leases"), await two.open(f"/p/{project}")
        await choose(ken, "Take git:main")
        await expect(ada.get_by_role("row", name="main")).to_contain_text(f"ken-{project}")
        await ada.get_by_role("button", name="Take a lease").click()
        dialog = ada.get_by_role("dialog")
        await dialog.get_by_label("Wait if somebody has it").select_option("Not at all")
        await dialog.get_by_role("button", name="Take").click()
        await expect(dialog.get_by_role("alert")).to_contain_text(f"ken-{project} has git:main")
        await ada.keyboard.press("Escape")

        await ada.get_by_role("button", name="More for git:main").click()
        await ada.get_by_role("menuitem", name="Take away…").click()
        await expect(dialog.get_by_role("button", name="Take away")).to_be_disabled()
        await dialog.get_by_label("Reason").fill("release day")
        await dialog.get_by_role("button", name="Take away").click()
        await is_told(ken, "An administrator took git:main away from you: release day")
        acts = shared_atrium.request("GET", f"/api/v1/projects/{project}/audit", params={"action": "lease.stolen"})
        assert [act["detail"]["reason"] for act in acts.json()["items"]] == ["release day"]


async def test_a_leased_file(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Above a leased file everybody reads who has it; text is merged all the same; released, the banners go."""
    document = f"{project}/files/readme.md"
    async with (
        somebody(browser, shared_atrium, project, "owner", "ada") as one,
        somebody(browser, shared_atrium, project, "editor", "ken") as two,
    ):
        ada, ken = await one.edit(document), await two.edit(document)
        await ada.get_by_role("button", name="Take a lease").click()
        dialog = ada.get_by_role("dialog")
        await dialog.get_by_label("On", exact=True).select_option("File or folder")
        await dialog.get_by_label("Which").fill("readme.md")
        await dialog.get_by_role("button", name="Take").click()
        yours = ada.locator(".banner", has_text="You have leased this file")
        theirs = ken.locator(".banner", has_text=f"Leased by ada-{project} until")
        await expect(yours).to_be_visible()
        await expect(theirs.get_by_role("button", name="Ask")).to_be_visible()
        await type_at_end(ken, "more")
        await says(ken, "All changes saved")
        await shows(ada, "text\nmore")

        await theirs.get_by_role("button", name="Wait").click()
        await expect(ken.locator(".banner")).to_contain_text("You are next in the queue")
        await ken.locator(".banner").get_by_role("button", name="Leave the queue").click()
        await expect(theirs).to_be_visible()
        await yours.get_by_role("button", name="Release").click()
        await expect(ada.locator(".banner")).to_have_count(0)
        await expect(ken.locator(".banner")).to_have_count(0)


async def test_a_cut_connection_is_the_same_session_again(
    shared_atrium: Atrium, project: str, browser: Browser
) -> None:
    """While its control socket is away, others see for how long it may come back; back, it has its lease still."""
    sockets: list[tuple[WebSocketRoute, WebSocketRoute]] = []
    open_again = asyncio.Event()

    async def pass_on(socket: WebSocketRoute) -> None:
        if sockets:
            await open_again.wait()
        sockets.append((socket, socket.connect_to_server()))

    def sessions() -> list[str]:
        listed = shared_atrium.request("GET", f"/api/v1/projects/{project}/sessions").json()["items"]
        return [one["id"] for one in listed if one["user"]["name"] == f"ken-{project}"]

    async with (
        somebody(browser, shared_atrium, project, "owner", "ada") as one,
        somebody(browser, shared_atrium, project, "editor", "ken") as two,
    ):
        ada = await one.open(f"/p/{project}")
        await two.context.route_web_socket("**/control?**", pass_on)
        ken = await two.open(f"/p/{project}")
        await choose(ken, "Take git:main")
        await expect(branch(ken)).to_have_accessible_name("Branch main yours")
        before = sessions()
        for socket in reversed(sockets[0]):
            await socket.close(code=1011)
        await expect(row(ada, "ken")).to_contain_text("away, reconnect window 1:")
        open_again.set()
        await expect(row(ada, "ken")).not_to_contain_text("away")
        await expect(branch(ken)).to_have_accessible_name("Branch main yours")
        assert sessions() == before
        assert len(before) == 1

        await ken.reload()
        await expect(branch(ken)).to_have_accessible_name("Branch main yours")
        assert sessions() == before


async def test_the_column_by_keyboard_and_on_a_narrow_screen(
    shared_atrium: Atrium, project: str, browser: Browser
) -> None:
    """Ctrl J shows and hides people and leases, also after a reload; on a narrow screen they are a tab of their own."""
    async with somebody(browser, shared_atrium, project, "editor", "ken") as person:
        page = await person.edit(f"{project}/files/readme.md")
        column = page.get_by_role("complementary", name="People and leases")
        await expect(column).to_contain_text("Nothing is leased")
        await page.keyboard.press("Control+j")
        await expect(column).to_be_hidden()
        await page.reload()
        await page.locator(".cm-content").wait_for()
        await expect(column).to_be_hidden()
        await page.set_viewport_size(NARROW)
        await page.get_by_role("button", name="People", exact=True).click()
        await expect(row(page, "(you)")).to_be_visible()
        await column.get_by_role("link", name="Leases").press("Enter")
        await expect(page.get_by_role("heading", name="Leases", level=2).last).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
async def test_axe_finds_nothing(theme: str, shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Neither the list, the column, the notifications nor the dialogs violate anything; nothing scrolls sideways."""
    scheme = "dark" if theme == "dark" else "light"
    looks: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    found: dict[str, list[str]] = {}
    async with (
        somebody(browser, shared_atrium, project, "owner", "ada", **looks) as one,
        terminal(shared_atrium, project, f"zoe-{secrets.token_hex(2)}", "git:main"),
    ):
        await one.context.add_init_script(f"localStorage.setItem('atrium:theme', '{theme}')")
        page = await one.open(f"/p/{project}/leases")
        await page.get_by_role("button", name="Wait git:main").click()
        await page.get_by_role("list", name="Waiting").first.wait_for()
        found["list"] = await axe_violations(page)
        await page.get_by_role("button", name="Take a lease").first.click()
        found["dialog"] = await axe_violations(page)
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Notifications").click()
        found["notifications"] = await axe_violations(page)
        await page.keyboard.press("Escape")
        await page.set_viewport_size(NARROW)
        found["narrow"] = await axe_violations(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        await page.set_viewport_size(WIDE)
        await page.goto(f"{shared_atrium.url}/p/{project}/f/readme.md")
        await page.get_by_role("list", name="Waiting").wait_for()
        found["column"] = await axe_violations(page)
    assert {where: faults for where, faults in found.items() if faults} == {}
