"""A real PostgreSQL server from the machine's packages, with a fresh database for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.support.migrated import open_migrated

MISSING = "PostgreSQL 15 or newer is not installed; on Debian: apt-get install postgresql"
OLDEST = 15


class PostgresServer:
    """A server on a unix socket in a folder of its own; `crash` and `start` are for fault tests.

    What a process that crashes has written is with the operating system, so nothing waits for the disk.
    """

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._numbers = count(1)

    def initialise(self) -> None:
        """Creates the cluster."""
        self._run("initdb", "--username=atrium", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")

    def start(self) -> None:
        """Starts the server and returns when it accepts connections."""
        options = f"--listen_addresses= --unix_socket_directories={self.folder} --fsync=off"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}", f"--options={options}")

    def stop(self) -> None:
        """Stops the server in order."""
        self._run("pg_ctl", "stop", "--mode=fast", "--silent")

    def crash(self) -> None:
        """Ends the server at once; its next start recovers from the write-ahead log."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")

    def create_database(self, template: str = "template1") -> str:
        """The URL of a new database, empty unless it is made like another."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(f"host={self.folder} user=atrium dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql://atrium@/{name}?host={self.folder}"

    def drop_database(self, url: str) -> None:
        """Removes a database of `create_database`, with whoever is connected to it."""
        name = _name(url)
        with psycopg.connect(f"host={self.folder} user=atrium dbname=postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), f"--pgdata={self.folder / 'data'}", *arguments]
        done = subprocess.run(command, user=self._user, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def find_binaries() -> Path | None:
    """The folder of the newest installed server, if it is new enough."""
    versions = {
        int(folder.parent.name): folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "initdb").exists()
    }
    newest = max(versions, default=0)
    return versions[newest] if newest >= OLDEST else None


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server; skips the test when it is not installed, and fails it in CI."""
    binaries = find_binaries()
    if binaries is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="atrium-postgres-", dir="/tmp"))  # a socket's path has to be short
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = PostgresServer(folder, binaries)
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole run."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database that has every table and nothing in it."""
    url = postgres.create_database()
    open_migrated(url).close()
    return _name(url)


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A fresh database that has its tables."""
    url = postgres.create_database(postgres_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def empty_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh database without tables."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database; the test runs once on each that Atrium supports."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'atrium.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, on each that Atrium supports."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path / 'atrium.db'}"
