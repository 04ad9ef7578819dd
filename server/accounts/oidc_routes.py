"""REST of signing in with an identity provider: `/api/v1/oidc`, where browsers go, not programs."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from server.access import CurrentPrincipal
from server.accounts.errors import OidcFailed, OidcOff, SignInAgain
from server.accounts.model import Challenge
from server.accounts.schemas import LinkOut, NewLink, ProviderOut
from server.accounts.session_routes import Entrance
from server.accounts.sign_in import require_person
from server.kit.errors import AtriumError
from server.kit.http import problems

if TYPE_CHECKING:
    from server.accounts.oidc import OidcClient  # with what it needs, it is imported where there is a provider

START, CALLBACK = "/api/v1/oidc/start", "/api/v1/oidc/callback"
COOKIE = "atrium-oidc"
AGE = timedelta(minutes=10)
Next = Annotated[str, Query(max_length=2000, description="The path of this server to go on to.")]


class OidcEntrance:
    """The way through the provider and back; the browser that goes it keeps the challenge in a cookie."""

    def __init__(self, entrance: Entrance, client: OidcClient | None) -> None:
        self._entrance = entrance
        self._client = client
        self._site = entrance.site

    @property
    def providers(self) -> list[ProviderOut]:
        """What the sign-in page offers."""
        return [ProviderOut(name=self._client.provider.name, url=START)] if self._client else []

    async def leave(self, request: Request, response: Response, next: str, user_id: str | None = None) -> str:
        """The provider's address; the way back ends at `next`, and links `user_id` instead of signing in."""
        challenge = Challenge.new()
        url = await self._provider().authorization_url(challenge, self._site.url + CALLBACK)
        kept = {**asdict(challenge), "next": next, "user": user_id or ""}
        self._site.set_cookie(request, response, COOKIE, _packed(kept), AGE)
        return url

    async def come_back(self, request: Request) -> Response:
        """Signs in, or links, whom the provider vouches for, and goes on."""
        kept = _unpacked(self._site.cookie(request, COOKIE) or "")
        challenge = Challenge(kept["state"], kept["nonce"], kept["verifier"])
        client, service = self._provider(), self._entrance.service
        identity = await client.identity(challenge, self._site.url + CALLBACK, request.query_params)
        response = self._onward(request, kept["next"] if is_safe_path(kept["next"]) else "/")
        if kept["user"]:
            principal = await self._entrance.visitor(request)
            if principal is None or principal.id != kept["user"]:
                raise SignInAgain
            await service.link(principal, identity)
        else:
            create = client.provider.create_users
            signed_in = await service.by_identity(identity, self._site.client(request), create=create)
            await self._entrance.begin(request, response, signed_in)
        return response

    def fail(self, request: Request, error: AtriumError) -> Response:
        """A person sits before this: the sign-in page says what went wrong."""
        return self._onward(request, f"/login?problem={quote(error.code)}")

    def _onward(self, request: Request, path: str) -> Response:
        response = RedirectResponse(path, 303)
        self._site.delete_cookie(request, response, COOKIE)
        return response

    def _provider(self) -> OidcClient:
        if self._client is None:
            raise OidcOff
        return self._client


def oidc_routes(entrance: OidcEntrance) -> APIRouter:
    """There and back, and linking one's account."""
    router = APIRouter(prefix="/api/v1/oidc")

    @router.get("/start", status_code=303, response_class=Response, responses=problems(422))
    async def start(request: Request, next: Next = "/") -> Response:
        """Sends the browser to the identity provider, or back to the sign-in page with the problem."""
        response = RedirectResponse("/", 303)
        try:
            response.headers["location"] = await entrance.leave(request, response, next)
        except AtriumError as error:
            return entrance.fail(request, error)
        return response

    @router.get("/callback", status_code=303, response_class=Response, responses=problems(422))
    async def callback(request: Request) -> Response:
        """Where the provider sends the browser: signed in, it goes on; else to the sign-in page, with the problem."""
        try:
            return await entrance.come_back(request)
        except AtriumError as error:
            return entrance.fail(request, error)

    @router.post("/link", status_code=201, responses=problems(401, 403, 404, 422, 503))
    async def link(body: NewLink, request: Request, response: Response, principal: CurrentPrincipal) -> LinkOut:
        """Begins to link your account with one at the identity provider: go to `url`, then come back to `next`."""
        require_person(principal)
        return LinkOut(url=await entrance.leave(request, response, body.next, principal.id))

    return router


def is_safe_path(path: str) -> bool:
    """Whether a browser that is sent to `path` stays on this server: no `//host`, no `/\\host`, no scheme."""
    parsed = urlsplit(path)
    return (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and path.isprintable()
        and not (parsed.scheme or parsed.netloc)
    )


def _packed(kept: dict[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(kept).encode()).decode().rstrip("=")


def _unpacked(cookie: str) -> dict[str, str]:
    """Raises `OidcFailed` for whatever `_packed` did not make."""
    try:
        kept = json.loads(urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
        return {field: str(kept[field]) for field in ("state", "nonce", "verifier", "next", "user")}
    except (ValueError, KeyError, TypeError):
        raise OidcFailed from None
