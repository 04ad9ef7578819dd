"""`pyproject.toml` explains itself, and agrees with the other files that name versions."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import chain

from tests.support.repository import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text()


def requirements() -> list[str]:
    """Every requirement of the program and of its developers, as it is written in `pyproject.toml`."""
    project = tomllib.loads(PYPROJECT)
    groups = project["dependency-groups"].values()
    return list(chain(project["project"]["dependencies"], *groups))


def test_every_requirement_has_a_purpose() -> None:
    """Each dependency says on its line what it is for."""
    explained = set(re.findall(r'^ +"(.+)", +# .+$', PYPROJECT, re.MULTILINE))
    assert not set(requirements()) - explained


def test_the_lock_has_every_requirement() -> None:
    """`uv.lock` was made from this `pyproject.toml`."""
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    runtime = tomllib.loads(PYPROJECT)["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-") for requirement in runtime}
    assert names <= locked


def test_npm_locks_are_complete() -> None:
    """Every package that a `package-lock.json` refers to is in it, for all platforms: `npm ci` refuses it otherwise."""
    for path in (ROOT / "web", *(ROOT / "tests" / name for name in ("interop", "browser", "identity"))):
        packages = json.loads((path / "package-lock.json").read_text())["packages"]
        locked = {place.rpartition("node_modules/")[2] for place in packages}
        wanted = {
            name
            for package in packages.values()
            for group in ("dependencies", "optionalDependencies")
            for name in package.get(group, {})
        }
        assert wanted <= locked, path.name


def test_one_version_of_uv() -> None:
    """The Makefile and the Dockerfile install the same uv."""
    makefile = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    dockerfile = re.search(r"uv==([\d.]+)", (ROOT / "Dockerfile").read_text())
    assert makefile
    assert dockerfile
    assert makefile[1] == dockerfile[1]


def test_words_of_the_makefile_are_documented() -> None:
    """Every word of the Makefile that a person types has its line in `make help`."""
    makefile = (ROOT / "Makefile").read_text()
    for word in ("setup", "serve", "test", "check", "format", "web", "bench", "docs"):
        assert re.search(rf"^{word}:.* ## .+$", makefile, re.MULTILINE), word
