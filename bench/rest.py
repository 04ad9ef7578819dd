"""The REST load: files replaced over kept-alive connections, each by the next version as soon as it is answered.

Run as `python -m bench.rest PORT CONNECTIONS SECONDS PATH TOKEN` it is the generator; `write_files` starts that on its
core. A write is timed from before its first byte is sent until its whole answer is there, so a slow generator shows.
"""

from __future__ import annotations

import json
import resource
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from bench.process import GENERATOR_CORE, pinned
from bench.programs import ROOT
from bench.servers import Server

LINES, CHANGED = 400, 3
LINE = "{number:04d} {version:08d} the quick brown fox jumps over it\n"
ANSWER_TIMEOUT_S = 20


def write_files(server: Server, *, connections: int, seconds: float) -> dict[str, Any]:
    """Times in milliseconds, writes per second and per CPU-second of the server; raises `RuntimeError`."""
    path, token = server.files()
    arguments = [str(server.port), str(connections), str(seconds), f"{path}", token]
    before = server.cpu_s()
    done = subprocess.run(
        pinned(GENERATOR_CORE, [sys.executable, "-m", "bench.rest", *arguments]),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds + 3 * ANSWER_TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"The REST load ended: {(done.stderr.strip().splitlines() or ['nothing printed'])[-1]}")
    figures: dict[str, Any] = json.loads(done.stdout)
    cpu_s = server.cpu_s() - before
    return figures | {"cpu_s": cpu_s, "writes_per_cpu_s": figures["writes"] / max(cpu_s, 0.001)}


@dataclass
class Writer:
    """One connection with a file of its own."""

    sock: socket.socket
    path: str
    token: str
    version: int = 0
    replaces: str | None = None
    sent_at: float = 0
    received: bytearray = field(default_factory=bytearray)

    def send(self) -> None:
        """The next version of the file: three of its 400 lines are others than before."""
        self.version += 1
        first = self.version * CHANGED % LINES
        changed = range(first, first + CHANGED)
        lines = (LINE.format(number=n, version=self.version if n in changed else 0) for n in range(LINES))
        body = "".join(lines).encode()
        condition = "If-None-Match: *" if self.replaces is None else f"If-Match: {self.replaces}"
        credentials = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        head = f"PUT {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{credentials}{condition}\r\n"
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def answered(self) -> bool:
        """Reads; whether the whole answer is there. Raises `RuntimeError` unless it is a success."""
        piece = self.sock.recv(1 << 16)
        self.received += piece
        head, found, rest = bytes(self.received).partition(b"\r\n\r\n")
        if not piece:
            raise RuntimeError(f"connection closed after {head!r}")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        if not found or len(rest) < int(fields.get(b"content-length", 0)):
            return False
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise RuntimeError(f"{head.splitlines()[0].decode()} {rest[:200].decode()}")
        self.replaces = fields[b"etag"].decode()
        return True


def run(port: int, connections: int, seconds: float, path: str, token: str) -> dict[str, Any]:
    """Creates the files, then writes them for `seconds`."""
    writers = [_connect(port, path % f"{connections}-{number}", token) for number in range(connections)]
    _answers(writers, until=0)
    used, started = _cpu_s(), time.perf_counter()
    times = sorted(_answers(writers, until=started + seconds))
    elapsed = time.perf_counter() - started
    return {
        "writes": len(times),
        "writes_per_s": len(times) / elapsed,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[len(times) * 99 // 100] * 1000,
        "generator_share": (_cpu_s() - used) / elapsed,
    }


def _connect(port: int, path: str, token: str) -> Writer:
    sock = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Writer(sock, path, token)


def _answers(writers: list[Writer], until: float) -> list[float]:
    """Every writer writes, and again until that time; seconds per write."""
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        for writer in writers:
            selector.register(writer.sock, selectors.EVENT_READ, writer)
            writer.send()
        while selector.get_map():
            ready = selector.select(ANSWER_TIMEOUT_S)
            if not ready:
                raise RuntimeError(f"no answer within {ANSWER_TIMEOUT_S} s")
            for key, _events in ready:
                _take(key.data, times, selector, until)
    return times


def _take(writer: Writer, times: list[float], selector: selectors.BaseSelector, until: float) -> None:
    if not writer.answered():
        return
    times.append(time.perf_counter() - writer.sent_at)
    if time.perf_counter() < until:
        writer.send()
    else:
        selector.unregister(writer.sock)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    _port, _connections, _seconds, _path, _token = sys.argv[1:]
    print(json.dumps(run(int(_port), int(_connections), float(_seconds), _path, _token)))
