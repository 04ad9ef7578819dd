"""Who is at the other end of a request or socket."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from server.access.errors import FormRefused, Unauthenticated
from server.access.model import ANONYMOUS_ID, BEARER_KINDS, HUES, SOCKET_KINDS, Principal, TokenKind
from server.access.role_service import RoleService
from server.access.site import Site
from server.access.verifier import TokenVerifier
from server.kit.logs import bind

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


class Authenticator:
    """Takes, in this order: a bearer token, the web session's cookie from one of our own pages, a visitor."""

    def __init__(self, verifier: TokenVerifier, roles: RoleService, site: Site) -> None:
        self._verifier = verifier
        self._roles = roles
        self._site = site

    async def connection(self, connection: HTTPConnection) -> Principal:
        """The principal of an HTTP request or a WebSocket handshake, and the address it came from.

        Raises `Unauthenticated`, and `OriginRefused` or `FormRefused` for a cookie that a foreign page made the browser
        send.
        """
        return replace(await self._identify(connection), address=self._site.client(connection).address)

    async def token(self, token: str, *, address: str = "") -> Principal:
        """The principal of a token or ticket that came over a socket from `address`; raises `Unauthenticated`."""
        return replace(await self._verify(token, SOCKET_KINDS), address=address)

    async def _identify(self, connection: HTTPConnection) -> Principal:
        bearer = _bearer(connection)
        if bearer is not None:
            return await self._verify(bearer, SOCKET_KINDS if _is_socket(connection) else BEARER_KINDS)
        return await self._from_cookie(connection) or self._visitor(connection)

    async def sweep(self, token_ids: Collection[str]) -> set[str]:
        """Those of `token_ids` (of open sockets) that count no more; call it every few seconds.

        Also publishes `AccessChanged` for everybody when another process has changed roles.
        """
        await self._roles.sweep()
        return await self._verifier.sweep(token_ids)

    async def _verify(self, token: str, kinds: Collection[TokenKind]) -> Principal:
        return (await self._verifier.verify(token, kinds)).principal

    async def _from_cookie(self, connection: HTTPConnection) -> Principal | None:
        cookie = self._site.session_cookie(connection)
        if cookie is None:
            return None
        try:
            principal = await self._verify(cookie, {TokenKind.SESSION})
        except Unauthenticated:
            return None
        if not _is_safe(connection):
            self._site.require_own_page(connection)
            _refuse_form(connection)
        return principal

    def _visitor(self, connection: HTTPConnection) -> Principal:
        if self._roles.anonymous_role is None:
            raise Unauthenticated
        if not self._site.allows_visitor(connection):
            raise Unauthenticated(
                "Visitors are let in from this server's own pages and under its own name only. Sign in, or set "
                "ATRIUM_PUBLIC_URL (or ATRIUM_ALLOWED_ORIGINS) to the address in use."
            )
        return _guest(connection)


async def current_principal(connection: HTTPConnection) -> Principal:
    """The FastAPI dependency: whoever makes this request; needs `app.state.authenticator`."""
    authenticator: Authenticator = connection.app.state.authenticator
    principal = await authenticator.connection(connection)
    bind(principal=principal.id)
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


def _bearer(connection: HTTPConnection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _is_socket(connection: HTTPConnection) -> bool:
    return bool(connection.scope["type"] == "websocket")


def _is_safe(connection: HTTPConnection) -> bool:
    return not _is_socket(connection) and connection.scope["method"] in SAFE_METHODS


def _refuse_form(connection: HTTPConnection) -> None:
    """What a form of any page can send (HTML, 4.10.22) changes nothing, also where an origin deceives us."""
    type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type in FORM_TYPES and connection.scope.get("method") == "POST":
        raise FormRefused


def _guest(connection: HTTPConnection) -> Principal:
    """A visitor whose name and colour stay the same for one browser on one machine, to tell guests apart."""
    address = connection.client.host if connection.client else ""
    seen = f"{address} {connection.headers.get('user-agent', '')}"
    number = int.from_bytes(hashlib.sha256(seen.encode()).digest()[:4])
    return Principal(ANONYMOUS_ID, f"Guest {number % 900 + 100}", number % HUES)
