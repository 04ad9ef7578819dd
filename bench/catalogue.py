"""The scenarios as a list: who takes part in which, and which figures are shown."""

from __future__ import annotations

from functools import partial

from bench.proxies import AtriumBehindNginx, AtriumBehindTls
from bench.scenario import Column, Scenario
from bench.scenarios import documents, fan_out, storage
from bench.servers import (
    EVERYBODY,
    PEERS,
    Atrium,
    AtriumHocuspocus,
    BareFiles,
    Ceiling,
    Hocuspocus,
    PycrdtWebsocket,
    YWebsocket,
)

KIB, MEBIBYTE = 1 / 1024, 1 / (1 << 20)

PER_CPU = Column("deliveries_per_cpu_s", "deliveries per CPU-second")
P50, P99 = Column("p50_ms", "p50 ms", digits=1), Column("p99_ms", "p99 ms", digits=1)
LOST = Column("missing", "lost")
BUSY = Column("generator_share", "generator busy, %", 100)
SLOW = (PycrdtWebsocket,)


def _late(figure: str, clients: int) -> Column:
    return Column(f"{figure}_{clients}", f"{figure[:3]} of {clients}, ms", digits=1)


def _saturation(clients: int, *, in_subset: bool = False) -> Scenario:
    return Scenario(
        "saturation" if clients == 100 else f"saturation-{clients}",
        f"Saturation: {clients} clients, p99 below 50 ms",
        partial(fan_out.saturation, clients=clients),
        (PER_CPU, Column("rate", "updates/s"), Column("deliveries_per_s", "deliveries/s"), P50, P99, BUSY),
        EVERYBODY,
        in_subset=in_subset,
        only_full=SLOW,
        limit_s=150,
    )


def _opening(name: str, title: str, run: str, *columns: Column) -> Scenario:
    return Scenario(
        name,
        title,
        getattr(documents, run),
        (
            Column("join_1_ms", "1 joiner ms", digits=1),
            *columns,
            Column("restarted_1_ms", "1 joiner after restart ms", digits=1),
            Column("memory_bytes", "memory MiB", MEBIBYTE, 1),
            Column("memory_after_joins_bytes", "after the joins MiB", MEBIBYTE, 1),
            Column("restarted_memory_bytes", "after restart MiB", MEBIBYTE, 1),
            Column("build_s", "built in s", digits=1),
        ),
        (Atrium, *PEERS),
        keep=True,
        in_subset=False,
        limit_s=240,
    )


