"""What is written down: receipts and what a SIGKILL takes, and files replaced by REST."""

from __future__ import annotations

import time

from bench.load import Figures, Load
from bench.programs import stream
from bench.rest import write_files
from bench.servers import Server

PARALLEL = 16


def receipts(server: Server) -> Figures:
    """How long an author waits to be told that an update is saved, at 200 updates/s; what a SIGKILL then takes."""
    prepared = stream("typing", 1, 20_000)
    with Load(server, server.rooms("commit", 1), clients=2, writers=1, stream=prepared, rate=200, seconds=5) as load:
        calm = load.run()
    rooms = server.rooms("killed", 1)
    with Load(server, rooms, clients=2, writers=1, stream=prepared, rate=1000, seconds=5) as load:
        load.begin()
        time.sleep(3)
        server.kill()
        killed = load.end()
    server.start()
    with Load(server, rooms, clients=1, writers=1, stream=prepared) as load:
        recovered = load.joined["state_clocks"]
    return {
        "receipt_p50_ms": calm["receipt_p50_ms"],
        "receipt_p99_ms": calm["receipt_p99_ms"],
        "missing_receipts": calm["sent"] - calm["receipts"],
        "saved": killed["receipts"],
        "seen": killed["received"],
        "missing": max(0, killed["receipts"] - recovered),
        "seen_missing": max(0, killed["received"] - recovered),
    }


def file_write(server: Server) -> Figures:
    """A text of 20 KB is replaced by `PUT` with `If-Match`: one after the other, then 16 files at once."""
    one = write_files(server, connections=1, seconds=3)
    many = write_files(server, connections=PARALLEL, seconds=3)
    names = ("p50_ms", "p99_ms", "writes_per_s", "writes_per_cpu_s")
    return {
        **{f"one_{name}": one[name] for name in names},
        **{f"many_{name}": many[name] for name in names},
        "generator_share": max(one["generator_share"], many["generator_share"]),
    }
