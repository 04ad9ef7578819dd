"""A pinned server process and what the kernel says it has used."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SERVER_CORE, GENERATOR_CORE = 0, 1
CPUCLOCK_SCHED = 2  # the kernel's number of a process's CPU clock: clock_getcpuclockid(3)
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15
LISTENING = re.compile(r"listening on \S*?(?:port )?(\d+)$", re.MULTILINE)


def pinned(core: int, command: Sequence[str | Path]) -> list[str]:
    """`command` confined to one core; on a machine with one core, as it is."""
    taskset = ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []
    return [*taskset, *map(str, command)]


class Process:
    """A server on the server's core. CPU time covers its threads and its child processes."""

    port = 0
    start_s = 0.0

    def __init__(self, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path) -> None:
        self._started = time.perf_counter()
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                pinned(SERVER_CORE, command), stdout=output, stderr=subprocess.STDOUT, env=dict(env), cwd=cwd
            )

    def wait_for_port(self, given: int | None = None) -> None:
        """Returns when it has printed its port, or accepts connections at the `given` one."""
        self._wait_until(self._has_printed_port if given is None else lambda: _accepts(given))
        self.port = given or self.port
        self.start_s = time.perf_counter() - self._started

    def _wait_until(self, listens: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not listens():
            if not self.alive or time.monotonic() > deadline:
                raise RuntimeError(f"The server does not listen: {self.last_words}")
            time.sleep(0.01)

    def _has_printed_port(self) -> bool:
        found = LISTENING.search(self._log.read_text(errors="replace"))
        self.port = int(found[1]) if found else 0
        return found is not None

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    @property
    def last_words(self) -> str:
        """The last line it has printed."""
        return (self._log.read_text(errors="replace").strip().splitlines() or ["nothing printed"])[-1]

    def cpu_s(self) -> float:
        """Seconds of CPU used so far, user and system."""
        return sum(_cpu_s(pid) for pid in self._pids())

    def resident_bytes(self) -> int:
        """Memory in use."""
        return sum(_resident(pid) for pid in self._pids())

    def stop(self) -> None:
        """Asks it to end, and waits."""
        self._popen.terminate()
        try:
            self._popen.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends it, and its children, as a power cut would."""
        for pid in list(self._pids()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._popen.wait(STOP_TIMEOUT_S)

    def _pids(self) -> Iterator[int]:
        waiting = [self._popen.pid] if self.alive else []
        while waiting:
            pid = waiting.pop()
            yield pid
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += map(int, _read(task).split())


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _read(file: Path) -> str:
    """The file, or nothing when its process or thread has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return file.read_text()
    return ""


def _cpu_s(pid: int) -> float:
    """What the scheduler has accounted to the process, to the nanosecond; its ended threads are included."""
    with suppress(OSError):  # it has just ended
        return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
    return 0


def _resident(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", _read(Path(f"/proc/{pid}/status")), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
