"""The repository as the house rules see it: its files, its Python modules."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("server", "crdt_docs", "client")
LOCKFILES = frozenset({"uv.lock", "package-lock.json"})


@cache
def repository_files() -> tuple[Path, ...]:
    """Every file that git tracks or would add, without lock files, in a stable order."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (ROOT / name for name in sorted(set(listing.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file() and path.name not in LOCKFILES)


@cache
def text_files() -> dict[Path, str]:
    """The repository's files that are text, with their contents."""
    texts = {}
    for path in repository_files():
        try:
            texts[path] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts


def python_files(*tops: str) -> dict[Path, ast.Module]:
    """The syntax trees of the Python files below the folders `tops`."""
    return {
        path: ast.parse(text, str(path))
        for path, text in text_files().items()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in tops
    }


def module_name(path: Path) -> str:
    """The dotted name under which the file at `path` is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def shown(path: Path, line: int | None = None) -> str:
    """`path` (and line) as people click on it."""
    place = path.relative_to(ROOT).as_posix()
    return place if line is None else f"{place}:{line}"
