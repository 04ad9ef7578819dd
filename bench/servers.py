"""The servers that are compared, each started fresh for every run."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

from bench.process import Process
from bench.programs import ROOT, compiled, node, peers

ADMIN_TOKEN = "bench-administrator-token-of-enough-characters"
PROJECT = "bench"
# One machine plays every client of a site, and no client of the bench is to be slowed down for being busy.
LIMITS = {
    "ATRIUM_LIMIT_CONNECTIONS_PER_ADDRESS": "100000",
    "ATRIUM_LIMIT_CONNECTIONS": "100000",
    "ATRIUM_LIMIT_FRAMES_PER_S": "1000000",
    "ATRIUM_LIMIT_FRAMES_BURST": "10000000",
    "ATRIUM_LIMIT_INBOUND_BYTES_PER_S": "1000000000",
    "ATRIUM_LIMIT_INBOUND_BYTES_BURST": "10000000000",
}


class Server:
    """One server under test. `data` is a folder of its own that outlives `restart`."""

    name: str
    hocuspocus = False
    inflight = 64
    durable = False
    """Whether it keeps documents over a restart when it is started with `keep`."""

    def __init__(self, data: Path, *, keep: bool = False) -> None:
        self.data, self.keep = data, keep
        self.runs = self.prefixes = 0
        self.start()

    def start(self) -> None:
        self.runs += 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ATRIUM_")}
        self.process = Process(
            self.command(), log=self.data / f"run-{self.runs}.log", env=environment | self.environment(), cwd=self.cwd()
        )

    def revive(self) -> None:
        """Starts it again if a load has ended it."""
        if not self.process.alive:
            self.start()

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


class Atrium(Server):
    """Durability against power cuts, validation and access control are on: the defaults of `atrium serve`."""

    name = "Atrium"
    durable = True
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
            self._request("POST", "/api/v1/projects", json.dumps({"slug": PROJECT, "name": PROJECT}).encode())
            self.token = self._new_token()

    def _new_token(self) -> str:
        options = ["token", "create", "--user", "bench", "--role", "editor", "--project", PROJECT]
        command = [sys.executable, "-m", "server", *options, "--data-dir", str(self.data)]
        return subprocess.run(command, cwd=self.cwd(), check=True, capture_output=True, text=True).stdout.strip()

    def _request(self, method: str, path: str, body: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.process.port, timeout=30)
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "If-None-Match": "*"}
        if method == "POST":
            headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")

    def create(self, prefix: str, count: int) -> None:
        for number in range(count):
            self._request("PUT", f"/api/v1/projects/{PROJECT}/files/{prefix}-{number}", b"")

    def reach(self, document: str) -> list[str]:
        return ["--path", f"/sync/{PROJECT}/files/{document}?token={self.token}"]


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

    def command(self) -> list[str | Path]:
        return [node(), "hocuspocus.mjs"]

    def environment(self) -> dict[str, str]:
        return {"STORE": str(self.data / "documents")} if self.keep else {}

    def reach(self, document: str) -> list[str]:
        return ["--address", document, "--hocuspocus"]


class YWebsocket(Server):
    name = "y-websocket server"
    durable = True

    def command(self) -> list[str | Path]:
        return [node(), "y-websocket.mjs"]

    def environment(self) -> dict[str, str]:
        return {"YPERSISTENCE": str(self.data / "leveldb")} if self.keep else {}


class PycrdtWebsocket(Server):
    name = "pycrdt-websocket"
    inflight = 1  # clients that open a new room together hang it

    def command(self) -> list[str | Path]:
        return [sys.executable, "pycrdt_websocket.py"]


class Ceiling(Server):
    name = "C ceiling"

    def command(self) -> list[str | Path]:
        return [compiled("ceiling")]


PEERS: tuple[type[Server], ...] = (Hocuspocus, YWebsocket, PycrdtWebsocket)
EVERYBODY: tuple[type[Server], ...] = (Atrium, *PEERS, Ceiling)
