"""`python -m bench.control`: what 1,000 sessions on the control channel cost one node. See bench/README.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.process import GENERATOR_CORE
from bench.runner import DATA
from bench.servers import ADMIN_TOKEN, Atrium

PROJECTS, SESSIONS = 10, 100
HEARTBEAT_S, ROUNDS, SPREAD = 5, 3, 0.8
EVENTS, PAUSE_S = 200, 0.02
REST_S, ANSWER_S = 2, 60
END_OF_HEAD = b"\r\n\r\n"
LONG, LONGER = 126, 127  # lengths that say that the length follows (RFC 6455, section 5.2)


class Server(Atrium):
    """Clients are to be heard of every five seconds, so that a few rounds take no minute."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"ATRIUM_SESSION_HEARTBEAT_S": str(HEARTBEAT_S)}


class Client(asyncio.Protocol):
    """A session: counts what it is told by type; `news` is when it hears of the next lease of somebody else."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._unread = bytearray()
        self._opened = False
        self.said: Counter[str] = Counter()
        self.alive = True
        loop = asyncio.get_running_loop()
        self.welcomed: asyncio.Future[None] = loop.create_future()
        self.answer: asyncio.Future[dict[str, object]] = loop.create_future()
        self.news: asyncio.Future[float] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {self._path} HTTP/1.1",
            "Host: bench",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {ADMIN_TOKEN}",
        )
        transport.write("\r\n".join((*lines, "", "")).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        if not self.welcomed.done():
            self.welcomed.set_exception(exc or ConnectionError("The server has closed the connection."))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._unread += data
        if not self._opened:
            head, end, rest = bytes(self._unread).partition(END_OF_HEAD)
            if not end or b" 101 " not in head:
                return
            self._opened, self._unread = True, bytearray(rest)
        for message in frames(self._unread):
            self._hear(message, now)

    def _hear(self, message: bytes, now: float) -> None:
        said = json.loads(message)
        self.said[said["type"]] += 1
        if said["type"] == "welcome":
            self.welcomed.set_result(None)
        elif "ref" in said:
            self.answer.set_result(said)
        elif said["type"] == "lock_acquired":
            self.news.set_result(now)

    def say(self, **message: object) -> None:
        """Sends a message, masked with zeros."""
        text = json.dumps(message).encode()
        size = bytes([0x80 | len(text)]) if len(text) < LONG else bytes([0x80 | LONG]) + len(text).to_bytes(2)
        self.transport.write(b"\x81" + size + bytes(4) + text)

    async def ask(self, **message: object) -> dict[str, object]:
        """The answer to a message."""
        self.answer = asyncio.get_running_loop().create_future()
        self.say(id=1, **message)
        async with asyncio.timeout(ANSWER_S):
            return await self.answer


def frames(unread: bytearray) -> Iterator[bytes]:
    """Takes whole frames of a server out of `unread`; gives the text messages among them."""
    while len(unread) >= 2:
        start, size = 2, unread[1]
        if size in (LONG, LONGER):
            start = 4 if size == LONG else 10
            size = int.from_bytes(unread[2:start])
        if len(unread) < start + size:
            return
        kind, body = unread[0] & 15, bytes(unread[start : start + size])
        del unread[: start + size]
        if kind == 1:
            yield body


async def enter(server: Server, count: int) -> list[Client]:
    """So many sessions in each project."""
    loop, clients = asyncio.get_running_loop(), []
    for _ in range(count):
        for number in range(PROJECTS):
            path = f"/control?project=p{number}"
            _, client = await loop.create_connection(lambda path=path: Client(path), "127.0.0.1", server.port)  # type: ignore[misc]
            clients.append(client)
    async with asyncio.timeout(ANSWER_S):
        await asyncio.gather(*(client.welcomed for client in clients))
    return clients


async def heartbeats(clients: Sequence[Client]) -> float:
    """One round, spread over the interval; returns the seconds from the last ping until everybody is answered."""
    answers = []
    for client in clients:
        answers.append(asyncio.create_task(client.ask(type="ping")))
        await asyncio.sleep(HEARTBEAT_S / len(clients) * SPREAD)
    last = time.perf_counter()
    await asyncio.gather(*answers)
    return time.perf_counter() - last


async def events(clients: Sequence[Client]) -> list[float]:
    """Seconds from a request for a lease until each of the other sessions of the project is told, over many leases."""
    asker, *others = clients
    delays: list[float] = []
    for _ in range(EVENTS):
        for client in others:
            client.news = asyncio.get_running_loop().create_future()
        asked = time.perf_counter()
        lease = await asker.ask(type="lock_request", lock_type="git", resource_id="main")
        async with asyncio.timeout(ANSWER_S):
            delays += [heard - asked for heard in await asyncio.gather(*(client.news for client in others))]
        await asker.ask(type="lock_release", lock_type="git", resource_id="main", fence=lease["fence"])
        await asyncio.sleep(PAUSE_S)
    return delays


async def run(server: Server) -> None:
    """Measures, and prints a table."""
    for number in range(PROJECTS):
        server.request("POST", "/api/v1/projects", json.dumps({"slug": f"p{number}", "name": "bench"}).encode())
    for client in await enter(server, 1):  # what the first of all needs is not a connection's
        await client.ask(type="leave")
    await asyncio.sleep(REST_S)
    before, cpu_before = server.resident_bytes(), server.cpu_s()
    clients = await enter(server, SESSIONS)
    connect_s = (server.cpu_s() - cpu_before) / len(clients)
    await asyncio.sleep(REST_S)
    row("memory of an idle connection", f"{(server.resident_bytes() - before) / len(clients) / 1000:.1f} kB")
    row("CPU of a connect, with what the others are told", f"{connect_s * 1e6:.0f} µs")
    cpu_before, start = server.cpu_s(), time.perf_counter()
    lags = [await heartbeats(clients) for _ in range(ROUNDS)]
    share = (server.cpu_s() - cpu_before) / (time.perf_counter() - start)
    alive = sum(client.alive and not client.said["session_disconnected"] for client in clients)
    row(f"alive after {ROUNDS} rounds of heartbeats", f"{alive} of {len(clients)}")
    row(f"CPU with a heartbeat of each every {HEARTBEAT_S} s, of one core", f"{share:.1%}")
    row("the last answer of a round", f"{max(lags) * 1000:.0f} ms")
    delays = sorted(await events(clients[::PROJECTS]))
    row(f"an event to {SESSIONS - 1} others, p50", f"{statistics.median(delays) * 1000:.1f} ms")
    row(f"an event to {SESSIONS - 1} others, p99", f"{delays[int(len(delays) * 0.99)] * 1000:.1f} ms")


def row(what: str, figure: str) -> None:
    """One line of the table."""
    print(f"| {what} | {figure} |", flush=True)


def main() -> int:
    """Starts a server, and plays its clients from the other core."""
    argparse.ArgumentParser(prog="python -m bench.control", description=__doc__).parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with the bench
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="control-", dir=DATA) as data:
        server = Server(Path(data))
        try:
            server.start()
            os.sched_setaffinity(0, {GENERATOR_CORE} & os.sched_getaffinity(0) or os.sched_getaffinity(0))
            print(f"{PROJECTS} projects with {SESSIONS} sessions each\n\n| what | |\n| --- | --: |")
            asyncio.run(run(server))
        finally:
            server.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
