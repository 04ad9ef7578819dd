"""What can go wrong between this client and the server.

AtriumClientError           the server refused a request, and said why
├── LeaseRefused            somebody else has the lease, or it did not become free in time
├── LeaseLost               the lease was taken away, or could not be confirmed in time
└── ConnectionLost          there is no connection, or no longer; `status` is a socket's close code, or 0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


class AtriumClientError(Exception):
    """The server refused: `code` is stable and for programs, `detail` is for people."""

    def __init__(self, code: str, detail: str, *, status: int, retryable: bool = False) -> None:
        """`status` is the HTTP status; `retryable` says that the same request may succeed later."""
        self.code = code
        self.detail = detail
        self.status = status
        self.retryable = retryable
        super().__init__(f"{status} {code}: {detail}")

    @classmethod
    def from_response(cls, response: httpx.Response) -> AtriumClientError:
        """The error in a response: problem+json (RFC 9457), or whatever a proxy on the way made of it."""
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            problem = response.json()
            return cls(problem["code"], problem["detail"], status=response.status_code, retryable=problem["retryable"])
        return cls("http", response.reason_phrase, status=response.status_code)


class ConnectionLost(AtriumClientError):
    """There is no connection (any more): what was not acknowledged may not have arrived."""

    @classmethod
    def unreachable(cls, error: httpx.TransportError) -> ConnectionLost:
        """From a failure below HTTP."""
        return cls("unreachable", str(error) or type(error).__name__, status=0, retryable=True)

    @classmethod
    def closed(cls, close_code: int, reason: str) -> ConnectionLost:
        """From a WebSocket close code: 44xx are final, everything else may be tried again."""
        final = 4400 <= close_code < 4500
        return cls("socket.closed", reason or "The server closed the socket.", status=close_code, retryable=not final)


class LeaseRefused(AtriumClientError):
    """The lease was not given: `held`, `timeout`, `deadlock` and the like are in `code`."""

    def __init__(self, resource: str, refusal: Mapping[str, Any]) -> None:
        """`refusal` is the server's message."""
        detail = refusal.get("message") or f"{resource} did not become free in time."
        code = refusal.get("code") or f"lease.{refusal['reason']}"
        super().__init__(code, detail, status=409, retryable=bool(refusal.get("retryable", False)))


class LeaseLost(AtriumClientError):
    """The lease ended while it was in use: somebody else may have it now."""

    def __init__(self, resource: str, reason: str) -> None:
        super().__init__("lease.lease_lost", f"The lease on {resource} was lost: {reason}.", status=409)
