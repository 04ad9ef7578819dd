"""Accounts, invitations, members, grants and the audit log, as people meet them in the browser."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.atrium import Atrium
from tests.support.chromium import Visitor, axe_violations, visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "seven green lamps hum"
NARROW = {"width": 320, "height": 640}
FAR = "2040-01-01T12:00:00Z"
ROUTES = (
    "/me",
    "/join/nothing",
    *(f"/p/{{project}}/settings/{part}" for part in ("members", "invitations", "grants", "audit")),
    "/p/{project}/settings/explain?user={user}&action=write&resource=file/readme.md",
    *(f"/admin/{part}" for part in ("users", "roles", "templates", "audit")),
    "/admin/explain?user={user}&action=write&project={project}&resource=file/readme.md",
)


@pytest.fixture
def project(shared_atrium: Atrium) -> str:
    """A project with a file in a folder and one beside it."""
    project = shared_atrium.create_project()
    for path in ("readme.md", "src/main.py"):
        shared_atrium.create_file(project, path, "text\n")
    return project


def new_user(atrium: Atrium) -> str:
    """The name of a person with a password."""
    name = f"ada-{secrets.token_hex(4)}"
    atrium.request("POST", "/api/v1/users", json={"name": name, "password": PASSWORD})
    return name


def new_member(atrium: Atrium, project: str, role: str) -> str:
    """The same, who has a role in a project."""
    name = new_user(atrium)
    atrium.request("PUT", f"/api/v1/projects/{project}/members/{name}", json={"role": role})
    return name


async def sign_in(person: Visitor, name: str, path: str = "/") -> Page:
    """A page at `path` of somebody who has just signed in with their password."""
    page = await person.open(path)
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**{path}")
    return page


async def test_signing_in_with_a_password(shared_atrium: Atrium, browser: Browser) -> None:
    """A wrong password is refused in words that tell nothing; the right one leads to where one wanted to go."""
    name = new_user(shared_atrium)
    async with visitor(browser, shared_atrium, token=None) as person:
        page = await person.open("/me")
        await page.get_by_label("Name").fill(name)
        await page.get_by_label("Password").fill("something else")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The name or the password is wrong.")).to_be_visible()
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Account")).to_be_visible()
        await expect(page.get_by_role("table", name="Sessions")).to_contain_text("This device")


async def test_too_many_attempts_have_to_wait(tmp_path: Path, browser: Browser) -> None:
    """Who tries too often is told to wait, and for how long."""
    with Atrium(tmp_path / "data", ATRIUM_LIMIT_SIGN_INS_PER_NAME="1") as atrium:
        name = new_user(atrium)
        async with visitor(browser, atrium, token=None) as person:
            page = await person.open("/login")
            await page.get_by_label("Name").fill(name)
            await page.get_by_label("Password").fill("something else")
            await page.keyboard.press("Enter")
            await expect(page.get_by_text("is wrong")).to_be_visible()
            await page.keyboard.press("Enter")
            await expect(page.get_by_text("Too many attempts")).to_be_visible()
            await expect(page.get_by_role("button", name="Wait")).to_be_disabled()


async def test_signing_out_everywhere(shared_atrium: Atrium, browser: Browser) -> None:
    """The account page lists every browser one is signed in with, and ends all of them at once."""
    name = new_user(shared_atrium)
    async with (
        visitor(browser, shared_atrium, token=None) as here,
        visitor(browser, shared_atrium, token=None) as there,
    ):
        page, other = await sign_in(here, name, "/me"), await sign_in(there, name, "/me")
        await page.reload()
        await expect(page.get_by_role("table", name="Sessions").get_by_role("row")).to_have_count(3)
        await page.get_by_role("button", name="Sign out everywhere").click()
        await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await other.reload()
        await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_key_is_shown_once(shared_atrium: Atrium, browser: Browser) -> None:
    """A new key is shown to copy, works with the scopes it was given, and is never shown again."""
    name = new_user(shared_atrium)
    async with visitor(browser, shared_atrium, token=None) as person:
        page = await sign_in(person, name, "/me")
        await page.get_by_role("button", name="New key").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("What is it for?").fill("backup")
        for action in ("Write", "Run", "Delete", "Administer"):
            await dialog.get_by_label(action, exact=True).uncheck()
        await dialog.get_by_role("button", name="Make the key").click()
        key = await page.get_by_label("Key", exact=True).input_value()
        answer = shared_atrium.try_request("GET", "/api/v1/session", headers={"Authorization": f"Bearer {key}"})
        assert answer.json()["user"]["name"] == name
        await page.get_by_role("button", name="Done").click()
        await expect(page.get_by_role("table", name="Keys")).to_contain_text("read")
        assert key not in await page.content()
        await page.get_by_role("button", name="Revoke backup").click()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(page.get_by_text("You have no keys")).to_be_visible()


async def test_an_invitation_lets_somebody_in_once(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """A link made on the settings page tells who invites to what, makes an account, and is used up by it."""
    newcomer = f"grace-{secrets.token_hex(4)}"
    async with visitor(browser, shared_atrium) as owner, visitor(browser, shared_atrium, token=None) as guest:
        page = await owner.open(f"/p/{project}")
        await page.get_by_role("link", name="Share").click()
        await page.get_by_role("button", name="Invite by link").click()
        await page.get_by_label("A word to them").fill("Welcome")
        await page.get_by_role("button", name="Make the link").click()
        link = (await page.get_by_label("Link", exact=True).input_value()).removeprefix(shared_atrium.url)

        theirs = await guest.open(link)
        await expect(theirs.get_by_role("heading", name=f"Join {project}")).to_be_visible()
        await expect(theirs.locator("main")).to_contain_text("admin invites you as editor")
        await expect(theirs.get_by_text("Welcome")).to_be_visible()
        await theirs.get_by_label("Your name").fill(newcomer)
        await theirs.get_by_label("Password").fill(PASSWORD)
        await theirs.get_by_role("button", name="Make an account and join").click()
        await expect(theirs.get_by_role("row", name="readme.md")).to_be_visible()

        await page.get_by_role("button", name="Done").click()
        await page.reload()
        await expect(page.get_by_role("table", name="Members")).to_contain_text(newcomer)
        async with visitor(browser, shared_atrium, token=None) as late:
            await expect((await late.open(link)).get_by_text("This invitation cannot be used")).to_be_visible()


async def test_joining_when_signed_in_takes_one_click(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Who is signed in joins by one button."""
    made = shared_atrium.request("POST", f"/api/v1/projects/{project}/invitations", json={"role": "viewer"}).json()
    async with visitor(browser, shared_atrium, token=None) as person:
        await sign_in(person, new_user(shared_atrium))
        page = await person.open(f"/join/{made['token']}")
        await page.get_by_role("button", name="Join the project").click()
        await expect(page.get_by_role("row", name="readme.md")).to_be_visible()


