"""`python -m bench.costs`: what each thing costs Atrium on this machine, as docs/performance.md shows it.

Every cost is a difference between loads on a real server: CPU from the kernel's accounting, commits from the server's
own metrics. With `--publish` the tables are written into that page.
"""

from __future__ import annotations

import argparse
import re
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.load import Figures, Load
from bench.programs import ROOT, stream
from bench.report import machine
from bench.rest import write_files
from bench.runner import DATA, time_limit
from bench.scenarios import documents
from bench.servers import Atrium

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- costs: written by `python -m bench.costs --publish` -->", "<!-- costs end -->"
COMMITS = re.compile(r"^atrium_persist_seconds_count (\S+)$", re.MULTILINE)
READERS = 100
PASTE_KIB = 2000 / 1024
LIMIT_S = 300
Costs = dict[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: `value` makes the figure from the measured costs."""

    what: str
    value: Callable[[Costs], float]
    unit: str
    grows_with: str
    digits: int = 0


US, KIB = 1e6, 1 / 1024
TYPING_PER_S = 5  # keystrokes of a person who types without pause

COSTS = (
    Row(
        "an update that comes alone, 200 a second: socket, validation, commit, flush",
        lambda c: c["alone"] * US,
        "µs",
        "updates",
    ),
    Row("one more update in the same batch", lambda c: c["more"] * US, "µs", "updates"),
    Row("a batch to one more peer", lambda c: c["delivery"] * US, "µs", "batches and peers", 1),
    Row("a KiB more in an update, received", lambda c: c["kib_in"] * US, "µs", "bytes", 1),
    Row("a KiB more in a batch, to one peer", lambda c: c["kib_out"] * US, "µs", "bytes and peers", 1),
    Row("an update in one of 200 busy rooms of two", lambda c: c["rooms"] * US, "µs", "updates"),
    Row("a cursor that moves, to one peer", lambda c: c["presence"] * US, "µs", "moves and peers", 1),
    Row("a connection that opens a document", lambda c: c["connect"] * US, "µs", "connects"),
    Row("1,000 idle connections, of one core", lambda c: c["idle"] * 100, "%", "connections", 1),
    Row("a text file of 20 KB replaced by `PUT`, one by one", lambda c: c["put"] * US, "µs", "writes"),
    Row("the same, 16 at once", lambda c: c["puts"] * US, "µs", "writes"),
)
MEMORY = (
    Row("the server by itself", lambda c: c["start_bytes"] * KIB / 1024, "MiB", "nothing"),
    Row("an idle connection", lambda c: c["connection_bytes"] * KIB, "KiB", "connections", 1),
    Row("an open room", lambda c: (c["room_bytes"] - c["connection_bytes"]) * KIB, "KiB", "rooms", 1),
    Row("a byte of a document that was pasted", lambda c: c["byte_bytes"], "bytes", "bytes", 1),
    Row("start-up, empty", lambda c: c["start_s"], "s", "nothing", 1),
)
SIZING = (
    Row("peers of one room in which 200 batches/s are sent", lambda c: 1 / (200 * c["delivery"]), "", ""),
    Row(
        "people who type without pause (5 keystrokes/s each) in rooms of two",
        lambda c: 1 / (TYPING_PER_S * c["rooms"]),
        "",
        "",
    ),
    Row("idle connections", lambda c: 1000 / c["idle"], "", ""),
    Row("connections that arrive, per second", lambda c: 1 / c["connect"], "", ""),
    Row("files replaced, per second", lambda c: 1 / c["puts"], "", ""),
)


def main() -> int:
    """Measures, prints, and publishes when asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.costs", description="Measures what each thing costs Atrium.")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/performance.md")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with the bench
    measured = [measure() for _ in range(options.repetitions)]
    costs = {name: statistics.median(run[name] for run in measured) for name in measured[0]}
    text = tables(costs, options.repetitions)
    print(text)
    if options.publish:
        publish(PAGE, text)
    return 0


def measure() -> Costs:
    """Every cost once, each part on a fresh server: seconds of CPU, bytes."""
    costs: Costs = {}
    for part in (_updates, _presence_and_files, _rooms, _connections):
        DATA.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="costs-", dir=DATA) as data, time_limit(LIMIT_S):
            server = Atrium(Path(data))
            try:
                server.start()
                costs |= part(server)
            finally:
                server.kill()
    return costs


