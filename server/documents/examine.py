"""Finds the log rows that break a document, in a process that may die of them.

Run as a program, it reads rows from its standard input and prints the positions of the bad ones. It tries every guess
in a fork of itself, with limits on memory and processor time: an abort, an endless loop or endless allocation ends the
fork, and its parent halves the rows until it has found the one to blame.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from bisect import bisect_left
from collections.abc import Sequence

from crdt_docs.document import Document
from crdt_docs.errors import CrdtError
from crdt_docs.lib0 import Reader, var_bytes, var_uint

TIMEOUT_S = 60
LIMITS = ((resource.RLIMIT_CPU, 5), (resource.RLIMIT_AS, 4 << 30), (resource.RLIMIT_CORE, 0))

Row = Sequence[bytes]  # the updates that were committed together


class ExaminationError(Exception):
    """The examining process itself failed: the document is still a suspect."""


async def find_breaking(rows: Sequence[Row]) -> list[int]:
    """The positions in `rows` without which a document of all the others can be built and encoded.

    Raises `ExaminationError`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # its own folder is no place to import from
        __file__,  # not `-m`: its package's imports would take most of a second
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},  # not the server's environment: it has secrets
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(_encode(rows)), TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ExaminationError(f"no answer in {TIMEOUT_S} s") from None
    if process.returncode != 0:
        raise ExaminationError(f"it ended with {process.returncode}")
    return [int(position) for position in json.loads(output)]


def _encode(rows: Sequence[Row]) -> bytes:
    return var_uint(len(rows)) + b"".join(
        var_uint(len(row)) + b"".join(var_bytes(update) for update in row) for row in rows
    )


def _decode(data: bytes) -> list[Row]:
    reader = Reader(data)
    return [[reader.var_bytes(len(data)) for _ in range(reader.var_uint())] for _ in range(reader.var_uint())]


def breaking(rows: Sequence[Row]) -> list[int]:
    """`find_breaking` on the calling thread, which must be the only one of its process."""
    kept = list(range(len(rows)))
    bad: list[int] = []
    while not _survives([rows[position] for position in kept]):
        # The shortest run from the beginning that breaks ends with a row to blame.
        end = bisect_left(kept, True, key=lambda last: not _survives([rows[i] for i in kept if i <= last]))
        bad.append(kept.pop(end))
    return bad


def _survives(rows: Sequence[Row]) -> bool:
    child = os.fork()
    if child == 0:
        os._exit(_try(rows))
    _, status = os.waitpid(child, 0)
    return status == 0


def _try(rows: Sequence[Row]) -> int:
    for limit, value in LIMITS:
        resource.setrlimit(limit, (value, value))
    try:
        document = Document()
        document.apply([update for row in rows for update in row])
        document.state()
    except (CrdtError, MemoryError):
        return 1
    return 0


def main() -> None:
    """Examines the rows on standard input."""
    print(json.dumps(breaking(_decode(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()
