"""The servers that are compared, each started fresh for every run."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

from bench.process import Process
from bench.programs import HERE, ROOT, compiled, node, peers

ADMIN_TOKEN = "bench-administrator-token-of-enough-characters"
PROJECT = "bench"
COMMAND_TIMEOUT_S = 60
# One machine plays every client of a site, and no client of the bench is to be slowed down for being busy.
LIMITS = {
    "ATRIUM_LIMIT_CONNECTIONS_PER_ADDRESS": "100000",
    "ATRIUM_LIMIT_CONNECTIONS_PER_USER": "100000",
    "ATRIUM_LIMIT_CONNECTIONS_PER_PROJECT": "100000",
    "ATRIUM_LIMIT_CONNECTIONS": "100000",
    "ATRIUM_LIMIT_FRAMES_PER_S": "1000000",
    "ATRIUM_LIMIT_FRAMES_BURST": "10000000",
    "ATRIUM_LIMIT_INBOUND_BYTES_PER_S": "1000000000",
    "ATRIUM_LIMIT_INBOUND_BYTES_BURST": "10000000000",
    "ATRIUM_LIMIT_DOCUMENT_BYTES": "268435456",
}


class Server:
    """One server under test. `data` is a folder of its own that outlives `restart`."""

    name: str
    hocuspocus = False
    inflight = 64
    first_rate = 2000.0
    """Where the search for its saturation begins; it changes how long that takes, not what is found."""
    durable = False
    """Whether it keeps documents over a restart when it is started with `keep`."""

    def __init__(self, data: Path, *, keep: bool = False) -> None:
        self.data, self.keep = data, keep
        self.runs = self.prefixes = 0
        self.processes: list[Process] = []

    def start(self) -> None:
        """Returns when it listens; raises `RuntimeError` when it does not."""
        self.launch(self.command(), self.environment(), self.cwd()).wait_for_port()

    def launch(self, command: list[str | Path], environment: dict[str, str], cwd: Path) -> Process:
        """One more process of this server."""
        self.runs += 1
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ATRIUM_")}
        process = Process(command, log=self.data / f"run-{self.runs}.log", env=inherited | environment, cwd=cwd)
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """Asks it to end, and waits."""
        for process in self.processes:
            process.stop()
        self.processes.clear()

    def kill(self) -> None:
        """Ends it as a power cut would."""
        for process in self.processes:
            process.kill()
        self.processes.clear()

    def revive(self) -> None:
        """Starts it again if a load has ended it."""
        if not self.alive:
            self.kill()
            self.start()

    @property
    def alive(self) -> bool:
        return bool(self.processes) and all(process.alive for process in self.processes)

    @property
    def port(self) -> int:
        """Where the load goes."""
        return self.processes[-1].port

    def cpu_s(self) -> float:
        """Seconds of CPU used so far."""
        return sum(process.cpu_s() for process in self.processes)

    def resident_bytes(self) -> int:
        """Memory in use."""
        return sum(process.resident_bytes() for process in self.processes)

    def command(self) -> list[str | Path]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def cwd(self) -> Path:
        return peers()

    def rooms(self, name: str, count: int) -> list[str]:
        """Makes `count` new documents; returns the generator's options to reach them."""
        self.prefixes += 1
        prefix = f"{name}-{self.prefixes}"
        self.create(prefix, count)
        return self.reach(f"{prefix}-%d")

    def create(self, prefix: str, count: int) -> None:
        """Makes the documents of `rooms`; most servers make them when they are opened."""

    def reach(self, document: str) -> list[str]:
        """The generator's options to reach `document`, in which %d is the number of a room."""
        return ["--path", f"/{document}"]

    def files(self) -> tuple[str, str]:
        """The path of a file that can be written by `PUT`, with %s for its name, and a bearer token."""
        raise NotImplementedError