async def test_losing_access_closes_the_editor(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """When an owner removes a member, the page that the member has open says so, and takes no more typing."""
    name = new_member(shared_atrium, project, "editor")
    async with visitor(browser, shared_atrium) as owner, visitor(browser, shared_atrium, token=None) as member:
        theirs = await sign_in(member, name, f"/p/{project}/f/readme.md")
        await expect(theirs.locator(".cm-content:not([aria-readonly])")).to_be_visible()
        page = await owner.open(f"/p/{project}/settings/members")
        await page.get_by_role("button", name=f"Remove {name}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(theirs.get_by_role("alert")).to_contain_text(f"Your access to {project} has ended")
        await expect(theirs.locator(".cm-content[aria-readonly=true]")).to_be_visible()
        await theirs.get_by_role("link", name="All projects", exact=True).click()
        await expect(theirs.get_by_text("No projects yet")).to_be_visible()


async def test_access_to_one_folder_for_a_while(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """A grant with an end opens one folder and nothing else; revoked, it closes what is open through it."""
    name = new_user(shared_atrium)
    async with visitor(browser, shared_atrium) as owner, visitor(browser, shared_atrium, token=None) as person:
        page = await owner.open(f"/p/{project}/settings/grants")
        await page.get_by_role("button", name="Give access").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Who").fill(name)
        await dialog.get_by_label("Path").fill("src/")
        await dialog.get_by_label("Write").check()
        await dialog.get_by_label("Lasts").select_option(label="8 hours")
        await dialog.get_by_label("Reason").fill("helps out")
        await dialog.get_by_role("button", name="Preview").click()
        await expect(dialog.get_by_role("table")).to_contain_text("allow read and write file/src/**")
        await dialog.get_by_role("button", name="Give access").click()
        await expect(page.get_by_role("table", name="Extra access")).to_contain_text("until")

        theirs = await sign_in(person, name, f"/p/{project}/f/src/main.py")
        await expect(theirs.locator(".cm-content:not([aria-readonly])")).to_be_visible()
        await expect(theirs.get_by_role("row", name="main.py")).to_be_visible()
        await expect(theirs.get_by_role("row", name="readme.md")).to_have_count(0)

        await page.get_by_role("button", name=f"Revoke the access of {name}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(theirs.get_by_text(f"Your access to {project} has ended")).to_be_visible()


async def test_several_people_at_once(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Selected people get a role together, after a preview that changes nothing."""
    names = [new_member(shared_atrium, project, "viewer") for _ in range(2)]
    async with visitor(browser, shared_atrium) as owner:
        page = await owner.open(f"/p/{project}/settings/members")
        for name in names:
            await page.get_by_label(f"Select {name}").check()
        await page.get_by_role("button", name="Set role").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Role").select_option("maintainer")
        await dialog.get_by_role("button", name="Preview").click()
        for name in names:
            await expect(dialog.get_by_role("row", name=name)).to_have_text(f"{name}ViewerMaintainer")
        members = shared_atrium.request("GET", f"/api/v1/projects/{project}/members").json()["items"]
        assert {member["role"] for member in members if member["user"]["name"] in names} == {"viewer"}
        await dialog.get_by_role("button", name="Change 2 people").click()
        for name in names:
            row = page.get_by_role("table", name="Members").get_by_role("row", name=name)
            await expect(row).to_contain_text("Maintainer")


async def test_why_somebody_may_not(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """The page says in words that a viewer may not write, and the log shows the refusal."""
    name = new_member(shared_atrium, project, "viewer")
    async with visitor(browser, shared_atrium) as owner, visitor(browser, shared_atrium, token=None) as person:
        await sign_in(person, name)
        url = f"{shared_atrium.url}/api/v1/projects/{project}/files/readme.md"
        refused = await person.context.request.delete(url, headers={"Origin": shared_atrium.url})
        assert refused.status == 403
        page = await owner.open(f"/p/{project}/settings/explain")
        await page.get_by_label("Who").fill(name)
        await page.get_by_label("Action").select_option("delete")
        await page.get_by_label("Resource").fill("file/readme.md")
        await page.get_by_role("button", name="Explain").click()
        await expect(page.get_by_role("heading", name=f"{name} may not delete file/readme.md")).to_be_visible()
        await page.get_by_role("link", name="Audit log").click()
        await page.get_by_label("Outcome").select_option("denied")
        await expect(page.locator(".act", has_text=name).first).to_contain_text("file/readme.md")


async def test_the_log_is_verified_and_exported(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """The administrator's log names what was done, can be proved, and comes as a file."""
    async with visitor(browser, shared_atrium) as administrator:
        page = await administrator.open("/admin/audit")
        await page.get_by_label("Text").fill(project)
        await expect(page.locator(".act", has_text="project created").first).to_be_visible()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV").click()
        assert (await download.value).suggested_filename == "audit.csv"
        await page.get_by_role("button", name="Verify").click()
        await expect(page.get_by_text("Nothing was changed")).to_be_visible()


async def test_users_and_roles_are_administered(shared_atrium: Atrium, browser: Browser) -> None:
    """An administrator makes an agent with a key, and a role; disabled, the agent's key is worth nothing."""
    agent, role = f"bot-{secrets.token_hex(4)}", f"role-{secrets.token_hex(4)}"
    async with visitor(browser, shared_atrium) as administrator:
        page = await administrator.open("/admin/users")
        await page.get_by_role("button", name="New user").click()
        await page.get_by_role("dialog").get_by_label("Name").fill(agent)
        await page.get_by_role("radio", name="Agent").check()
        await page.get_by_role("button", name="Create").click()
        await page.get_by_label("Find by name").fill(agent)
        actions = page.get_by_role("button", name=f"Actions for {agent}")
        await actions.click()
        await page.get_by_role("menuitem", name="Make a key").click()
        await page.get_by_label("What is it for?").fill("work")
        await page.get_by_role("button", name="Make the key").click()
        key = await page.get_by_label("Key", exact=True).input_value()
        await page.get_by_role("button", name="Done").click()
        bearer = {"Authorization": f"Bearer {key}"}
        assert shared_atrium.try_request("GET", "/api/v1/session", headers=bearer).status_code == 200
        await actions.click()
        await page.get_by_role("menuitem", name="Disable").click()
        await page.get_by_role("button", name="Disable", exact=True).click()
        await expect(page.get_by_role("row", name=agent)).to_contain_text("disabled")
        assert shared_atrium.try_request("GET", "/api/v1/session", headers=bearer).status_code == 401

        await page.get_by_role("link", name="Roles").click()
        await page.get_by_role("button", name="New role").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill(role)
        await dialog.get_by_label("Viewer").check()
        await dialog.get_by_role("button", name="Add a permission").click()
        await dialog.get_by_label("Path").fill("docs/")
        await dialog.get_by_label("Write").check()
        await dialog.get_by_role("button", name="Save").click()
        await page.get_by_role("button", name=role).click()
        table = page.get_by_role("table", name=f"Permissions of {role}")
        await expect(table.get_by_role("row", name="project/*/file/docs/**")).to_contain_text("read and write")
        await expect(table).to_contain_text("viewer")


async def test_pages_of_others_are_closed(shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """Who may not administer is told so in words, by the settings of a project and by the administration."""
    name = new_member(shared_atrium, project, "viewer")
    async with visitor(browser, shared_atrium, token=None) as person:
        await sign_in(person, name)
        for path in (f"/p/{project}/settings/members", f"/p/{project}/settings/audit", "/admin/users"):
            page = await person.open(path)
            await expect(page.get_by_text("This is not open to you")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
async def test_axe_finds_nothing(theme: str, shared_atrium: Atrium, project: str, browser: Browser) -> None:
    """No page has an accessibility violation, and none scrolls sideways on the narrowest screen."""
    user = new_member(shared_atrium, project, "viewer")
    grant = {"user": user, "resource": "file/src/**", "actions": ["write"], "until": FAR}
    shared_atrium.request("POST", f"/api/v1/projects/{project}/grants", json=grant)
    shared_atrium.request("POST", f"/api/v1/projects/{project}/invitations", json={"role": "viewer"})
    scheme = "dark" if theme == "dark" else "light"
    found, wide = {}, {}
    async with visitor(browser, shared_atrium, color_scheme=scheme, reduced_motion="reduce") as person:
        await person.context.add_init_script(f"localStorage.setItem('atrium:theme', '{theme}')")
        for route in ROUTES:
            page = await person.open(route.format(project=project, user=user))
            await page.locator("table, .acts, .notice, .role-tree, .verdict").first.wait_for()
            found[route] = await axe_violations(page)
            await page.set_viewport_size(NARROW)
            wide[route] = await page.evaluate("document.documentElement.scrollWidth")
            await page.close()
    assert {route: faults for route, faults in found.items() if faults} == {}
    assert {route: width for route, width in wide.items() if width > NARROW["width"]} == {}
