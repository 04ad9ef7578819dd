"""What an update and a delivery cost, in calls of functions: the same on every machine, however busy.

Time is measured by `make bench`. These budgets catch the change that makes the hot path longer on the day it is made.
A budget may be raised with the reason in the commit; it is lowered when the path gets shorter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from crdt_docs.protocol import Update, messages, ywebsocket
from tests.support.rooms import RoomHarness, Writer

PEERS = 100
UPDATES = 20

CALLS_PER_UPDATE = 100  # from the decoded message to the commit, and the frames made once for all
CALLS_PER_DELIVERY = 3.2  # whether the peer wants it, whether its socket takes it, the write
CALLS_PER_UPDATE_IN_A_BATCH = 58  # the same, without the commit and the writes
ROWS_PER_BATCH_OF_ONE_AUTHOR = 1


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls, those of C included."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


class Typist:
    """A room with a writer, who has typed before, and `readers` others."""

    def __init__(self, readers: int) -> None:
        self.harness = RoomHarness()
        self.peer, _ = self.harness.join()
        self.links = [self.harness.join()[1] for _ in range(readers)]
        self.writer = Writer(1000)
        self.commit_each(self.typed(2))

    def typed(self, count: int) -> list[bytes]:
        """The frames of `count` keystrokes."""
        return [messages.update(self.writer.type("x")) for _ in range(count)]

    def receive(self, frames: list[bytes]) -> None:
        for frame in frames:
            message = ywebsocket.decode(frame)
            assert isinstance(message, Update)
            self.harness.room.receive_update(self.peer, message.update)

    def commit_each(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.receive([frame])
            self.harness.log.commit()
            self.harness.runtime.advance(1)


def update_calls(readers: int) -> float:
    typist = Typist(readers)
    frames = typist.typed(UPDATES)
    return calls(lambda: typist.commit_each(frames)) / UPDATES


def test_calls_per_update() -> None:
    """A keystroke in a room of one, from its frame to its commit, stays within its budget."""
    assert update_calls(readers=0) <= CALLS_PER_UPDATE


def test_calls_per_delivery() -> None:
    """Every further peer costs a handful of calls per batch, however many updates the batch has."""
    assert (update_calls(readers=PEERS) - update_calls(readers=0)) / PEERS <= CALLS_PER_DELIVERY


def batch_calls(updates: int) -> int:
    """The calls for a batch of `updates` by one author, received while another is in flight."""
    typist = Typist(PEERS)
    frames = typist.typed(updates + 1)
    typist.receive(frames[:1])
    received = calls(lambda: typist.receive(frames[1:]))
    typist.harness.log.commit()
    typist.harness.runtime.advance(1)
    return received + calls(typist.harness.log.commit)


def test_calls_per_update_in_a_batch() -> None:
    """Updates that travel together share the commit and the writes."""
    assert (batch_calls(1 + UPDATES) - batch_calls(1)) / UPDATES <= CALLS_PER_UPDATE_IN_A_BATCH


def test_rows_per_batch() -> None:
    """What one author types during a commit becomes one row of the log."""
    typist = Typist(readers=1)
    typist.receive(typist.typed(1))
    before = len(typist.harness.log.rows)
    typist.receive(typist.typed(UPDATES))
    typist.harness.log.commit()
    typist.harness.runtime.advance(1)
    typist.harness.log.commit()
    assert len(typist.harness.log.rows) - before == 1 + ROWS_PER_BATCH_OF_ONE_AUTHOR


def test_deliveries_share_their_bytes() -> None:
    """All readers are given the same bytes object: a batch is framed once, not once per peer."""
    typist = Typist(PEERS)
    written: list[bytes] = []
    for link in typist.links:
        link.write = written.append  # type: ignore[method-assign]
    typist.commit_each(typist.typed(1))
    assert len(written) == PEERS
    assert len(set(map(id, written))) == 1
