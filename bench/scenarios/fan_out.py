"""Rooms that are busy: what a delivery costs, how late it comes, and how many there can be."""

from __future__ import annotations

from pathlib import Path

from bench.load import Figures, Load
from bench.programs import stream
from bench.proxies import AtriumBehindNginx
from bench.servers import Server

P99_LIMIT_MS = 50
LOWEST_RATE, HIGHEST_RATE = 20, 512_000
CALM_SIZES = (10, 100, 500)


def steady(server: Server) -> Figures:
    """1,000 updates/s by 10 of 100 clients of one room."""
    return fan_out(server, clients=100, writers=10, rate=1000, seconds=5)


def calm(server: Server) -> Figures:
    """50 updates/s by 10 clients of a room of 10, of 100 and of 500."""
    figures: Figures = {"missing": 0, "late_p99_ms": 0}
    for clients in CALM_SIZES:
        run = fan_out(server, clients=clients, writers=10, rate=50, seconds=4)
        figures["missing"] += run["missing"]
        figures["late_p99_ms"] = max(figures["late_p99_ms"], run["late_p99_ms"])
        figures |= {f"{figure}_{clients}": run[figure] for figure in ("p50_ms", "p99_ms", "deliveries_per_cpu_s")}
    return figures


def observers(server: Server) -> Figures:
    """20 updates/s by one client, seen by 300 others."""
    return fan_out(server, clients=301, writers=1, rate=20, seconds=6)


def many_rooms(server: Server) -> Figures:
    """500 rooms of two clients, 10 updates/s in each."""
    rooms = server.rooms("many", 500)
    prepared = stream("typing", 500, 100)
    with Load(
        server, rooms, rooms=500, clients=2, writers=1, inflight=64, stream=prepared, rate=5000, seconds=5
    ) as load:
        return load.run()


def all_write(server: Server) -> Figures:
    """Edits as many as the awareness storm has cursor moves: 100 clients, each 10 times a second."""
    return fan_out(server, clients=100, writers=100, rate=1000, seconds=5)


def awareness(server: Server) -> Figures:
    """100 clients that move their cursors 10 times a second."""
    with Load(server, server.rooms("storm", 1), clients=100, awareness_hz=10, seconds=5) as load:
        return load.run()


def proxied(server: Server) -> Figures:
    """`steady`, and how much of it the proxy is."""
    proxy = server.proxy if isinstance(server, AtriumBehindNginx) else None
    before = proxy.cpu_s() if proxy else 0
    figures = steady(server)
    return figures | {"proxy_cpu_s": proxy.cpu_s() - before} if proxy else figures


def saturation(server: Server, clients: int = 100) -> Figures:
    """The highest rate, found within a factor of √2, at which p99 stays below 50 ms and nothing is lost."""
    best: Figures = {"rate": 0, "deliveries_per_cpu_s": 0}
    rate, failed = server.first_rate * min(1, 100 / clients), float("inf")
    while LOWEST_RATE <= rate <= HIGHEST_RATE and failed > best["rate"] * 1.5:
        sustained = _sustained(server, clients, rate)
        best, failed = (sustained, failed) if sustained else (best, rate)
        if failed == float("inf"):
            rate *= 2
        else:
            rate = (best["rate"] * failed) ** 0.5 if best["rate"] else rate / 2
    return best


def _sustained(server: Server, clients: int, rate: float) -> Figures | None:
    """The figures at `rate`, or None when it is too much; asked a second time, for the machine may have been busy."""
    for _ in range(2):
        try:
            figures = fan_out(server, clients=clients, writers=10, rate=rate, seconds=2, patience=2)
            if figures["p99_ms"] < P99_LIMIT_MS and figures["missing"] == 0:
                return figures
        except RuntimeError:
            server.revive()
    return None


def stalled(server: Server) -> Figures:
    """Five of twenty clients never read while 30 MB flow; beside it, the same without them."""
    prepared = stream("paste", 2, 7500)
    figures = {}
    for name, count in (("without", 0), ("with", 5)):
        rooms = server.rooms(f"stalled-{count}", 1)
        before = server.resident_bytes()
        options: dict[str, float | Path] = {
            "clients": 15 + count,
            "writers": 2,
            "stalled": count,
            "stream": prepared,
            "rate": 1500,
            "seconds": 10,
        }
        with Load(server, rooms, **options) as load:
            run = load.run()
        figures[f"{name}_p99_ms"] = run["p99_ms"]
        figures[f"{name}_memory_bytes"] = run["resident_bytes"] - before
        figures["missing"] = run["missing"]
        figures |= {name: run[name] for name in ("late_p99_ms", "generator_share")}
    return figures


def fan_out(server: Server, *, clients: int, writers: int, rate: float, seconds: float, patience: float = 5) -> Figures:
    """`rate` updates/s by `writers` of the `clients` of a new room."""
    prepared = stream("typing", writers, _power_of_two(rate * seconds / writers))
    rooms = server.rooms("fan", 1)
    with Load(
        server, rooms, clients=clients, writers=writers, stream=prepared, rate=rate, seconds=seconds, patience=patience
    ) as load:
        return load.run() | {"rate": rate}


def _power_of_two(updates: float) -> int:
    """At least `updates`: few different files are prepared."""
    return 1 << max(10, int(updates).bit_length())
