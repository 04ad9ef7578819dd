"""One socket: its budgets, its liveness and its back-pressure, whatever is spoken on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from crdt_docs.errors import CrdtError, DocumentPoisoned
from server.gateway.budget import Budget
from server.gateway.socket import SocketProtocol
from server.kit import metrics
from server.kit.errors import AtriumError, BadRequest
from server.settings import Limits

logger = logging.getLogger(__name__)

TICK_S = 1.0
INTERNAL_ERROR, TRY_AGAIN_LATER = 1011, 1013


class Receiver(Protocol):
    """What stands behind a connection."""

    def on_message(self, data: bytes) -> None:
        """Takes one binary message."""

    def drained(self) -> None:
        """The socket takes bytes again."""

    def keep_alive(self) -> None:
        """Says something: the client has heard nothing for a while."""

    def end(self) -> None:
        """The socket is gone."""


class SyncConnection:
    """The `Link` of every peer on one socket.

    Reading is paused while the connection is over its budget of frames or bytes. Nothing a client does here costs
    another connection more than that.
    """

    __slots__ = (
        "_bytes",
        "_bytes_read",
        "_congested_ticks",
        "_frames",
        "_frames_read",
        "_heartbeat_ticks",
        "_limits",
        "_loop",
        "_overflowing",
        "_receiver",
        "_silent_ticks",
        "_socket",
        "_throttled",
        "congested",
    )

    def __init__(self, socket: SocketProtocol, *, heartbeat_s: int, limits: Limits) -> None:
        """A sign of life is sent after `heartbeat_s` of silence."""
        self.congested = False
        self._socket = socket
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._receiver: Receiver | None = None
        now = self._loop.time()
        self._frames = Budget(limits.frames_per_s, limits.frames_burst, now)
        self._bytes = Budget(limits.inbound_bytes_per_s, limits.inbound_bytes_burst, now)
        self._frames_read = self._bytes_read = 0  # since the last tick
        self._throttled = False
        self._overflowing = False
        self._silent_ticks = 0
        self._congested_ticks = 0
        self._heartbeat_ticks = max(1, heartbeat_s - 1)

    def listen(self, receiver: Receiver) -> None:
        """From now on every binary message goes to `receiver`."""
        self._receiver = receiver
        self._socket.conn.max_message_size = self._limits.frame_bytes
        self._socket.transport.set_write_buffer_limits(high=self._limits.outbox_high_water_bytes)
        self._socket.on_received = self._charge
        self._socket.on_binary = partial(self.guard, receiver.on_message)
        self._socket.on_congestion = self._on_congestion
        self._socket.take_over()

    def guard(self, work: Callable[..., None], *arguments: object) -> None:
        """Does `work` for this connection; whatever it raises closes this connection and nothing else."""
        try:
            work(*arguments)
        except AtriumError as error:
            self.close(error.close_code, error.detail)
        except DocumentPoisoned:
            logger.exception("socket.document_poisoned")
            self.close(INTERNAL_ERROR, "The document has to be rebuilt; connect again.")
        except CrdtError as error:
            self.close(BadRequest.close_code, error.detail)
        except Exception:  # an edge: a fault in serving one client is not to end a callback or loop that serves all
            logger.exception("socket.failed")
            self.close(INTERNAL_ERROR, "The server failed; the fault is in its log.")

    # Link

    @property
    def buffered(self) -> int:
        """How many bytes wait for the socket to take them."""
        return self._socket.transport.get_write_buffer_size()

    def write(self, frames: bytes) -> None:
        self._silent_ticks = 0
        socket = self._socket
        if not (socket.close_sent or socket.disconnected):
            socket.transport.write(frames)
            if self.congested:
                self._check_outbox()

    def close(self, code: int, reason: str) -> None:
        """Closes the socket and ends every document on it."""
        if not self._socket.close_sent:
            metrics.CLOSES.labels(str(code)).inc()
        self.end()
        self._socket.close(code, reason)

    def end(self) -> None:
        """The socket is gone. Doing it twice is harmless."""
        self._count()
        self._socket.on_received = self._socket.on_binary = self._socket.on_congestion = None
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.end()

    # Liveness and budgets

    def tick(self) -> None:
        """Once a second: counts, gives a sign of life, gives up on who does not read."""
        self._count()
        self._silent_ticks += 1
        if self._silent_ticks >= self._heartbeat_ticks and self._receiver is not None:
            self._receiver.keep_alive()
        self._congested_ticks = self._congested_ticks + 1 if self.congested else 0
        if self._congested_ticks * TICK_S > self._limits.lagging_s:
            self._give_up()

    def _charge(self, frames: int, size: int) -> None:
        self._frames_read += frames
        self._bytes_read += size
        self._frames.left -= frames
        self._bytes.left -= size
        if (self._frames.left < 0 or self._bytes.left < 0) and not self._throttled:
            self._throttle()

    def _throttle(self) -> None:
        """Reads on when the budgets allow it; they are filled here only, where somebody has come to the end of one."""
        now = self._loop.time()
        wait_s = max(self._frames.refill(now), self._bytes.refill(now))
        if wait_s:
            self._throttled = True
            self._socket.pause_reading()
            self._loop.call_later(wait_s, self._read_on)
            metrics.THROTTLED.inc()

    def _read_on(self) -> None:
        self._throttled = False
        if self._receiver is not None:
            self._socket.resume_reading()

    def _count(self) -> None:
        """Metrics are told once a second: telling them costs more than reading a frame."""
        metrics.FRAMES.inc(self._frames_read)
        metrics.FRAME_BYTES.inc(self._bytes_read)
        self._frames_read = self._bytes_read = 0

    def _check_outbox(self) -> None:
        if self.buffered > self._limits.outbox_bytes and not self._overflowing:
            self._overflowing = True
            self._loop.call_soon(self._give_up)  # not now: whoever writes may be in the middle of a list of peers

    def _on_congestion(self, congested: bool) -> None:
        self.congested = congested
        if not congested and self._receiver is not None:
            self._congested_ticks = 0
            self.guard(self._receiver.drained)

    def _give_up(self) -> None:
        if self._receiver is None:
            return
        metrics.SLOW_CONSUMERS.inc()
        logger.info("socket.slow_consumer", extra={"buffered": self.buffered})
        self.close(TRY_AGAIN_LATER, "You do not read what is sent to you.")
