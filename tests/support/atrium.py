"""The real server in a process of its own, to talk to, freeze, kill and start again."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.support.migrated import put_migrated
from tests.support.repository import ROOT
from tests.support.token_watch import WATCH
from tests.support.tokens import new_token
from tests.support.waiting import until_blocking

ADMIN_TOKEN = "test-administrator-token-of-enough-characters"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
LISTENING = re.compile(r"^Atrium listening on (http://\S+:(\d+))$", re.MULTILINE)

# One machine, and often one user, is every client of a test.
ENVIRONMENT = {
    "ATRIUM_ADMIN_TOKEN": ADMIN_TOKEN,
    "ATRIUM_LIMIT_CONNECTIONS_PER_ADDRESS": "5000",
    "ATRIUM_LIMIT_REQUESTS_PER_S": "100000",
    "ATRIUM_LIMIT_SIGN_INS_PER_ADDRESS": "100000",
    "ATRIUM_LIMIT_CONNECTIONS_PER_USER": "5000",
}


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment without the settings of whoever runs the tests, with those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ATRIUM_")}
    return inherited | {"PYTHONUNBUFFERED": "1"} | dict(settings)


class Atrium:
    """`atrium serve` on a free port of the loopback interface, with its data in `data`.

    A context manager: the process is gone after it. `settings` are environment variables; None unsets one. Without
    `first_start` the database has its tables already.
    """

    def __init__(self, data: Path, *, first_start: bool = False, **settings: str | None) -> None:
        self.data = data
        self.settings = {name: value for name, value in (ENVIRONMENT | settings).items() if value is not None}
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._runs = 0
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=60, event_hooks={"response": [_watch]}
        )
        data.mkdir(parents=True, exist_ok=True)
        if not first_start:
            put_migrated(data / "atrium.db")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self.sigkill()
        self._http.close()

    # The process

    def start(self) -> Self:
        """Starts the server, again on the port it had, and returns when it accepts connections."""
        self._runs += 1
        WATCH.logs.add(self.log)
        WATCH.issued.add(self.settings.get("ATRIUM_ADMIN_TOKEN", ADMIN_TOKEN).encode())
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "server", "serve", "--port", str(self.port), "--data-dir", str(self.data)]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=clean_environment(self.settings), stdout=log, stderr=subprocess.STDOUT
            )
        until_blocking(
            lambda: LISTENING.search(self.output) or self.process.poll() is not None,
            START_TIMEOUT_S,
            lambda: f"the server does not listen:\n{self.output}",
        )
        listening = LISTENING.search(self.output)
        assert listening, f"the server ended with {self.process.poll()}:\n{self.output}"
        self.port = int(listening[2])
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process, "the server has not been started"
        return self._process

    @property
    def log(self) -> Path:
        """What the present run of the server has printed."""
        return self.data.with_name(f"{self.data.name}.{self._runs}.log")

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def sigkill(self) -> None:
        """Ends the process as a power cut would, and returns when it is gone."""
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)

    def sigterm(self) -> int:
        """Asks the server to drain; returns its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_TIMEOUT_S)

    def sigstop(self) -> None:
        """Freezes the process."""
        self.process.send_signal(signal.SIGSTOP)

    def sigcont(self) -> None:
        """Lets a frozen process go on."""
        self.process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """A power cut and a new start on the same port."""
        self.sigkill()
        self.start()

    def resident_bytes(self) -> int:
        """The memory of the process in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[0]) * 1024

    def open_sockets(self) -> int:
        """The number of sockets the process holds."""
        links = Path(f"/proc/{self.process.pid}/fd").iterdir()
        return sum(_is_socket(link) for link in links)

    # What it serves

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sync_url(self) -> str:
        """The WebSocket address that clients are given; y-websocket clients append the document's name."""
        return f"ws://127.0.0.1:{self.port}/sync"

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request as the administrator; the answer must be a success."""
        return self.try_request(method, path, **options).raise_for_status()

    def try_request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request as the administrator, whatever the answer."""
        return self._http.request(method, self.url + path, **options)

    def create_project(self, slug: str | None = None) -> str:
        """Makes a project and returns its slug, a new one unless given."""
        slug = slug or f"p-{secrets.token_hex(6)}"
        self.request("POST", "/api/v1/projects", json={"slug": slug, "name": slug})
        return slug

    def create_file(self, project: str, path: str, text: str = "") -> str:
        """Makes a text file and returns the name of its document."""
        url = f"/api/v1/projects/{project}/files/{path}"
        self.request("PUT", url, content=text.encode(), headers={"If-None-Match": "*"})
        return f"{project}/files/{path}"

    def read_file(self, document: str) -> str:
        """The text of a file as REST has it."""
        project, _, path = document.partition("/files/")
        return self.request("GET", f"/api/v1/projects/{project}/files/{path}").content.decode()

    def document_update(self, document: str) -> bytes:
        """The whole state of a document as one Yjs update."""
        return self.request("GET", f"/api/v1/documents/{document}", params={"format": "update"}).content

    def token(self, project: str, role: str, user: str | None = None) -> str:
        """A token of a user, a new one unless given, that has `role` in `project`."""
        url = self.settings.get("ATRIUM_DATABASE_URL", f"sqlite:///{self.data / 'atrium.db'}")
        token = new_token(url, project, role, user or f"{role}-{secrets.token_hex(4)}")
        WATCH.issued_in(token)
        return token

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `atrium …` on this server's data; it must succeed."""
        run = subprocess.run(
            [sys.executable, "-m", "server", *arguments, "--data-dir", str(self.data)],
            cwd=ROOT,
            env=clean_environment(self.settings),
            capture_output=True,
            text=True,
            check=True,
            timeout=START_TIMEOUT_S,
        )
        WATCH.issued_in(run.stdout)
        return run


def _watch(response: httpx.Response) -> None:
    """Remembers the tokens in an answer."""
    WATCH.issued_in(response.read())
    WATCH.issued_in(str(response.headers))


def _is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except FileNotFoundError:  # closed meanwhile
        return False
