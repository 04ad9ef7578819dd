"""Habits of the Python code that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.repository import PACKAGES, ROOT, python_files, shown, text_files

CODE = (*PACKAGES, "bench", "docs", "tests")


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_annotations_are_postponed() -> None:
    """Every module that defines something has the future import, but for SQLModel tables, which read annotations."""
    missing = [
        shown(path)
        for path, tree in python_files(*CODE).items()
        if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in tree.body)
        and path.name != "tables.py"
        and "from __future__ import annotations" not in text_files()[path]
    ]
    assert not missing, "\n".join(missing)


def test_broad_handlers_give_their_reason() -> None:
    """`except Exception` stands at supervised edges only, with the reason on its line."""
    broad = re.compile(r"except (Base)?Exception\b[^:#]*:(?P<rest>.*)")
    faults = [
        f"{shown(path, number)}: say why everything is caught here"
        for path in python_files(*PACKAGES)
        for number, line in enumerate(text_files()[path].splitlines(), 1)
        if (match := broad.search(line)) and "#" not in match["rest"]
    ]
    assert not faults, "\n".join(faults)


def test_suppressions_are_narrow() -> None:
    """A silenced type checker is told which error; a silenced linter also why."""
    silenced = re.compile(r"#\s*(?P<tool>noqa|type: ignore)(?P<rest>.*)")
    narrow = {"type: ignore": re.compile(r"\[[\w, -]+\]"), "noqa": re.compile(r": [A-Z]+\d+(, ?[A-Z]+\d+)*\s+#?\s*\S")}
    faults = [
        f"{shown(path, number)}: {line.strip()}"
        for path in python_files(*CODE)
        for number, line in enumerate(text_files()[path].splitlines(), 1)
        if path != Path(__file__)
        and (match := silenced.search(line))
        and not narrow[match["tool"]].match(match["rest"])
    ]
    assert not faults, "\n".join(faults)


def test_tests_state_their_promise() -> None:
    """Every test has a docstring of one line."""
    faults = [
        f"{shown(path, function.lineno)}: {function.name}"
        for path, tree in python_files("tests").items()
        if path.name.startswith("test_")
        for function in functions(tree)
        if function.name.startswith("test_") and "\n" in (ast.get_docstring(function) or "\n")
    ]
    assert not faults, "\n".join(faults)


def test_tests_mirror_the_tree() -> None:
    """A test under a package's mirror tests a module, or a folder, that the package has."""
    strays = [
        shown(path)
        for package in PACKAGES
        for path in sorted((ROOT / "tests" / package).rglob("test_*.py"))
        if not mirrored(path)
    ]
    assert not strays, "\n".join(strays)


def mirrored(test: Path) -> bool:
    """Whether `tests/server/rooms/test_room.py` has its `server/rooms/room.py`, `room/`, or is about its folder."""
    name = test.stem.removeprefix("test_")
    folder = ROOT / test.parent.relative_to(ROOT / "tests")
    return (folder / f"{name}.py").exists() or (folder / name).is_dir() or folder.name == name