def _updates(server: Atrium) -> Costs:
    """Updates alone, many in a batch, the same to readers; then pastes instead of keystrokes; then many rooms."""
    _load(server, "typing", clients=2, rate=1000)  # a Python that has just started is slower
    single = _load(server, "typing", clients=1, rate=200)
    alone = single["cpu_s"] / single["sent"]
    crowded = _load(server, "typing", clients=1, rate=20_000)
    more = _beyond_batches(crowded, alone) / (crowded["sent"] - crowded["commits"])
    seen = _load(server, "typing", clients=1 + READERS, rate=100)
    own = (seen["sent"] - seen["commits"]) * more
    kib_in, kib_and_out = _kib(server, clients=1), _kib(server, clients=1 + READERS)
    rooms = _load(server, "typing", rooms=200, clients=2, rate=2000)
    return {
        "alone": alone,
        "more": more,
        "delivery": (_beyond_batches(seen, alone) - own) / (seen["commits"] * READERS),
        "kib_in": kib_in,
        "kib_out": (kib_and_out - kib_in) / READERS,
        "rooms": rooms["cpu_s"] / rooms["sent"],
    }


def _kib(server: Atrium, *, clients: int) -> float:
    """CPU seconds for a KiB more in an update that so many clients take part in."""
    typed, pasted = (_load(server, kind, clients=clients, rate=500) for kind in ("typing", "paste"))
    return (float(pasted["cpu_s"]) - float(typed["cpu_s"])) / (float(pasted["sent"]) * PASTE_KIB)


def _beyond_batches(load: Figures, alone: float) -> float:
    """CPU seconds of a load that are not explained by its batches."""
    return float(load["cpu_s"]) - float(load["commits"]) * alone


def _load(server: Atrium, kind: str, *, clients: int, rate: float, rooms: int = 1, seconds: float = 4) -> Figures:
    """One writer per room; with the number of batches that were committed."""
    prepared = stream(kind, rooms, int(rate * seconds / rooms) + 1)
    reach = server.rooms(f"{kind}-{clients}", rooms)
    with Load(
        server, reach, rooms=rooms, clients=clients, writers=1, stream=prepared, rate=rate, seconds=seconds
    ) as load:
        before = _commits(server)
        figures = load.run()
        if figures["missing"]:
            raise RuntimeError(f"{figures['missing']} deliveries are missing.")
        return figures | {"commits": _commits(server) - before}


def _commits(server: Atrium) -> float:
    found = COMMITS.search(server.request("GET", "/metrics").decode())
    return float(found[1]) if found else 0


def _presence_and_files(server: Atrium) -> Costs:
    with Load(server, server.rooms("presence", 1), clients=READERS, awareness_hz=5, seconds=4) as load:
        presence = load.run()
    one, many = write_files(server, connections=1, seconds=3), write_files(server, connections=16, seconds=3)
    return {
        "presence": presence["cpu_s"] / presence["presence_received"],
        "put": 1 / one["writes_per_cpu_s"],
        "puts": 1 / many["writes_per_cpu_s"],
    }


def _rooms(server: Atrium) -> Costs:
    held = documents.memory(server)
    return {
        "start_s": held["start_s"],
        "start_bytes": held["start_bytes"],
        "room_bytes": held["bytes_per_room"],
        "byte_bytes": held["bytes_per_byte"],
    }


def _connections(server: Atrium) -> Costs:
    idle = documents.idle(server)
    return {
        "connection_bytes": idle["bytes_per_connection"],
        "connect": idle["connect_cpu_s"],
        "idle": max(idle["idle_cpu_share"], 0.0001),
    }


def tables(costs: Costs, repetitions: int) -> str:
    """Markdown: costs, memory, and what one core carries if it does nothing else."""
    times = "once" if repetitions == 1 else f"{repetitions} times, medians"
    lines = [f"Measured on {datetime.now(UTC):%Y-%m-%d}, {times}: {machine()}.", ""]
    lines += _table("CPU", COSTS, costs)
    lines += ["", *_table("memory and time", MEMORY, costs)]
    lines += ["", "| one core, if it does nothing else, carries | |", "|---|---:|"]
    lines += [f"| {row.what} | {_rounded(row.value(costs)):,} |" for row in SIZING]
    return "\n".join(lines)


def _table(title: str, rows: Sequence[Row], costs: Costs) -> list[str]:
    lines = [f"| {title} | costs | grows with |", "|---|---:|---|"]
    return lines + [f"| {row.what} | {_shown(row, costs)} | {row.grows_with} |" for row in rows]


def _shown(row: Row, costs: Costs) -> str:
    value = row.value(costs)
    return f"{value:,.{row.digits}f} {row.unit}" if value > 0 else "less than the noise"


def _rounded(value: float) -> int:
    """Two digits: it is an estimate."""
    digits = len(str(int(value))) - 2
    return int(round(value, -max(0, digits)))


def publish(page: Path, text: str) -> None:
    """Replaces what stands between the page's markers; raises `ValueError` without them."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the costs.")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


if __name__ == "__main__":
    sys.exit(main())
