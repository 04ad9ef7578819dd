"""The web editor knows the REST API as the server describes it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.programs import missing
from tests.support.repository import ROOT


def test_types_of_the_api_are_fresh() -> None:
    """`make api-types` would change nothing."""
    if not (ROOT / "web" / "node_modules" / "openapi-typescript").is_dir():
        missing("openapi-typescript", "`make web` installs it")
    command = [sys.executable, "web/api_types.py", "--check"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert run.returncode == 0, run.stderr
