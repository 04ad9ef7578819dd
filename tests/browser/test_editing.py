"""Typing in a real browser: together, frozen, offline, against hostile peers."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.archives import zip_bytes
from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.chromium import says, shows, type_at_end, visitor
from tests.support.clients import hocuspocus
from tests.support.waiting import eventually, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LOGIN_LINK = re.compile(r"/login#token=\S+")
SAVED = "All changes saved"
ALL_STYLES = "[...document.querySelectorAll('[style]')].map(element => element.getAttribute('style')).join()"


async def test_two_pages_type_at_once(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """Two people type at the same time; both pages and the server end with one text that has every letter of both."""
    async with (
        visitor(browser, shared_atrium) as one,
        visitor(browser, shared_atrium, shared_atrium.token(document.split("/")[0], "editor", "grace")) as two,
    ):
        pages = [await who.edit(document) for who in (one, two)]
        await asyncio.gather(type_at_end(pages[0], "a" * 60), type_at_end(pages[1], "b" * 60))
        for page in pages:
            await says(page, SAVED)
        text = shared_atrium.read_file(document)
        assert sorted(text) == sorted("# Notes\n\none\n" + "a" * 60 + "b" * 60)
        for page in pages:
            await shows(page, text)


async def test_a_stock_client_types_too(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """What another program writes appears in the page, and what the page writes reaches the program."""
    async with (
        visitor(browser, shared_atrium) as person,
        hocuspocus(shared_atrium.sync_url, document, ADMIN_TOKEN) as program,
    ):
        page = await person.edit(document)
        await program.synced()
        await program.type("from a program 😀")
        await shows(page, "# Notes\n\none\nfrom a program 😀")
        await type_at_end(page, "!")
        await program.shows("# Notes\n\none\nfrom a program 😀!")


async def test_unsent_shows_while_the_server_is_frozen(atrium: Atrium, browser: Browser) -> None:
    """A frozen server: the page soon says how much is unsent and is not Connected; thawed, all is saved."""
    document = atrium.create_file(atrium.create_project(), "a.txt", "start")
    async with visitor(browser, atrium) as person:
        page = await person.edit(document)
        await says(page, "Connected")
        atrium.sigstop()
        await type_at_end(page, "frozen")
        await expect(page.get_by_test_id("unsent")).to_be_visible()
        sentence = await page.get_by_test_id("connection").inner_text()
        assert sentence not in ("Connected", SAVED)
        atrium.sigcont()
        await says(page, SAVED)
        assert atrium.read_file(document) == "startfrozen"


async def test_a_server_that_stops_is_noticed(atrium: Atrium, browser: Browser) -> None:
    """With nothing typed, a frozen server is noticed by the missing heartbeat, not after half a minute."""
    document = atrium.create_file(atrium.create_project(), "a.txt", "start")
    async with visitor(browser, atrium) as person:
        page = await person.edit(document)
        await says(page, "Connected")
        atrium.sigstop()
        await says(page, "Reconnecting", timeout_s=20)
        atrium.sigcont()
        await says(page, "Connected")


async def test_a_file_with_crlf(shared_atrium: Atrium, browser: Browser) -> None:
    """Line ends of a CRLF file stay as they were on disk, and two pages that edit it do not corrupt it."""
    document = shared_atrium.create_file(shared_atrium.create_project(), "dos.txt", "one\r\ntwo\r\nthree\r\n")
    async with visitor(browser, shared_atrium) as person:
        page, other = await person.edit(document), await person.edit(document)
        await shows(page, "one\ntwo\nthree\n")
        await page.locator(".cm-line").nth(1).click()
        await page.keyboard.press("End")
        await page.keyboard.type("!")
        await page.keyboard.press("Enter")
        await page.keyboard.type("2½")
        for each in (page, other):
            await shows(each, "one\ntwo!\n2½\nthree\n")
        await type_at_end(other, "four\n")
        await says(other, SAVED)
        assert shared_atrium.read_file(document) == "one\r\ntwo!\r\n2½\r\nthree\r\nfour\r\n"


async def test_a_hostile_awareness_colour(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """A peer's presence cannot style the page, cover it or make it ask another server for anything."""
    evil = "red;position:fixed;inset:0;background:url(https://evil.example/x)"
    user = {"name": "<img src=https://evil.example/y>", "color": evil, "colorLight": evil, "hue": evil, "kind": evil}
    async with (
        visitor(browser, shared_atrium) as person,
        hocuspocus(shared_atrium.sync_url, document, ADMIN_TOKEN) as peer,
        hocuspocus(shared_atrium.sync_url, document.partition("/")[0] + "/tree", ADMIN_TOKEN) as onlooker,
    ):
        page = await person.edit(document)
        await peer.synced()
        await onlooker.synced()
        place = peer.text.sticky_index(2).to_json()
        await peer.announce({"user": user, "cursor": {"anchor": place, "head": place}})
        await onlooker.announce({"user": user, "path": evil})
        await page.locator(".cm-peer-caret").first.wait_for()
        styles = await page.evaluate(
            "[...document.querySelectorAll('[style]')].map(e => e.getAttribute('style')).join()"
        )
        assert "evil" not in styles
        assert "evil.example" not in await page.locator("body").inner_text()


