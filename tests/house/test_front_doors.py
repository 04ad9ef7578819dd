"""Features meet at their front doors: the part of the layers that import-linter cannot say.

`from server.documents import DocumentService` enters by the front door; `from server.documents.store import Store`,
from anywhere but inside `server.documents`, does not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.repository import PACKAGES, module_name, python_files, shown

# The kit is a box of small tools without a door of its own; migrations describe every feature's tables.
OPEN = frozenset({"server.kit"})
PRIVILEGED = {"server.migrations": "tables"}


def features() -> frozenset[str]:
    """The packages of the server: each is a feature with a front door."""
    names = (module_name(path) for path in python_files("server"))
    return frozenset(".".join(name.split(".")[:2]) for name in names if name.count(".") >= 2)


def imports(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """(line, module, imported name or "") of every import statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, module, alias.name) for alias in node.names)


def reaches_behind(importer: str, imported: str, doors: frozenset[str]) -> bool:
    """Whether the module `importer` passes by the front door of the feature that has the module `imported`."""
    door = ".".join(imported.split(".")[:2])
    if door not in doors - OPEN or imported == door or importer.startswith(f"{door}."):
        return False
    home = ".".join(importer.split(".")[:2])
    return importer != door and imported.rpartition(".")[2] != PRIVILEGED.get(home)


def test_features_are_entered_by_their_front_doors() -> None:
    """No module imports from behind another feature's `__init__`."""
    doors = features()
    faults = [
        f"{shown(path, line)}: {module} is behind the front door of its feature"
        for path, tree in python_files(*PACKAGES).items()
        for line, module, _ in imports(tree)
        if reaches_behind(module_name(path), module, doors)
    ]
    assert not faults, "\n".join(faults)


def test_imports_are_absolute_and_public() -> None:
    """No module imports relatively, nor a name that begins with an underscore from this repository."""
    faults = [
        f"{shown(path, line)}: {module} {name}"
        for path, tree in python_files(*PACKAGES).items()
        for line, module, name in imports(tree)
        if module.startswith(".") or (module.split(".")[0] in PACKAGES and name.startswith("_"))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("importer", "imported", "refused"),
    [
        ("server.rooms.room", "server.documents", False),
        ("server.rooms.room", "server.documents.store", True),
        ("server.app", "server.documents.routes", True),
        ("server.documents.service", "server.documents.store", False),
        ("server.documents", "server.documents.service", False),
        ("server.documents.store", "server.kit.database", False),
        ("server.migrations.env", "server.documents.tables", False),
        ("server.migrations.env", "server.documents.store", True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, refused: bool) -> None:
    """The rule refuses what it should and nothing else."""
    doors = frozenset({"server.rooms", "server.documents", "server.kit", "server.migrations"})
    assert reaches_behind(importer, imported, doors) is refused