class Atrium(Server):
    """Durability against power cuts, validation and access control are on: the defaults of `atrium serve`."""

    name = "Atrium"
    durable = True
    first_rate = 16_000
    token = ""

    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "server", "serve", "--port", "0", "--data-dir", self.data]

    def environment(self) -> dict[str, str]:
        return LIMITS | {"ATRIUM_ADMIN_TOKEN": ADMIN_TOKEN, "ATRIUM_LOG_LEVEL": "warning", "PYTHONUNBUFFERED": "1"}

    def cwd(self) -> Path:
        return ROOT

    def start(self) -> None:
        super().start()
        if not self.token:
            self.request("POST", "/api/v1/projects", json.dumps({"slug": PROJECT, "name": PROJECT}).encode())
            self.token = self._new_token()

    def _new_token(self) -> str:
        options = ["token", "create", "--user", "bench", "--role", "editor", "--project", PROJECT]
        command = [sys.executable, "-m", "server", *options, "--data-dir", str(self.data)]
        made = subprocess.run(command, cwd=self.cwd(), capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        if made.returncode:
            raise RuntimeError(f"No token: {(made.stderr.strip().splitlines() or ['nothing printed'])[-1]}")
        return made.stdout.strip()

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The answer to a request as the administrator; raises `RuntimeError` unless it is a success."""
        connection = http.client.HTTPConnection("127.0.0.1", self.processes[0].port, timeout=30)
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "If-None-Match": "*"}
        if method != "PUT":
            headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return text

    def create(self, prefix: str, count: int) -> None:
        for number in range(count):
            self.request("PUT", f"/api/v1/projects/{PROJECT}/files/{prefix}-{number}")

    def reach(self, document: str) -> list[str]:
        return ["--path", f"/sync/{PROJECT}/files/{document}?token={self.token}"]

    def files(self) -> tuple[str, str]:
        return f"/api/v1/projects/{PROJECT}/files/notes/%s.md", self.token


class AtriumHocuspocus(Atrium):
    """The same server, spoken to as Hocuspocus: the dialect that says when an update is durable."""

    name = "Atrium (Hocuspocus dialect)"
    hocuspocus = True

    def reach(self, document: str) -> list[str]:
        address = f"{PROJECT}/files/{document}"
        return ["--path", "/sync", "--address", address, "--token", self.token, "--hocuspocus"]


class Hocuspocus(Server):
    name = "Hocuspocus 4.7"
    hocuspocus = True
    durable = True
    first_rate = 8000

    def command(self) -> list[str | Path]:
        return [node(), "hocuspocus.mjs"]

    def environment(self) -> dict[str, str]:
        return {"STORE": str(self.data / "documents")} if self.keep else {}

    def reach(self, document: str) -> list[str]:
        return ["--address", document, "--hocuspocus"]


class YWebsocket(Server):
    name = "y-websocket server"
    durable = True
    first_rate = 1000

    def command(self) -> list[str | Path]:
        return [node(), "y-websocket.mjs"]

    def environment(self) -> dict[str, str]:
        return {"YPERSISTENCE": str(self.data / "leveldb")} if self.keep else {}


class PycrdtWebsocket(Server):
    name = "pycrdt-websocket"
    inflight = 1  # clients that open a new room together hang it
    first_rate = 250

    def command(self) -> list[str | Path]:
        return [sys.executable, HERE / "peers" / "pycrdt_websocket.py"]


class Ceiling(Server):
    name = "C ceiling"
    first_rate = 128_000

    def command(self) -> list[str | Path]:
        return [compiled("ceiling")]


class BareFiles(Server):
    """What a write costs when nothing but the version is checked and nothing but the bytes is kept."""

    name = "bare Starlette, SQLite FULL"

    def command(self) -> list[str | Path]:
        return [sys.executable, HERE / "peers" / "bare_files.py", self.data / "files.db"]

    def files(self) -> tuple[str, str]:
        return "/files/%s.md", ""


PEERS: tuple[type[Server], ...] = (Hocuspocus, YWebsocket, PycrdtWebsocket)
EVERYBODY: tuple[type[Server], ...] = (Atrium, *PEERS, Ceiling)
