"""The scenarios as a list: who takes part in which, and which figures are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench import scenarios
from bench.load import Figures
from bench.servers import EVERYBODY, PEERS, Atrium, AtriumHocuspocus, Hocuspocus, PycrdtWebsocket, Server, YWebsocket

KIB, MEBIBYTE = 1 / 1024, 1 << 20


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a scenario, as tables show it."""

    key: str
    title: str
    scale: float = 1
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """`columns[0]` is the figure that decides, and the one that is drawn."""

    name: str
    title: str
    run: Callable[[Server], Figures]
    columns: tuple[Column, ...]
    servers: tuple[type[Server], ...]
    keep: bool = False
    """Whether servers keep their documents; those that do so in a way that costs them are otherwise spared it."""
    in_subset: bool = True
    only_full: tuple[type[Server], ...] = ()
    """Servers that take so long at it that the subset does without them."""


PER_CPU = Column("deliveries_per_cpu_s", "deliveries per CPU-second")
P50, P99 = Column("p50_ms", "p50 ms", digits=1), Column("p99_ms", "p99 ms", digits=1)
LOST = Column("missing", "lost")
JOIN_1, JOIN_50 = Column("join_1_ms", "1 joiner ms", digits=1), Column("join_50_ms", "50 joiners, last, ms", digits=1)
AGAIN_1 = Column("restarted_1_ms", "1 joiner after restart ms", digits=1)
AGAIN_50 = Column("restarted_50_ms", "50 after restart, last, ms", digits=1)

SCENARIOS = (
    Scenario(
        "steady", "Steady fan-out: 1,000 updates/s, 100 clients", scenarios.steady, (PER_CPU, P50, P99, LOST), EVERYBODY
    ),
    Scenario(
        "saturation",
        "Saturation: 100 clients, p99 below 50 ms",
        scenarios.saturation,
        (PER_CPU, Column("rate", "updates/s"), P50, P99),
        EVERYBODY,
        only_full=(PycrdtWebsocket,),
    ),
    Scenario(
        "observers",
        "300 observers of 20 edits/s",
        scenarios.observers,
        (P99, P50, PER_CPU, LOST),
        EVERYBODY,
        only_full=(PycrdtWebsocket,),
    ),
    Scenario(
        "rooms",
        "500 rooms of two clients, 5,000 updates/s",
        scenarios.many_rooms,
        (PER_CPU, P50, P99, LOST),
        (Atrium, *PEERS),
    ),
    Scenario(
        "idle",
        "1,000 idle connections",
        scenarios.idle,
        (
            Column("bytes_per_connection", "KiB per connection", KIB, 1),
            Column("connects_per_s", "connects/s"),
            Column("idle_cpu_share", "CPU share at rest", digits=3),
        ),
        (Atrium, *PEERS),
    ),
    Scenario(
        "edits",
        "100 clients type 10 times a second",
        scenarios.all_write,
        (Column("cpu_s", "CPU s", digits=2), P99),
        (Atrium, *PEERS),
        in_subset=False,
    ),
    Scenario(
        "awareness",
        "Awareness storm: 100 clients, 10 Hz",
        scenarios.awareness,
        (Column("cpu_s", "CPU s", digits=2), Column("presence_p99_ms", "p99 ms", digits=1), LOST),
        (Atrium, *PEERS),
        in_subset=False,
    ),
    Scenario(
        "cold-open",
        "Opening a document of 260,000 keystrokes",
        scenarios.cold_open,
        (
            JOIN_1,
            JOIN_50,
            AGAIN_1,
            AGAIN_50,
            Column("memory_bytes", "memory MiB", 1 / MEBIBYTE, 1),
            Column("build_s", "built in s", digits=1),
        ),
        (Atrium, Hocuspocus, YWebsocket, PycrdtWebsocket),
        keep=True,
        in_subset=False,
    ),
    Scenario(
        "stalled",
        "Five stalled readers, 30 MB",
        scenarios.stalled,
        (
            Column("with_p99_ms", "p99 with them ms", digits=1),
            Column("without_p99_ms", "p99 without ms", digits=1),
            Column("with_memory_bytes", "memory with MiB", 1 / MEBIBYTE, 1),
            Column("without_memory_bytes", "memory without MiB", 1 / MEBIBYTE, 1),
            LOST,
        ),
        (Atrium, Hocuspocus, YWebsocket),
        in_subset=False,
    ),
    Scenario(
        "receipts",
        "Saved: time to the receipt, and what SIGKILL takes",
        scenarios.receipts,
        (
            Column("receipt_p50_ms", "p50 ms", digits=2),
            Column("receipt_p99_ms", "p99 ms", digits=2),
            Column("saved", "receipts given"),
            LOST,
        ),
        (AtriumHocuspocus, Hocuspocus),
        keep=True,
        in_subset=False,
    ),
)
