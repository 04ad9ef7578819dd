"""The socket layer: uvicorn's WebSocket protocol with what Atrium needs on top.

It keeps uvicorn's handshake, parser, ping and closing handshake, and adds: binary messages arrive by a synchronous
callback (no queue, no task switch), prepared frames go straight to the transport, and the transport's back-pressure is
passed on. It puts itself into ``scope["extensions"]["atrium.socket"]``. It also ends connections that uvicorn 0.54
leaves hanging for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "atrium.socket"
CLOSE_TIMEOUT_S = 2.0
SLICE_BYTES = 4096
MAX_FRAGMENTS = 16_384
MAX_REASON_BYTES = 123  # RFC 6455, section 5.5: a control frame has at most 125 bytes, two of them the code
TOO_BIG = 1009


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket connection that a `SyncConnection` can take over."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.congested = False
        self.on_received: Callable[[int, int], None] | None = None
        self.on_binary: Callable[[bytes], None] | None = None
        self.on_drained: Callable[[], None] | None = None
        self._held = False
        self._unread = b""
        self._heard_at = 0.0

    def write(self, frames: bytes) -> None:
        """Sends prepared frames; ignored once the socket is closing."""
        if not (self.close_sent or self.disconnected):
            self.transport.write(frames)

    def close(self, code: int, reason: str) -> None:
        """Starts the closing handshake and ends the connection after `CLOSE_TIMEOUT_S` whatever the peer does."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.conn.send_close(code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._abort_later()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.resume_reading()

    def pause_reading(self) -> None:
        """Stops reading what the peer sends; at most `SLICE_BYTES` that have arrived are still dealt with."""
        self._held = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads on."""
        self._held = False
        unread, self._unread = self._unread, b""
        self._read(unread)
        if not (self._held or self.transport.is_closing()):
            self.transport.resume_reading()

    # What uvicorn and the transport call

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        if self._held:  # it was on its way when we stopped reading
            self._unread += data
        else:
            self._read(data)

    def _read(self, data: bytes) -> None:
        """In slices, so that a read full of tiny frames does not pass a budget by more than one slice."""
        for start in range(0, len(data), SLICE_BYTES):
            if self._held:
                self._unread = data[start:]
                return
            self._read_slice(data[start : start + SLICE_BYTES])

    def _read_slice(self, data: bytes) -> None:
        self.conn.receive_data(data)
        if self.on_received is not None:
            self.on_received(len(self.conn.events), len(data))
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
        elif self.conn.handshake_exc is not None and not self.handshake_complete:
            self._refuse_handshake()
        else:
            self.handle_events()
        if self.transport.is_closing():
            self._abort_later()

    def _refuse_handshake(self) -> None:
        """websockets has prepared the answer (414, 431), uvicorn would never send it and never close."""
        self.handshake_complete = True
        self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def _abort_later(self) -> None:
        """A peer that does not read would keep `Transport.close` waiting for its buffer to drain, for ever."""
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def handle_cont(self, event: Any) -> None:
        super().handle_cont(event)
        if len(self.frames) > MAX_FRAGMENTS:  # empty fragments never reach the limit of bytes
            self.close(TOO_BIG, "The message has too many fragments.")

    def send_receive_event_to_app(self) -> None:
        if self.on_binary is None or self.curr_msg_data_type == "text":
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self.on_binary(data)

    def keepalive_timeout(self) -> None:
        if self._held or self._heard_at > self.ping_sent_at:
            # Its pong stands behind what is read later, or has been read: it lives.
            self.pong_timer = None
            self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self._abort_later()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.congested = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self.congested = False
        if self.on_drained is not None:
            self.on_drained()
