"""The contracts of `.importlinter` catch what they are there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.repository import PACKAGES, ROOT

FAULTS = {
    "server/rooms/planted.py": "import server.gateway",
    "server/blobs/routes.py": "import server.settings",
    "server/blobs/store.py": "import server.blobs.routes",
    "server/blobs/model.py": "import sqlmodel",
    "server/strangers/__init__.py": "",
    "crdt_docs/planted.py": "import asyncio",
    "client/planted.py": "import server.kit",
    "client/one.py": "import client.two",
    "client/two.py": "import client.one",
}


def test_planted_faults_break_every_contract(tmp_path: Path) -> None:
    """One planted fault per rule: every contract is broken, and each fault is named."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for name, text in FAULTS.items():
        fault = tmp_path / name
        fault.parent.mkdir(exist_ok=True)
        fault.write_text(text + "\n")

    linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"}
    run = subprocess.run(linter, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

    contracts = (tmp_path / ".importlinter").read_text().count("importlinter:contract:")
    assert run.returncode != 0
    assert f"0 kept, {contracts} broken" in run.stdout, run.stdout
