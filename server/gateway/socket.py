"""The socket layer: uvicorn's WebSocket protocol with what Atrium needs on top.

It keeps uvicorn's handshake, state machine, ping and closing handshake, and adds: whole binary frames are read here and
arrive by a synchronous callback (no queue, no task switch), prepared frames go straight to the transport, and the
transport's back-pressure is passed on. It puts itself into ``scope["extensions"]["atrium.socket"]``. It also ends
connections that uvicorn 0.54 leaves hanging for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import Protocol

from server.gateway.frames import BINARY_MESSAGE, EVERYTHING, continues, frame_bounds, unmask
from server.gateway.inbox import Inbox

EXTENSION = "atrium.socket"
CLOSE_TIMEOUT_S = 2.0
MAX_FRAGMENTS = 16_384
END_OF_HANDSHAKE = b"\r\n\r\n"
MAX_REASON_BYTES = 123  # RFC 6455, section 5.5: a control frame has at most 125 bytes, two of them the code
PROTOCOL_ERROR, TOO_BIG = 1002, 1009


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket connection that a `SyncConnection` can take over."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_received: Callable[[int, int], None] | None = None
        self.on_binary: Callable[[bytes], None] | None = None
        self.on_congestion: Callable[[bool], None] | None = None
        self._held = False
        self._unread = b""
        self._tail = b""
        self._passing = EVERYTHING
        self._fragmented = False
        self._heard = False  # anything since the last ping

    def take_over(self) -> None:
        """From now on binary messages go to `on_binary`.

        A client that has not waited for the answer to its handshake is closed (RFC 6455, section 4.1).
        """
        self._passing = 0
        self._forget_handshake()
        if self._tail != END_OF_HANDSHAKE:
            self.close(PROTOCOL_ERROR, "Wait for the answer to the handshake.")
            return
        # The parser that has read the request keeps it for as long as it goes on.
        self.conn.parser = Protocol.parse(self.conn)
        next(self.conn.parser)

    def _forget_handshake(self) -> None:
        """It is over: what was said in it, and asyncio's empty queue, would take 7 KB of every connection."""
        self.request = self.response = None  # type: ignore[assignment]
        headers: list[Any] = self.scope["headers"]  # type: ignore[assignment]
        headers.clear()  # not replaced: Starlette has this list too
        inbox = Inbox()
        while not self.queue.empty():
            inbox.put_nowait(self.queue.get_nowait())
        self.queue = inbox  # type: ignore[assignment]

    def close(self, code: int, reason: str) -> None:
        """Starts the closing handshake and ends the connection after `CLOSE_TIMEOUT_S` whatever the peer does."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.conn.send_close(code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.read_paused = False
        self._abort_later()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.resume_reading()

    def pause_reading(self) -> None:
        """Stops reading what the peer sends; the frame that is being dealt with is the last."""
        self._held = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads on."""
        self._held = False
        unread, self._unread = self._unread, b""
        self._read(unread)
        if not (self._held or self.read_paused or self.transport.is_closing()):
            self.transport.resume_reading()

    async def receive(self) -> Any:
        """As uvicorn has it: the next text message is read when the one before it has been taken."""
        message = await super().receive()
        if self._held and not self.transport.is_closing():
            self.transport.pause_reading()
        return message

    # What uvicorn and the transport call

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._unread:
            data, self._unread = self._unread + data, b""
        self._read(data)

    def _read(self, data: bytes) -> None:
        """Deals with whole frames while reading is not paused; what is left waits in `_unread`."""
        pos = 0
        while pos < len(data) and not self._held:
            if self._passing:
                pos = self._pass_on(data, pos)
                continue
            bounds = frame_bounds(data, pos)
            if bounds is None:
                break
            start, end = bounds
            limit: int = self.conn.max_message_size  # type: ignore[assignment]
            whole = end <= len(data) and end - start <= limit
            if data[pos] == BINARY_MESSAGE and whole and not self._fragmented:
                # One whole message; websockets' parser would take ten times as long.
                if self.on_received is not None and self.on_binary is not None and not self.close_sent:
                    self.on_received(1, end - pos)
                    self.on_binary(unmask(data, start, end))
                pos = end
            else:
                self._fragmented = continues(data[pos], self._fragmented)
                self._passing = end - pos if end < EVERYTHING else EVERYTHING
        self._unread = data[pos:]

    def _pass_on(self, data: bytes, pos: int) -> int:
        """Gives uvicorn the handshake, or what has arrived of a frame that is not a whole binary message."""
        part = data[pos : pos + self._passing]
        if self._passing == EVERYTHING:
            self._tail = (self._tail + part)[-len(END_OF_HANDSHAKE) :]
        else:
            self._passing -= len(part)
        self.conn.receive_data(part)
        if self.on_received is not None:
            self.on_received(len(self.conn.events), len(part))
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
        elif self.conn.handshake_exc is not None and not self.handshake_complete:
            self._refuse_handshake()
        else:
            self.handle_events()
        if self.transport.is_closing():
            self._abort_later()
        return pos + len(part)

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

    def send_keepalive_ping(self) -> None:
        self._heard = False
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        if self._held or self._heard:
            # Its pong stands behind what is read later, or has been read: it lives.
            self.pong_timer = None
            self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self._abort_later()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._tell_congestion(True)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._tell_congestion(False)

    def _tell_congestion(self, congested: bool) -> None:
        if self.on_congestion is not None:
            self.on_congestion(congested)
