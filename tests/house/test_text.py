"""What the repository's text may say: it speaks of the project, wherever it is cloned."""

from __future__ import annotations

import re

from tests.support.repository import shown, text_files

URL = re.compile(r"\b(?:https?|wss?)://(?P<host>[A-Za-z0-9.-]+\.[A-Za-z]{2,})")
HOSTS = re.compile(
    r"(.*\.)?example(\.com|\.org|\.net)?"
    r"|github\.com|keepachangelog\.com|semver\.org|adr\.github\.io|opensource\.org|(www\.)?w3\.org|schema\.org"
    r"|(.*\.)?rfc-editor\.org|datatracker\.ietf\.org|docs\.yjs\.dev|(.*\.)?readthedocs\.io|docs\.python\.org"
    r"|(www\.)?sqlite\.org|(www\.)?postgresql\.org|redis\.io|docs\.docker\.com|caddyserver\.com|tiptap\.dev"
    r"|json-schema\.org|biomejs\.dev|ui\.perfetto\.dev|(www\.)?unicode\.org"
)
MACHINE_PATH = re.compile(r"(?<![\w.:/~-])/(?:home|root|Users|work|opt/wheels)/[\w.-]+")


def places(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """(place, match) of `pattern` in every text file but this one."""
    return [
        (shown(path, number), match[0])
        for path, text in text_files().items()
        if path.name != "test_text.py"
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def test_only_known_hosts_are_named() -> None:
    """A URL leads to documentation, a standard or an example: never to a registry, a mirror or a private machine."""
    named = [(place, url) for place, url in places(URL) if not HOSTS.fullmatch(url.partition("://")[2].lower())]
    assert not named, "\n".join(f"{place}: {url} is not a known host" for place, url in named)


def test_no_path_of_a_machine() -> None:
    """No file depends on where somebody keeps the clone or their home directory."""
    assert not places(MACHINE_PATH)


def test_text_is_tidy() -> None:
    """Files end with one newline, and no line with blanks or tabs (Markdown's two-blank break included)."""
    faults = [shown(path) for path, text in text_files().items() if text and not text.endswith("\n")]
    faults += [place for place, _ in places(re.compile(r"[ \t]+$"))]
    assert not faults, "\n".join(faults)
