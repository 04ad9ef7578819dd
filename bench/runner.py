"""Runs a scenario against a server: whatever happens to the server, a run ends in time and leaves a record."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from bench.load import Figures
from bench.programs import CACHE
from bench.report import Run
from bench.scenario import Scenario
from bench.servers import Server

DATA = CACHE / "data"  # beside the clone: a temporary folder may be memory, where a flush costs nothing


class TooLong(Exception):
    """A run did not end in time."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupts whatever the main thread waits for with `TooLong`."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong(f"It took longer than {seconds:.0f} s.")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def run_once(scenario: Scenario, kind: type[Server], repetition: int) -> Run:
    """One run on a fresh server and a fresh folder. A server that dies or hangs is a run with an `error`."""
    started = time.perf_counter()
    run: Run = {"scenario": scenario.name, "server": kind.name, "repetition": repetition, "load": os.getloadavg()[0]}
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=DATA, ignore_cleanup_errors=True) as data:
        try:
            run["figures"] = _measure(scenario, kind(Path(data), keep=scenario.keep))
        except Exception as error:  # a supervised loop: one server's fault must not end the comparison
            run |= {"figures": {}, "error": f"{type(error).__name__}: {error}"}
    took = time.perf_counter() - started
    print(f"{scenario.name} · {kind.name} · {repetition}: {_outcome(scenario, run)} ({took:.0f} s)", flush=True)
    return run | {"when": datetime.now(UTC).isoformat(timespec="seconds"), "took_s": round(took, 1)}


def _measure(scenario: Scenario, server: Server) -> Figures:
    try:
        with time_limit(scenario.limit_s):
            server.start()
            return scenario.run(server)
    finally:
        server.kill()


def _outcome(scenario: Scenario, run: Run) -> str:
    if "error" in run:
        return f"failed: {run['error']}"
    column = scenario.columns[0]
    value = run["figures"].get(column.key)
    return f"{'never' if value is None else f'{value * column.scale:,.{column.digits}f}'} {column.title}"


class TimeBox:
    """Time that all runs together may take; what does not fit is left out, and said to be."""

    def __init__(self, minutes: float) -> None:
        self._ends = time.monotonic() + 60 * minutes
        self._took: dict[tuple[str, str], float] = {}

    def fits(self, scenario: Scenario, kind: type[Server], repetition: int) -> bool:
        """Whether there is time for it, going by how long it took the last time; the first time it is just begun."""
        expected = self._took.get((scenario.name, kind.name), 0)
        fits = time.monotonic() + expected < self._ends
        if not fits:
            print(
                f"{scenario.name} · {kind.name} · {repetition}: left out, the time is up", file=sys.stderr, flush=True
            )
        return fits

    def remember(self, run: Run) -> None:
        """The next repetition will take about as long."""
        self._took[run["scenario"], run["server"]] = run["took_s"]