async def type_fifty(page: Page) -> float:
    """Types fifty letters at the beginning; the seconds until they are seen, to be compared with each other only."""
    await page.locator(".cm-content").focus()
    await page.keyboard.press("Control+Home")
    before = (await page.locator(".cm-line").first.inner_text()).count("x")
    started = time.monotonic()
    await page.keyboard.type("x" * 50)
    await eventually(page.locator(".cm-line").first.inner_text, lambda shown: shown.count("x") == before + 50)
    return time.monotonic() - started


async def test_twenty_five_selections_of_everything(shared_atrium: Atrium, browser: Browser) -> None:
    """Beside peers that have selected all of 10,000 lines, typing costs no multiple of what it costs alone."""
    document = shared_atrium.create_file(shared_atrium.create_project(), "long.txt", "a line of text\n" * 10_000)
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(visitor(browser, shared_atrium))
        page = await person.edit(document)
        await type_fifty(page)
        alone = await type_fifty(page)
        for _ in range(25):
            peer = await stack.enter_async_context(hocuspocus(shared_atrium.sync_url, document, ADMIN_TOKEN))
            await peer.synced()
            whole = {"anchor": peer.text.sticky_index(0).to_json(), "head": peer.text.sticky_index(149_999).to_json()}
            await peer.announce({"cursor": whole})
        await page.locator(".cm-peer-selection").first.wait_for()
        assert await type_fifty(page) < 10 * alone


async def test_tab_leaves_the_editor_after_escape(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """Tab indents; Escape, then Tab moves on: the keyboard is not trapped, and the page says how."""
    async with visitor(browser, shared_atrium) as person:
        page = await person.edit(document)
        editor = page.locator(".cm-content")
        await type_at_end(page, "x")
        await page.keyboard.press("Tab")
        await expect(editor).to_be_focused()
        await page.keyboard.press("Escape")
        await page.keyboard.press("Tab")
        await expect(editor).not_to_be_focused()
        described = await editor.get_attribute("aria-describedby")
        assert "Tab" in await page.locator(f"#{described}").inner_text()


async def test_offline_edits_survive_a_reload(atrium: Atrium, browser: Browser) -> None:
    """Typed with the server gone, the page closed: the text is there again and merges with what others wrote."""
    document = atrium.create_file(atrium.create_project(), "a.txt", "start ")
    async with visitor(browser, atrium) as person:
        page = await person.edit(document)
        await says(page, "Connected")
        await asyncio.to_thread(atrium.sigkill)
        await says(page, "Reconnecting")
        await type_at_end(page, "mine ")
        await shows(page, "start mine ")
        await page.evaluate("new Promise(done => setTimeout(done, 300))")  # IndexedDB has no event for "stored"
        await page.close()
        await asyncio.to_thread(atrium.start)
        async with hocuspocus(atrium.sync_url, document, ADMIN_TOKEN) as other:
            await other.synced()
            await other.edit(lambda text: text.insert(0, "theirs "))
            await other.all_saved()
        page = await person.edit(document)
        await shows(page, "theirs start mine ")
        await eventually(
            lambda: asyncio.to_thread(atrium.read_file, document), lambda text: text == "theirs start mine "
        )


async def test_a_viewer_cannot_type(shared_atrium: Atrium, document: str, browser: Browser) -> None:
    """A viewer's page is read-only and says why; it still follows what others write."""
    viewer = shared_atrium.token(document.split("/")[0], "viewer")
    async with (
        visitor(browser, shared_atrium, viewer) as person,
        hocuspocus(shared_atrium.sync_url, document, ADMIN_TOKEN) as editor,
    ):
        page = await person.edit(document)
        await says(page, "Read-only")
        await type_at_end(page, "no")
        await editor.synced()
        await editor.type("yes")
        await shows(page, "# Notes\n\none\nyes")
        assert shared_atrium.read_file(document) == "# Notes\n\none\nyes"


async def test_the_first_minutes(tmp_path: Path, browser: Browser) -> None:
    """The printed link signs in; a ZIP becomes a project; its file opens and takes text; the link works only once."""
    archive = zip_bytes({"site/index.html": b"<h1>Hello</h1>\n", "site/logo.bin": bytes(range(256))})
    with Atrium(tmp_path / "data", ATRIUM_ADMIN_TOKEN=None) as atrium:
        await until(lambda: LOGIN_LINK.search(atrium.output), what="a printed login link")
        link = LOGIN_LINK.findall(atrium.output)[0]
        async with visitor(browser, atrium, token=None) as person:
            page = await person.open(link)
            await expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
            async with page.expect_file_chooser() as chooser:
                await page.get_by_role("button", name="Import ZIP").first.click()
            file = {"name": "My site.zip", "mimeType": "application/zip", "buffer": archive}
            await (await chooser.value).set_files(file)
            await page.get_by_role("button", name="Import", exact=True).click()
            await page.wait_for_url("**/p/my-site**")
            await page.goto(f"{atrium.url}/p/my-site/f/site/index.html")
            await page.locator(".cm-content").wait_for()
            await type_at_end(page, "typed")
            await says(page, SAVED)
            await shows(page, "<h1>Hello</h1>\ntyped")
        async with visitor(browser, atrium, token=None) as late:
            page = await late.open(link)
            await expect(page.get_by_text("used already")).to_be_visible()
