from __future__ import annotations

import pytest

from server.access.globs import BadGlob, GlobIndex, check_glob, escape, parse_glob


@pytest.mark.parametrize(
    ("glob", "matched", "not_matched"),
    [
        ("", [""], ["a"]),
        ("**", ["", "a", "a/b"], []),
        ("file/**", ["file", "file/a", "file/a/b"], ["", "files", "files/a"]),
        ("file/*", ["file/a"], ["file", "file/a/b"]),
        ("file/*.md", ["file/a.md", "file/.md"], ["file/a.mdx", "file/a/b.md"]),
        ("file/**/*.md", ["file/a.md", "file/a/b/c.md"], ["a.md", "file/md"]),
        ("**/secret/**", ["secret", "a/secret/b"], ["secrets/b"]),
        ("lease/git:*", ["lease/git:main"], ["lease/file:main"]),
        (r"file/\*", ["file/*"], ["file/a"]),
        ("file/a.c", ["file/a.c"], ["file/abc", "file/a.c/d", "file/A.c"]),
    ],
)
def test_a_glob_matches_names(glob: str, matched: list[str], not_matched: list[str]) -> None:
    """One star stays within a segment, two are any depth; everything else means itself, capitals included."""
    parsed = parse_glob(glob)
    assert [name for name in (*matched, *not_matched) if parsed.matches(name)] == matched
    index = GlobIndex([(parsed, glob)])
    assert [name for name in (*matched, *not_matched) if list(index.matching(name))] == matched


@pytest.mark.parametrize(
    "glob",
    [
        "/a", "a/", "a//b", "..", "a/../b", "./a", "a**", "**b", "a\\b", "a\\", "a\0b", "a\nb", "\ud800",
        "**/a/**/b/**/c/**/d/**", "a" * 600,
    ],
)  # fmt: skip
def test_a_bad_glob_is_refused(glob: str) -> None:
    """What no path could be, misplaced stars and stray backslashes are refused with a reason."""
    with pytest.raises(BadGlob):
        check_glob(glob)


def test_a_glob_is_kept_in_the_form_of_names() -> None:
    """Names are in NFC, so patterns are too."""
    assert check_glob("file/cafe\u0301/**") == "file/caf\u00e9/**"


@pytest.mark.parametrize("name", ["file/a*b.txt", "file/***", "file/plain"])
def test_every_name_can_be_escaped(name: str) -> None:
    """A pattern for one single name matches that name and no other."""
    glob = check_glob(escape(name))
    assert parse_glob(glob).matches(name)
    assert not parse_glob(glob).matches(name + "x")


@pytest.mark.parametrize(
    ("outer", "inner", "contains", "touches"),
    [
        ("file/**", "file/src/*.py", True, True),
        ("file/src/**", "file/**", False, True),
        ("file/*.py", "file/a.py", True, True),
        ("file/*.py", "file/a*.py", True, True),
        ("file/a*", "file/*b", False, True),
        ("file/a*", "file/b*", False, False),
        ("file/a", "file/b", False, False),
        ("**", "", True, True),
        ("", "**", False, True),
        ("file/*", "doc/*", False, False),
    ],
)
def test_globs_are_compared(outer: str, inner: str, contains: bool, touches: bool) -> None:
    """Whether one pattern has all names of another, and whether they share any."""
    assert parse_glob(outer).contains(parse_glob(inner)) is contains
    assert parse_glob(outer).touches(parse_glob(inner)) is touches


@pytest.mark.parametrize("glob", ["*a*a*a*a*a*a*a*b", "**/a/**/a/**/a/**/b", "a" + "*a" * 60 + "b"])
def test_no_pattern_takes_long(glob: str) -> None:
    """Patterns that make a backtracking matcher run for ever are answered: the test's own timeout is the bar."""
    assert not parse_glob(glob).matches("a" * 500)
    assert not parse_glob(glob).matches("/".join("a" * 250))
