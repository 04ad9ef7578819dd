"""The documentation is whole: links lead somewhere, generated pages are fresh, records keep their form."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from server.settings import Limits, OidcSettings, Settings
from tests.support.repository import ROOT, repository_files, shown, text_files

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
RELEASE = re.compile(r"(Unreleased|\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2})")
CHANGES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
TEST_SETTINGS = {"ATRIUM_CHROMIUM"}
CLIENT_SETTINGS = {"ATRIUM_URL", "ATRIUM_TOKEN", "ATRIUM_PROJECT", "ATRIUM_FENCE"}
DECISION = ("Context", "Decision", "Consequences")


def pages() -> dict[Path, str]:
    """The Markdown pages without their fenced code."""
    return {path: FENCE.sub("", text) for path, text in text_files().items() if path.suffix == ".md"}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = (match["title"].replace("`", "") for match in HEADING.finditer(pages()[page]))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def links(page: Path) -> list[tuple[str, Path, str]]:
    """(link, file it leads to, anchor) of every link of a page into the repository."""
    targets = (match["target"] for match in LINK.finditer(pages()[page]))
    inside = [target for target in targets if not re.match(r"[a-z]+:", target)]
    return [
        (target, (page.parent / path).resolve() if path else page, anchor)
        for target in inside
        for path, _, anchor in (target.partition("#"),)
    ]


def test_links_lead_somewhere() -> None:
    """Every relative link of every page names a file of the repository, and a heading that it has."""
    known = {path.resolve() for path in repository_files()}
    broken = [
        f"{shown(page)}: {link}"
        for page in pages()
        for link, path, anchor in links(page)
        if not (path in known or path.is_dir()) or (anchor and path.suffix == ".md" and anchor not in anchors(path))
    ]
    assert not broken, "\n".join(broken)


def test_pages_are_reachable() -> None:
    """Every page of `docs/` is found by following links from its index."""
    found: set[Path] = set()
    queue = [ROOT / "docs" / "README.md"]
    while queue:
        page = queue.pop()
        if page in pages() and page not in found:
            found.add(page)
            queue += [path for _, path, _ in links(page)]
    lost = [shown(page) for page in pages() if page.is_relative_to(ROOT / "docs") and page not in found]
    assert not lost, "\n".join(lost)


def test_the_walk_names_what_exists() -> None:
    """Every function and class on the walk of one update is defined in the code."""
    walk = pages()[ROOT / "docs" / "walk-of-one-update.md"]
    named = {name.rpartition(".")[2] for name in re.findall(r"`([A-Za-z_]+(?:\.[a-z_]+)?)(?:\([^`]*\))?`", walk)}
    code = "\n".join(text for path, text in text_files().items() if path.suffix == ".py")
    defined = set(re.findall(r"\b(?:def|class) (\w+)", code)) | set(re.findall(r"\bself\.(\w+)", code))
    assert named - defined <= {"ATRIUM_DURABILITY", "power"}


def test_settings_that_are_named_exist() -> None:
    """No page and no deployment file speaks of a setting that the server does not have."""
    known = {
        f"{group.model_config['env_prefix']}{name.upper()}"
        for group in (Settings, Limits, OidcSettings)
        for name in group.model_fields
    }
    files = (path for path in text_files() if path.suffix in (".md", ".yml", ".service") or path.name == "Dockerfile")
    named = {name for path in files for name in re.findall(r"\bATRIUM_[A-Z0-9_]*[A-Z0-9]", text_files()[path])}
    assert named <= known | TEST_SETTINGS | CLIENT_SETTINGS


def test_generated_pages_are_fresh() -> None:
    """`make docs` would change nothing."""
    command = [sys.executable, "docs/generate.py", "--check"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_decisions_are_numbered_and_whole() -> None:
    """Decision records are numbered without a gap, and say their context, decision and consequences."""
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        titles = [match["title"] for match in HEADING.finditer(pages()[record])]
        assert titles[0].startswith(f"{int(record.name[:4])}. "), shown(record)
        assert [title for title in titles if title in DECISION] == list(DECISION), shown(record)


def test_changelog_keeps_its_grammar() -> None:
    """`CHANGELOG.md` follows Keep a Changelog: releases newest first, known kinds of change, one bullet each."""
    lines = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line]
    assert lines[0] == "# Changelog"
    releases = [line[3:] for line in lines if line.startswith("## ")]
    assert releases[0] == "Unreleased"
    assert all(RELEASE.fullmatch(release) for release in releases)
    assert releases[1:] == sorted(releases[1:], key=lambda name: name.rpartition(" ")[2], reverse=True)
    first = next(number for number, line in enumerate(lines) if line.startswith("## "))
    for line in lines[first:]:
        heading = line.removeprefix("### ") in CHANGES if line.startswith("### ") else line.startswith("## ")
        assert heading or line.startswith(("- ", "  ")), line


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"])
def test_the_house_has_its_signs(name: str) -> None:
    """The files that everybody looks for are there and not empty."""
    assert (ROOT / name).stat().st_size > 200
