"""A pinned server process and what the kernel says it has used."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SERVER_CORE, GENERATOR_CORE = 0, 1
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_S = 30
LISTENING = re.compile(r"listening on \S*?(?:port )?(\d+)$", re.MULTILINE)


def pinned(core: int, command: Sequence[str | Path]) -> list[str]:
    """`command` confined to one core; on a machine with one core, as it is."""
    taskset = ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []
    return [*taskset, *map(str, command)]


class Process:
    """A server on the server's core. CPU time covers its threads and its child processes."""

    def __init__(self, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path) -> None:
        """Starts it and waits until it has printed its port."""
        started = time.perf_counter()
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                pinned(SERVER_CORE, command), stdout=output, stderr=subprocess.STDOUT, env=dict(env), cwd=cwd
            )
        self.port = self._wait_for_port()
        self.start_s = time.perf_counter() - started

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._popen.poll() is None:
            found = LISTENING.search(self._log.read_text(errors="replace"))
            if found:
                return int(found[1])
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"The server does not listen:\n{self._log.read_text(errors='replace')}")

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def cpu_s(self) -> float:
        """Seconds of CPU used so far, user and system."""
        return sum(_ticks(pid) for pid in self._pids()) / TICKS_PER_S

    def resident_bytes(self) -> int:
        """Memory in use."""
        return sum(_resident(pid) for pid in self._pids())

    def stop(self) -> None:
        """Asks it to end, and waits."""
        self._popen.terminate()
        try:
            self._popen.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._popen.send_signal(signal.SIGKILL)
        self._popen.wait()

    def _pids(self) -> Iterator[int]:
        waiting = [self._popen.pid] if self.alive else []
        while waiting:
            pid = waiting.pop()
            yield pid
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += map(int, task.read_text().split())


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # utime, stime: proc(5)


def _resident(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
