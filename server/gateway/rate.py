"""How many REST requests one user, or one address, may make."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from server.access import Authenticator, Site
from server.kit.clock import Clock
from server.kit.errors import AtriumError, RateLimited
from server.kit.http import problem
from server.kit.rate import RateLimit


class RequestRate:
    """Counts requests under `prefix` by user, those of nobody by address; what is too much is answered with 429.

    A bad token counts for the address that it comes from: whoever tries many gets no further with a new one each time.
    """

    def __init__(
        self, app: ASGIApp, *, prefix: str, authenticator: Authenticator, site: Site, limit: RateLimit
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._authenticator = authenticator
        self._site = site
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        try:
            self._limit.take(await self._key(HTTPConnection(scope)))
        except RateLimited as error:
            await problem(error, error.headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _key(self, connection: HTTPConnection) -> str:
        address = f"address {self._site.client(connection).address}"
        try:
            principal = await self._authenticator.connection(connection)
        except AtriumError:
            return address
        return address if principal.is_anonymous else f"user {principal.id}"


def request_limit(clock: Clock, *, per_s: float, burst: int) -> RateLimit:
    """`burst` at once and `per_s` in the long run, as a moving window."""
    window_s = max(1, round(burst / per_s))
    return RateLimit("requests", clock, amount=max(1, round(per_s * window_s)), window_s=window_s)
