"""Who is at the other end of a socket: cookie, bearer, ticket or token, in the order of `docs/reference/wire.md`."""

from __future__ import annotations

from starlette.websockets import WebSocket

from server.access import Authenticator, Principal, Unauthenticated

TICKET_PROTOCOL = "atrium.v1"
TICKET_PREFIX = "atrium.ticket."


class SocketAuthentication:
    """Identifies sockets. Long-lived tokens in a URL are taken only when `query_tokens` says so: URLs get logged."""

    def __init__(self, authenticator: Authenticator, *, query_tokens: bool) -> None:
        self._authenticator = authenticator
        self._query_tokens = query_tokens

    async def identify(self, websocket: WebSocket, address: str) -> Principal | None:
        """The principal of a socket from `address`; None when an Auth message must bring a token.

        Raises `Unauthenticated`.
        """
        token = self._token(websocket)
        if token is not None:
            return await self.token(token, address)
        try:
            return await self._authenticator.connection(websocket)
        except Unauthenticated:
            if _has_credentials(websocket):
                raise
            return None

    async def token(self, token: str, address: str) -> Principal:
        """The principal of a token or ticket that came from `address`; raises `Unauthenticated`."""
        return await self._authenticator.token(token, address=address)

    async def has_ended(self, principal: Principal) -> bool:
        """Whether what the principal signed in with counts no more; visitors did not sign in."""
        return principal.token_id is not None and bool(await self._authenticator.sweep({principal.token_id}))

    def _token(self, websocket: WebSocket) -> str | None:
        for offered in websocket.scope["subprotocols"]:
            if offered.startswith(TICKET_PREFIX):
                return str(offered.removeprefix(TICKET_PREFIX))
        ticket = websocket.query_params.get("ticket")
        if ticket:
            return ticket
        token = websocket.query_params.get("token")
        if token and not (self._query_tokens or token.startswith("atr_wst_")):
            raise Unauthenticated(
                "A long-lived token in the URL is refused here: ask for a ticket at /api/v1/tickets, send the token "
                "in the Authorization header, or set ATRIUM_ALLOW_QUERY_TOKEN=true."
            )
        return token or None


def _has_credentials(websocket: WebSocket) -> bool:
    return "authorization" in websocket.headers
