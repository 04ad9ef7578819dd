"""Documents that are long, or many: what opening one costs, and holding it."""

from __future__ import annotations

import time
from pathlib import Path

from bench.load import Figures, Load
from bench.programs import stream, typed_clocks
from bench.servers import Server

KEYSTROKES = 260_000
PASTES = 25_000
PASTE_BYTES = 2000
JOIN_TIMEOUT_S = 40
STORE_WAITS_S = 5  # before it writes: the store of Hocuspocus collects for two seconds, then writes for a while
CLIENTS = ROOMS = 1000


def typed(server: Server) -> Figures:
    """A document typed in 260,000 keystrokes is opened by newcomers, before and after a restart of the server."""
    return _opened(server, stream("document", 1, KEYSTROKES), window=2000, crowd=50)


def large(server: Server) -> Figures:
    """A document of 50 MB, pasted 2,000 characters at a time, is opened by one newcomer, before and after a restart."""
    return _opened(server, stream("paste", 1, PASTES), window=200 * PASTE_BYTES, crowd=0)


def _opened(server: Server, prepared: Path, *, window: int, crowd: int) -> Figures:
    rooms = server.rooms("long", 1)
    before = server.resident_bytes()
    with Load(server, rooms, clients=2, writers=1, stream=prepared, window=window, patience=20) as author:
        built = author.run()
        if built["missing"]:
            raise RuntimeError(f"The document was not built: {built['missing']} updates are missing.")
        time.sleep(1)
        figures = {
            "build_s": built["elapsed_s"],
            "build_cpu_s": built["cpu_s"],
            "missing": built["missing"],
            "memory_bytes": server.resident_bytes() - before,
            "join_1_ms": _median_join(server, rooms, prepared),
        }
        if crowd:
            figures["join_50_ms"] = _join(server, rooms, prepared, crowd)
        figures["memory_after_joins_bytes"] = server.resident_bytes() - before
    if not server.durable:
        return figures
    time.sleep(STORE_WAITS_S)
    _restart(server)
    figures["restarted_1_ms"] = _join(server, rooms, prepared, 1)
    if figures["restarted_1_ms"] is not None:
        figures["restarted_memory_bytes"] = server.resident_bytes() - before
        if crowd:
            _restart(server)
            figures["restarted_50_ms"] = _join(server, rooms, prepared, crowd)
    return figures


def _restart(server: Server) -> None:
    server.stop()
    server.start()


def _median_join(server: Server, rooms: list[str], prepared: Path) -> float | None:
    times = [_join(server, rooms, prepared, 1) for _ in range(3)]
    return sorted(times, key=lambda time: float("inf") if time is None else time)[1]


def _join(server: Server, rooms: list[str], prepared: Path, count: int) -> float | None:
    """Milliseconds until the last of `count` newcomers has the whole document; None if that never comes."""
    options = {"clients": count, "inflight": count, "writers": 1, "expect": typed_clocks(prepared)}
    with Load(server, rooms, stream=prepared, join_timeout=JOIN_TIMEOUT_S, **options) as load:
        return float(load.joined["join_max_ms"]) if load.joined["synced"] == count else None


def idle(server: Server) -> Figures:
    """1,000 connections in 100 rooms that do nothing."""
    rooms = server.rooms("idle", 100)
    with Load(server, rooms, rooms=100, clients=1):
        pass
    time.sleep(0.5)
    before = server.resident_bytes()
    with Load(server, rooms, rooms=100, clients=CLIENTS // 100) as load:
        time.sleep(1)
        joined, cpu = load.joined, server.cpu_s()
        time.sleep(2)
        return {
            "bytes_per_connection": (server.resident_bytes() - before) / CLIENTS,
            "connects_per_s": CLIENTS / joined["connect_s"],
            "connect_cpu_s": joined["cpu_s"] / CLIENTS,
            "idle_cpu_share": (server.cpu_s() - cpu) / 2,
            "missing": CLIENTS - joined["synced"],
        }


def memory(server: Server) -> Figures:
    """A server by itself; then 1,000 empty rooms of one client each; then eight into which a megabyte is pasted."""
    started = {"start_s": server.processes[0].start_s, "start_bytes": server.resident_bytes()}
    warm = server.rooms("warm", 100)
    with Load(server, warm, rooms=100, clients=1):
        pass
    rooms = server.rooms("empty", ROOMS)
    time.sleep(0.5)
    before = server.resident_bytes()
    with Load(server, rooms, rooms=ROOMS, clients=1):
        time.sleep(0.5)
        per_room = (server.resident_bytes() - before) / ROOMS
    return started | {"bytes_per_room": per_room, "bytes_per_byte": _bytes_per_byte(server)}


def _bytes_per_byte(server: Server) -> float:
    prepared = stream("paste", 8, 500)
    rooms = server.rooms("full", 8)
    before = server.resident_bytes()
    with Load(server, rooms, rooms=8, clients=2, writers=1, stream=prepared, window=20 * PASTE_BYTES) as load:
        built = load.run()
        if built["missing"]:
            raise RuntimeError(f"The documents were not built: {built['missing']} updates are missing.")
        time.sleep(1)
        return (server.resident_bytes() - before) / (8 * 500 * PASTE_BYTES)
