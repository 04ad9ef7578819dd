"""Runs the load generator on its core, against one server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.process import GENERATOR_CORE, pinned
from bench.programs import compiled
from bench.servers import Server

Figures = dict[str, Any]


class Load(AbstractContextManager["Load"]):
    """One generator with its connections; they stay open until the block ends."""

    def __init__(self, server: Server, reach: Sequence[str], **options: float | str | Path) -> None:
        """Connects; `options` are the generator's, `reach` comes from `Server.rooms`."""
        self._server = server
        given = {"port": server.process.port, "inflight": server.inflight} | options
        arguments = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        self._popen = subprocess.Popen(
            pinned(GENERATOR_CORE, [compiled("generator"), *reach, *arguments]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        before = server.process.cpu_s()
        self.joined = self._answer()
        self.joined["cpu_s"] = server.process.cpu_s() - before

    def run(self) -> Figures:
        """Puts the load on; returns the generator's figures with the server's CPU seconds and its memory after."""
        before = self._server.process.cpu_s()
        self.begin()
        figures = self.end()
        cpu = self._server.process.cpu_s() - before
        deliveries = figures["received"] + figures["presence_received"]
        return figures | {
            "cpu_s": round(cpu, 3),
            "deliveries_per_cpu_s": round(deliveries / max(cpu, 0.001)),
            "resident_bytes": self._server.process.resident_bytes(),
        }

    def begin(self) -> None:
        """Puts the load on and does not wait."""
        assert self._popen.stdin
        self._popen.stdin.write("go\n")
        self._popen.stdin.flush()

    def end(self) -> Figures:
        """The generator's figures."""
        return self._answer()

    def _answer(self) -> Figures:
        assert self._popen.stdout
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError(f"The generator ended with {self._popen.wait()}.")
        figures: Figures = json.loads(line)
        return figures

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._popen.stdin
        self._popen.stdin.close()
        self._popen.wait()
