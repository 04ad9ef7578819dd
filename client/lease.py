"""A lease as a block, `async with client.lease("git:main") as lease:`, which is cancelled when the lease is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Literal
from uuid import uuid4

import httpx

from client.control import ControlSession, Message
from client.errors import AtriumClientError, ConnectionLost, LeaseLost, LeaseRefused

GIT = "git"  # what a push has begun is kept for as long as its client may be away
MARGIN_S, MARGIN_SHARE = 2.0, 0.2
PATIENCE_S = 10.0
WHOLE = "*"
ENDINGS = ("lock_expired", "lock_stolen", "lock_released")
Mode = Literal["s", "x"]


class Lease:
    """A lease for the length of a block, in a session of its own.

    `fence` grows with every holder: hand it to whatever the lease protects, so that it can refuse a holder that came
    before. When the lease is lost, or cannot be confirmed in time, the block is cancelled and `LeaseLost` raised.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        project: str,
        resource: str,
        *,
        mode: Mode = "x",
        wait_s: float = 30.0,
        ttl_s: float = 300.0,
        kind: str = "",
        name: str = "",
    ) -> None:
        """`resource` is `git:main`, `file:src/a.py`, `database:x`, `project` or `exclusive`."""
        self.resource = resource
        self.fence = 0
        self.expires_at: datetime | None = None
        self.lost = ""
        self._mode, self._wait_s, self._ttl_s = mode, wait_s, ttl_s
        self._http, self._project, self._kind, self._name = http, project, kind, name
        self._lock_type, _, id = resource.partition(":")
        self._resource_id = id or WHOLE
        self._policy = "hold" if self._lock_type == GIT else "release_if_wanted"
        self._request_id = uuid4().hex
        self._checking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lease:
        """Waits for its turn; raises `LeaseRefused`, `AtriumClientError` and `ConnectionLost`."""
        self._session = ControlSession(self._http, self._project, kind=self._kind, name=self._name)
        await self._session.__aenter__()
        self._turn: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._session.listeners.append(self._hear)
        try:
            self._take(await self._acquire())
        except BaseException:  # cancelled or refused, the session must not outlive this
            await self._session.__aexit__(None, None, None)
            raise
        task = asyncio.current_task()
        assert task is not None
        self._holder, self._cancelling = task, task.cancelling()
        self._session.on_return.append(self._check)
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in (self._watching, self._checking):
            if task is not None:
                task.cancel()
        if self.lost:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # where the cancellation arrives that the block has not met
        try:
            if not self.lost:
                with suppress(AtriumClientError):
                    await self._session.request("lock_release", **self._named, fence=self.fence)
        finally:
            await self._session.__aexit__(error_type, error, traceback)
        if self.lost and self._holder.uncancel() <= self._cancelling and error_type in (None, asyncio.CancelledError):
            raise LeaseLost(self.resource, self.lost) from error

    @property
    def _named(self) -> dict[str, str]:
        return {"lock_type": self._lock_type, "resource_id": self._resource_id}

    # Getting it

    async def _acquire(self) -> Message:
        """The message that says it is ours; a request whose answer got lost is sent again, and answered the same."""
        deadline = asyncio.get_running_loop().time() + self._wait_s
        while True:
            try:
                return await self._ask(max(0.0, deadline - asyncio.get_running_loop().time()))
            except ConnectionLost:
                await self._session.connected()

    async def _ask(self, wait_s: float) -> Message:
        answer = await self._session.request(
            "lock_request",
            **self._named,
            mode=self._mode,
            wait_s=wait_s,
            ttl_s=self._ttl_s,
            policy=self._policy,
            request_id=self._request_id,
        )
        if answer["type"] == "lock_queued":
            answer = await self._my_turn(wait_s + PATIENCE_S)
        if answer["type"] == "lock_offered":
            answer = await self._session.request("lock_accept", **self._named, fence=answer["fence"])
        if answer["type"] == "lock_refused":
            raise LeaseRefused(self.resource, answer)
        return answer

    async def _my_turn(self, wait_s: float) -> Message:
        """What is said when the waiting is over; raises `ConnectionLost` when it may have been missed."""
        either: set[asyncio.Future[Any]] = {self._turn, self._session.ended}
        await asyncio.wait(either, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if self._turn.done():
            return self._turn.result()
        if self._session.ended.done():
            raise self._session.ended.result() or ConnectionLost.closed(1000, "")
        raise LeaseRefused(self.resource, {"reason": "timeout"})

    def _take(self, message: Message) -> None:
        self._resource_id = message["resource_id"]
        self.fence = message["fence"]
        self.expires_at = datetime.fromisoformat(message["expires_at"])

    def _hear(self, message: Message) -> None:
        if message.get("session_id") != self._session.id:
            return
        kind = message["type"]
        if kind in ("lock_offered", "lock_refused") and message.get("request_id") == self._request_id:
            if not self._turn.done():
                self._turn.set_result(message)
        elif kind in ENDINGS and message["fence"] == self.fence:
            self._lose(str(message.get("reason", kind)))

    # Keeping it

    def act_for_s(self) -> float:
        """How long the holder may go on acting without any further word of the server, in seconds."""
        silent = min(self._ttl_s, self._session.window_s if self._policy == "hold" else self._session.silent_s)
        until = self._session.confirmed_at + silent - min(MARGIN_S, silent * MARGIN_SHARE)
        return until - asyncio.get_running_loop().time()

    async def _watch(self) -> None:
        """Gives up when nobody has confirmed the lease in time, or the session is over."""
        while (left := self.act_for_s()) > 0:
            await asyncio.wait({self._session.ended}, timeout=left)
            if self._session.ended.done():
                self._lose("the session is over")
                return
        self._lose("it could not be confirmed in time")

    def _check(self) -> None:
        """Back after a gap: is it still ours?"""
        self._checking = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            self._take(await self._session.request("lock_renew", **self._named, fence=self.fence, ttl_s=self._ttl_s))
        except ConnectionLost:
            pass  # again when it is back
        except AtriumClientError as error:
            if not error.retryable:
                self._lose(error.detail)

    def _lose(self, reason: str) -> None:
        if not self.lost:
            self.lost = reason
            self._holder.cancel()
