"""What is measured. Each scenario takes a freshly started server and returns its figures."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from bench.load import Figures, Load
from bench.programs import stream, typed_clocks
from bench.servers import Server

P99_LIMIT_MS = 50
LOWEST_RATE, HIGHEST_RATE = 125, 128_000
KEYSTROKES = 260_000


def steady(server: Server) -> Figures:
    """1,000 updates/s by 10 of 100 clients of one room."""
    return _fan_out(server, clients=100, writers=10, rate=1000, seconds=5)


def observers(server: Server) -> Figures:
    """20 updates/s by one client, seen by 300 others."""
    return _fan_out(server, clients=301, writers=1, rate=20, seconds=6)


def many_rooms(server: Server) -> Figures:
    """500 rooms of two clients, 10 updates/s in each."""
    rooms = server.rooms("many", 500)
    prepared = stream("typing", 500, 100)
    with Load(
        server, rooms, rooms=500, clients=2, writers=1, inflight=64, stream=prepared, rate=5000, seconds=5
    ) as load:
        return _checked(load.run())


def all_write(server: Server) -> Figures:
    """Edits as many as the awareness storm has cursor moves: 100 clients, each 10 times a second."""
    return _fan_out(server, clients=100, writers=100, rate=1000, seconds=5)


def awareness(server: Server) -> Figures:
    """100 clients that move their cursors 10 times a second."""
    rooms = server.rooms("storm", 1)
    with Load(server, rooms, clients=100, awareness_hz=10, seconds=5) as load:
        figures = load.run()
    return figures | {"missing": figures["presence_sent"] * 99 - figures["presence_received"]}


def saturation(server: Server) -> Figures:
    """The highest rate, found within a factor of √2, at which p99 stays below 50 ms and nothing is lost."""
    best: Figures = {"rate": 0, "deliveries_per_cpu_s": 0}
    rate, failed = 2000.0, float("inf")
    while LOWEST_RATE <= rate <= HIGHEST_RATE and failed > best["rate"] * 1.5:
        sustained = _sustained(server, rate)
        best, failed = (sustained, failed) if sustained else (best, rate)
        if failed == float("inf"):
            rate *= 2
        else:
            rate = (best["rate"] * failed) ** 0.5 if best["rate"] else rate / 2
    return best


def _sustained(server: Server, rate: float) -> Figures | None:
    """The figures at `rate`, or None when it is too much; asked a second time, for the machine may have been busy."""
    for _ in range(2):
        figures = _fan_out(server, clients=100, writers=10, rate=rate, seconds=2, patience=2)
        if figures["p99_ms"] < P99_LIMIT_MS and figures["missing"] == 0:
            return figures
        server.revive()
    return None


def idle(server: Server) -> Figures:
    """1,000 connections in 100 rooms that do nothing."""
    rooms = server.rooms("idle", 100)
    with Load(server, rooms, rooms=100, clients=1, inflight=64):
        pass
    time.sleep(0.5)
    before = server.process.resident_bytes()
    with Load(server, rooms, rooms=100, clients=10, inflight=64) as load:
        time.sleep(1)
        joined, cpu = load.joined, server.process.cpu_s()
        time.sleep(2)
        return {
            "bytes_per_connection": (server.process.resident_bytes() - before) / 1000,
            "connects_per_s": 1000 / joined["connect_s"],
            "idle_cpu_share": (server.process.cpu_s() - cpu) / 2,
            "missing": 1000 - joined["synced"],
        }


def cold_open(server: Server) -> Figures:
    """A document typed in 260,000 keystrokes is opened by newcomers, before and after a restart of the server."""
    rooms = server.rooms("long", 1)
    before = server.process.resident_bytes()
    prepared = stream("document", 1, KEYSTROKES)
    with Load(server, rooms, clients=2, writers=1, stream=prepared, window=2000, patience=20) as author:
        built = _checked(author.run())
        time.sleep(1)
        figures = {
            "build_s": built["elapsed_s"],
            "build_cpu_s": built["cpu_s"],
            "missing": built["missing"],
            "memory_bytes": server.process.resident_bytes() - before,
            "join_1_ms": statistics.median(_join(server, rooms, 1) for _ in range(5)),
            "join_50_ms": _join(server, rooms, 50),
        }
    if not server.durable:
        return figures
    time.sleep(3)  # a store that waits before it writes
    server.process.stop()
    server.start()
    figures["restarted_1_ms"] = _join(server, rooms, 1)
    if figures["restarted_1_ms"] == float("inf"):
        return figures
    server.process.stop()
    server.start()
    return figures | {"start_s": server.process.start_s, "restarted_50_ms": _join(server, rooms, 50)}


def stalled(server: Server) -> Figures:
    """Five of twenty clients never read while 30 MB flow; beside it, the same without them."""
    prepared = stream("paste", 2, 7500)
    figures = {}
    for name, count in (("without", 0), ("with", 5)):
        rooms = server.rooms(f"stalled-{count}", 1)
        before = server.process.resident_bytes()
        options: dict[str, float | Path] = {
            "clients": 15 + count,
            "writers": 2,
            "stalled": count,
            "stream": prepared,
            "rate": 1500,
            "seconds": 10,
        }
        with Load(server, rooms, **options) as load:
            run = _checked(load.run())
        figures[f"{name}_p99_ms"] = run["p99_ms"]
        figures[f"{name}_memory_bytes"] = run["resident_bytes"] - before
        figures["missing"] = run["missing"]
    return figures


def receipts(server: Server) -> Figures:
    """How long an author waits to be told that an update is saved, at 200 updates/s; what a SIGKILL then takes."""
    prepared = stream("typing", 1, 20_000)
    rooms = server.rooms("commit", 1)
    with Load(server, rooms, clients=2, writers=1, stream=prepared, rate=200, seconds=5) as load:
        calm = load.run()
    rooms = server.rooms("killed", 1)
    with Load(server, rooms, clients=2, writers=1, stream=prepared, rate=1000, seconds=5) as load:
        load.begin()
        time.sleep(3)
        server.process.kill()
        killed = load.end()
    server.start()
    with Load(server, rooms, clients=1, writers=1, stream=prepared) as load:
        recovered = load.joined["state_clocks"]
    return {
        "receipt_p50_ms": calm["receipt_p50_ms"],
        "receipt_p99_ms": calm["receipt_p99_ms"],
        "saved": killed["receipts"],
        "missing": max(0, killed["receipts"] - recovered),
    }


def _fan_out(
    server: Server, *, clients: int, writers: int, rate: float, seconds: float, patience: float = 5
) -> Figures:
    rooms = server.rooms("fan", 1)
    prepared = stream("typing", writers, _power_of_two(rate * seconds / writers))
    load = Load(
        server, rooms, clients=clients, writers=writers, stream=prepared, rate=rate, seconds=seconds, patience=patience
    )
    with load:
        return _checked(load.run()) | {"rate": rate}


def _power_of_two(updates: float) -> int:
    """At least `updates`: few different files are prepared."""
    return 1 << max(10, int(updates).bit_length())


def _checked(figures: Figures) -> Figures:
    return figures | {"missing": figures["expected"] - figures["received"]}


def _join(server: Server, rooms: list[str], count: int) -> float:
    """Milliseconds until the last of `count` newcomers has the whole long document; infinite if that never comes."""
    prepared = stream("document", 1, KEYSTROKES)
    options = {"clients": count, "inflight": count, "writers": 1, "expect": typed_clocks(prepared)}
    with Load(server, rooms, stream=prepared, **options) as load:
        return float(load.joined["join_max_ms"]) if load.joined["synced"] == count else float("inf")
