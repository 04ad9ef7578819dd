from __future__ import annotations

import os
import threading

from bench.profile import REST, parts, used


def test_a_sample_belongs_to_its_innermost_known_frame() -> None:
    """What a room makes the log do is the log's time; a stack that is in none of the parts is the rest."""
    samples = "\n".join(
        (
            "Room._flush (server/rooms/room.py:280);append (server/documents/writer.py:60) 3",
            "Room._flush (server/rooms/room.py:280);loads (json/decoder.py:1) 2",
            "main (server/__main__.py:1);run (asyncio/runners.py:118) 5",
        )
    )
    assert parts(samples) == {"update log": 3, "rooms: batches, outboxes, presence": 2, REST: 5}


def test_threads_are_accounted_for_apart() -> None:
    """Work of another thread is counted as others', and work of the first as its own."""
    worked, leave = threading.Event(), threading.Event()

    def work() -> None:
        sum(range(5_000_000))
        worked.set()
        leave.wait(10)

    before = used(os.getpid())
    thread = threading.Thread(target=work)
    thread.start()
    worked.wait(10)
    sum(range(5_000_000))
    after = used(os.getpid())
    leave.set()
    thread.join()
    assert all((now - then).program_s > 0 for then, now in zip(before, after, strict=True))
