"""`python -m bench.profile`: where the server's time goes under a load, by the kernel's accounts and by py-spy.

The kernel says what each thread has used, in the program and in the kernel. py-spy says which part of the code held
Python's lock, 250 times a second; to ask it stops the server each time, so the load is accounted for without it first.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import Load
from bench.programs import stream
from bench.runner import DATA, time_limit
from bench.servers import Atrium

SAMPLES_PER_S, SPY_S, LOAD_S, LIMIT_S = 250, 3, 5, 120
LOADS = {
    "steady": {"rooms": 1, "clients": 100, "writers": 10, "rate": 1000},
    "crowd": {"rooms": 1, "clients": 100, "writers": 10, "rate": 16_000},
    "observers": {"rooms": 1, "clients": 301, "writers": 1, "rate": 20},
    "rooms": {"rooms": 500, "clients": 2, "writers": 1, "rate": 5000},
}
PARTS = (
    ("validation", ("crdt_docs/validation",)),
    ("messages read and made", ("crdt_docs/protocol", "crdt_docs/lib0")),
    ("the engine (pycrdt)", ("crdt_docs/document", "pycrdt")),
    ("rooms: batches, outboxes, presence", ("server/rooms", "crdt_docs/awareness")),
    ("update log", ("server/documents", "server/kit/database", "sqlalchemy")),
    ("sockets: frames, budgets, channels, writes", ("server/gateway", "uvicorn", "websockets")),
)
REST = "event loop and the rest"


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of CPU, in the program and in the kernel."""

    program_s: float = 0
    kernel_s: float = 0

    def __add__(self, other: Used) -> Used:
        return Used(self.program_s + other.program_s, self.kernel_s + other.kernel_s)

    def __sub__(self, other: Used) -> Used:
        return Used(self.program_s - other.program_s, self.kernel_s - other.kernel_s)


def main() -> int:
    """Profiles one load, or all, and prints two tables of each."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description="Where the server's time goes.")
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=f"of {', '.join(LOADS)}; all by default")
    chosen = parser.parse_args().loads or list(LOADS)
    if unknown := set(chosen) - set(LOADS):
        parser.error(f"There is no load {', '.join(sorted(unknown))}; there are {', '.join(LOADS)}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with the profile
    for name in chosen:
        print(profile(name), flush=True)
    return 0


def profile(name: str) -> str:
    """Both tables of one load, in Markdown."""
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="profile-", dir=DATA) as data, time_limit(LIMIT_S):
        server = Atrium(Path(data))
        try:
            server.start()
            pid, samples = server.processes[0].pid, Path(data) / "samples"
            accounts = _under_load(server, name, lambda: None)
            _under_load(server, name, lambda: _spy(pid, samples))
            shares = _shares(parts(samples.read_text()))
        finally:
            server.kill()
    return f"\n## {name}\n\n{accounts}\n{shares}"


def used(pid: int) -> tuple[Used, Used]:
    """What the process has used so far: its first thread, where the event loop runs, and all others together."""
    loop = others = Used()
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        program, kernel = (int(fields[at]) / os.sysconf("SC_CLK_TCK") for at in (11, 12))
        if task.name == str(pid):
            loop = Used(program, kernel)
        else:
            others += Used(program, kernel)
    return loop, others


def parts(samples: str) -> Counter[str]:
    """How many of py-spy's samples fall to each part: a sample belongs to the innermost frame that is in one."""
    found: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        found[_part(stack.split(";"))] += int(count)
    return found


def _part(frames: Sequence[str]) -> str:
    for frame in reversed(frames):
        for part, places in PARTS:
            if any(place in frame for place in places):
                return part
    return REST


def _under_load(server: Atrium, name: str, meanwhile: Callable[[], None]) -> str:
    """Puts the load on and does something meanwhile; returns a table of what the load has cost."""
    options = dict(LOADS[name])
    rate, rooms, writers = options["rate"], options["rooms"], options["writers"]
    prepared = stream("typing", rooms * writers, 1 << int(rate * LOAD_S / rooms / writers).bit_length())
    reach = server.rooms(name, rooms)
    with Load(server, reach, stream=prepared, seconds=LOAD_S, **options) as load:
        loop, others = used(server.processes[0].pid)
        load.begin()
        meanwhile()
        deliveries = int(load.end()["received"])
        loop_after, others_after = used(server.processes[0].pid)
    return _accounts(loop_after - loop, others_after - others, deliveries)


def _spy(pid: int, output: Path) -> None:
    options = {"pid": pid, "duration": SPY_S, "rate": SAMPLES_PER_S, "format": "raw", "output": output}
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [Path(sys.executable).with_name("py-spy"), "record", "--gil", *given]
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)


def _accounts(loop: Used, others: Used, deliveries: int) -> str:
    total = loop.program_s + loop.kernel_s + others.program_s + others.kernel_s
    rows = (
        ("event loop, in the program", loop.program_s),
        ("event loop, in the kernel", loop.kernel_s),
        ("other threads, in the program", others.program_s),
        ("other threads, in the kernel", others.kernel_s),
    )
    lines = [f"| {name} | {seconds / total:.0%} | {seconds / deliveries * 1e6:.1f} |" for name, seconds in rows]
    return "\n".join(["| CPU | share | µs per delivery |", "|---|---:|---:|", *lines, ""])


def _shares(found: Counter[str]) -> str:
    total = found.total() or 1
    lines = [f"| {part} | {count / total:.0%} |" for part, count in found.most_common()]
    return "\n".join(["| Python's lock was held by | share |", "|---|---:|", *lines])


if __name__ == "__main__":
    sys.exit(main())
