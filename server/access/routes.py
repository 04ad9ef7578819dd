"""REST of access: tokens, socket tickets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from server.access.authenticator import CurrentPrincipal
from server.access.model import Action, FindProject, Principal, Token, TokenKind
from server.access.policy import AccessPolicy
from server.access.token_service import TICKET_LIFETIME, TokenService
from server.kit.http import Cursor, Limit, Page, decode_cursor, encode_cursor, problems

PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"
MAX_LIFETIME_S = 10 * 365 * 24 * 3600
TokenName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=PRINTABLE)]


class Body(BaseModel):
    """A request's body: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class NewToken(Body):
    """`scopes` narrow what the owner's roles allow; None narrows nothing. Without `expires_in_s`: until revoked."""

    kind: Literal["pat", "agt"]
    name: TokenName
    expires_in_s: Annotated[int, Field(ge=1, le=MAX_LIFETIME_S)] | None = None
    scopes: Annotated[list[Action], Field(min_length=1)] | None = None


class TokenOut(BaseModel):
    """A token without its secret, or a web session; `id` is the `<id8>` inside the token.

    `address` and `user_agent` are of the client that made it, `current` says that this request came with it.
    """

    id: str
    kind: TokenKind
    name: str
    scopes: list[Action] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    address: str
    user_agent: str
    current: bool


class IssuedOut(TokenOut):
    """A new token; `token` is shown this once."""

    token: str


class NewTicket(Body):
    """The project (its slug) that the ticket opens."""

    project: str


class TicketOut(BaseModel):
    """A ticket for sockets: `?ticket=`, or the subprotocol `atrium.ticket.<ticket>`."""

    ticket: str
    expires_in_s: int


def routes(*, tokens: TokenService, policy: AccessPolicy, find_project: FindProject) -> APIRouter:
    """`/api/v1/tokens`, `/api/v1/tickets`."""
    router = APIRouter(prefix="/api/v1")
    router.include_router(_token_routes(tokens), tags=["tokens"])
    router.include_router(_ticket_routes(tokens, policy, find_project), tags=["tokens"])
    return router


def _token_routes(tokens: TokenService) -> APIRouter:
    router = APIRouter()

    @router.post("/tokens", status_code=201, responses=problems(401, 403, 422))
    async def create_token(body: NewToken, principal: CurrentPrincipal) -> IssuedOut:
        """Makes a token that acts with your permissions; it ends with the one it was made with at the latest."""
        issued = await tokens.create(
            principal,
            TokenKind(body.kind),
            body.name,
            lifetime=None if body.expires_in_s is None else timedelta(seconds=body.expires_in_s),
            scopes=None if body.scopes is None else frozenset(body.scopes),
        )
        return IssuedOut(token=issued.text, **_token_out(issued.token, principal).model_dump())

    @router.get("/tokens", responses=problems(401, 422))
    async def list_tokens(principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None) -> Page[TokenOut]:
        """Your tokens and web sessions that still count."""
        found = await tokens.list(principal, after=decode_cursor(cursor) or "", limit=limit + 1)
        page = found[:limit]
        return Page(
            items=[_token_out(token, principal) for token in page],
            next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
        )

    @router.delete("/tokens/{id}", status_code=204, responses=problems(401, 404, 422))
    async def revoke_token(id: str, principal: CurrentPrincipal) -> None:
        """Ends one of your tokens, what was made with it, and the sockets they opened."""
        await tokens.revoke(id, principal)

    return router


def _ticket_routes(tokens: TokenService, policy: AccessPolicy, find_project: FindProject) -> APIRouter:
    router = APIRouter()

    @router.post("/tickets", status_code=201, responses=problems(401, 404, 422))
    async def create_ticket(body: NewTicket, principal: CurrentPrincipal) -> TicketOut:
        """A ticket for sockets of one project, reusable for ten minutes: safe to put into a URL."""
        project_id = await find_project(body.project)
        await policy.require(principal, Action.READ, project_id)
        issued = await tokens.create_ticket(principal, project_id)
        return TicketOut(ticket=issued.text, expires_in_s=int(TICKET_LIFETIME.total_seconds()))

    return router


def _token_out(token: Token, principal: Principal) -> TokenOut:
    return TokenOut(
        id=token.id,
        kind=token.kind,
        name=token.name,
        scopes=None if token.scopes is None else sorted(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        address=token.address,
        user_agent=token.user_agent,
        current=token.id == principal.token_id,
    )
