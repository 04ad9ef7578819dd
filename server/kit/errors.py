"""The root of every error that Atrium raises on purpose.

Each feature derives its own errors in its ``errors.py``. They are translated at three edges only:
problem+json for REST (RFC 9457), a JSON error on the control channel, and a close code on sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class AtriumError(Exception):
    """Something went wrong in Atrium."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    close_code: ClassVar[int] = 1011
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None, *, errors: Sequence[FieldError] = ()) -> None:
        """`detail` says what happened, why and what to do; the class's docstring is the default."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.errors = tuple(errors)
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        """The first sentence of the class's docstring: the same for every occurrence."""
        return (type(self).__doc__ or self.code).strip().partition("\n")[0]


class FieldError(dict[str, object]):
    """One bad field: where it is and what is wrong with it."""

    def __init__(self, loc: Sequence[str | int], msg: str) -> None:
        super().__init__(loc=list(loc), msg=msg)


class BadRequest(AtriumError):
    """The request is malformed."""

    code = "request.malformed"
    http_status = 400
    close_code = 4400


class Invalid(AtriumError):
    """A field has a value that is not allowed."""

    code = "request.invalid"
    http_status = 422
    close_code = 4400


class NotFound(AtriumError):
    """There is nothing here, or you may not see it."""

    code = "not_found"
    http_status = 404
    close_code = 4404


class Conflict(AtriumError):
    """It exists already or has changed meanwhile."""

    code = "conflict"
    http_status = 409
    close_code = 4400


class TooLarge(AtriumError):
    """It is larger than this server accepts."""

    code = "request.too_large"
    http_status = 413
    close_code = 1009


class Unavailable(AtriumError):
    """The server cannot do this right now; try again."""

    code = "unavailable"
    http_status = 503
    close_code = 1013
    retryable = True


class RateLimited(AtriumError):
    """This came too often; wait before you try again."""

    code = "rate.limited"
    http_status = 429
    close_code = 1013
    retryable = True

    def __init__(self, detail: str | None = None, *, retry_after_s: int) -> None:
        super().__init__(detail or f"This came too often; try again in {retry_after_s} seconds.")
        self.headers = {"Retry-After": str(retry_after_s)}
