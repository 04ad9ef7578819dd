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
END_TIMEOUT_S = 5


class Load(AbstractContextManager["Load"]):
    """One generator with its connections; they stay open until the block ends."""

    def __init__(self, server: Server, reach: Sequence[str], **options: float | str | Path) -> None:
        """Connects; `options` are the generator's, `reach` comes from `Server.rooms`."""
        self._server = server
        given = {"port": server.port, "inflight": server.inflight} | options
        arguments = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        before = server.cpu_s()
        self._popen = subprocess.Popen(
            pinned(GENERATOR_CORE, [compiled("generator", tls="--tls" in reach), *reach, *arguments]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self.joined = self._answer()
        except BaseException:
            self._end()
            raise
        self.joined["cpu_s"] = server.cpu_s() - before

    def run(self) -> Figures:
        """Puts the load on; returns the generator's figures with the server's CPU seconds and its memory after.

        Raises `RuntimeError` when not everybody was connected, or the server is gone afterwards.
        """
        if self.joined["synced"] < self.joined["connections"]:
            raise RuntimeError(f"Only {self.joined['synced']} of {self.joined['connections']} clients came in.")
        before = self._server.cpu_s()
        self.begin()
        figures = self.end()
        if not self._server.alive:
            raise RuntimeError(f"The server has ended: {self._server.processes[0].last_words}")
        cpu = self._server.cpu_s() - before
        deliveries = figures["received"] + figures["presence_received"]
        return figures | {
            "missing": figures["expected"] + figures["presence_expected"] - deliveries,
            "cpu_s": round(cpu, 3),
            "deliveries_per_cpu_s": round(deliveries / max(cpu, 0.001)),
            "deliveries_per_s": round(deliveries / max(figures["elapsed_s"], 0.001)),
            "generator_share": round(figures["generator_cpu_s"] / max(figures["load_s"], 0.001), 3),
            "resident_bytes": self._server.resident_bytes(),
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
        assert self._popen.stderr
        line = self._popen.stdout.readline()
        if not line:
            said = (self._popen.stderr.read().strip().splitlines() or ["nothing printed"])[-1]
            raise RuntimeError(f"The generator ended with {self._popen.wait()}: {said}")
        figures: Figures = json.loads(line)
        return figures

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        """Its connections go when its standard input ends; a generator in the middle of a load is killed."""
        try:
            self._popen.communicate(timeout=END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.communicate()