SCENARIOS = (
    Scenario(
        "steady",
        "Steady fan-out: 1,000 updates/s, 100 clients",
        fan_out.steady,
        (PER_CPU, P50, P99, LOST, BUSY),
        EVERYBODY,
        only_full=SLOW,
    ),
    _saturation(100, in_subset=True),
    _saturation(10),
    _saturation(500),
    Scenario(
        "calm",
        "50 updates/s to 10, 100 and 500 clients",
        fan_out.calm,
        (*(_late(figure, clients) for clients in (100, 10, 500) for figure in ("p99_ms", "p50_ms")), LOST),
        EVERYBODY,
        in_subset=False,
    ),
    Scenario(
        "observers",
        "300 observers of 20 edits/s",
        fan_out.observers,
        (P99, P50, PER_CPU, LOST),
        EVERYBODY,
        only_full=SLOW,
    ),
    Scenario(
        "rooms",
        "500 rooms of two clients, 5,000 updates/s",
        fan_out.many_rooms,
        (PER_CPU, P50, P99, LOST),
        (Atrium, *PEERS),
        only_full=SLOW,
    ),
    Scenario(
        "idle",
        "1,000 idle connections",
        documents.idle,
        (
            Column("bytes_per_connection", "KiB per connection", KIB, 1),
            Column("connects_per_s", "connects/s"),
            Column("idle_cpu_share", "CPU share at rest", digits=3),
            Column("missing", "not connected"),
        ),
        (Atrium, *PEERS),
        only_full=SLOW,
    ),
    Scenario(
        "memory",
        "Start-up, and memory of rooms and documents",
        documents.memory,
        (
            Column("bytes_per_room", "KiB per room and its connection", KIB, 1),
            Column("bytes_per_byte", "bytes per pasted byte", digits=2),
            Column("start_s", "start s", digits=2),
            Column("start_bytes", "after start MiB", MEBIBYTE, 1),
        ),
        (Atrium, *PEERS),
        in_subset=False,
    ),
    Scenario(
        "files",
        "Files of 20 KB replaced by REST",
        storage.file_write,
        (
            Column("many_writes_per_cpu_s", "16 at once: writes per CPU-second"),
            Column("many_p50_ms", "p50 ms", digits=1),
            Column("many_p99_ms", "p99 ms", digits=1),
            Column("one_writes_per_cpu_s", "one by one: writes per CPU-second"),
            Column("one_p50_ms", "p50 ms", digits=2),
            Column("one_p99_ms", "p99 ms", digits=2),
        ),
        (Atrium, BareFiles),
    ),
    Scenario(
        "edits",
        "100 clients type 10 times a second",
        fan_out.all_write,
        (Column("cpu_s", "CPU s", digits=2), P99, LOST),
        (Atrium, *PEERS),
        in_subset=False,
    ),
    Scenario(
        "awareness",
        "Awareness storm: 100 clients, 10 Hz",
        fan_out.awareness,
        (Column("cpu_s", "CPU s", digits=2), Column("presence_p99_ms", "p99 ms", digits=1), LOST),
        (Atrium, *PEERS),
        in_subset=False,
    ),
    _opening(
        "cold-open",
        "Opening a document of 260,000 keystrokes",
        "typed",
        Column("join_50_ms", "50 joiners, last, ms", digits=1),
        Column("restarted_50_ms", "50 after restart, last, ms", digits=1),
    ),
    _opening("large", "Opening a document of 50 MB", "large"),
    Scenario(
        "stalled",
        "Five stalled readers, 30 MB",
        fan_out.stalled,
        (
            Column("with_p99_ms", "p99 with them ms", digits=1),
            Column("without_p99_ms", "p99 without ms", digits=1),
            Column("with_memory_bytes", "memory with MiB", MEBIBYTE, 1),
            Column("without_memory_bytes", "memory without MiB", MEBIBYTE, 1),
            LOST,
        ),
        (Atrium, Hocuspocus, YWebsocket),
        in_subset=False,
    ),
    Scenario(
        "receipts",
        "Saved: time to the receipt, and what SIGKILL takes",
        storage.receipts,
        (
            Column("receipt_p50_ms", "p50 ms", digits=2),
            Column("receipt_p99_ms", "p99 ms", digits=2),
            Column("saved", "receipts given"),
            Column("missing", "of them lost"),
            Column("seen", "seen by others"),
            Column("seen_missing", "of them lost"),
        ),
        (AtriumHocuspocus, Hocuspocus),
        keep=True,
    ),
    Scenario(
        "proxy",
        "The steady fan-out through a reverse proxy",
        fan_out.proxied,
        (
            PER_CPU,
            Column("cpu_s", "CPU s", digits=2),
            Column("proxy_cpu_s", "of it the proxy's", digits=2),
            P50,
            P99,
            LOST,
        ),
        (Atrium, AtriumBehindNginx, AtriumBehindTls),
        in_subset=False,
    ),
    Scenario(
        "generator",
        "The generator's own ceiling: 100 clients, 10 of them write",
        fan_out.saturation,
        (
            Column("deliveries_per_s", "deliveries/s"),
            Column("rate", "updates/s"),
            BUSY,
            Column("late_p99_ms", "sent late by, p99 ms", digits=2),
            P99,
        ),
        (Ceiling,),
        in_subset=False,
        limit_s=150,
    ),
)
