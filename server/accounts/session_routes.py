"""REST of signing in and out: `/api/v1/sign-in`, `/api/v1/session`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from server.access import SESSION_LIFETIME, Authenticator, CurrentPrincipal, Principal, Site, Unauthenticated
from server.accounts.schemas import (
    ByPassword,
    ByToken,
    NewPassword,
    ProviderOut,
    SessionOut,
    SignInWays,
    UserOut,
)
from server.accounts.sign_in import SignedIn, SignInService
from server.kit.http import problems


class Entrance:
    """What the routes have in common: a session begins in a browser."""

    def __init__(self, sign_in: SignInService, authenticator: Authenticator, site: Site) -> None:
        self.service = sign_in
        self.site = site
        self._authenticator = authenticator

    def require_own_page(self, request: Request) -> None:
        """Raises `OriginRefused` for a page that is not ours: nobody is signed in behind their back.

        A program has no origin, and no cookie either.
        """
        if "origin" in request.headers or self.site.session_cookie(request) is not None:
            self.site.require_own_page(request)

    async def visitor(self, request: Request) -> Principal | None:
        """Who is signed in already; None for nobody. Raises `Unauthenticated` for a bad bearer token."""
        try:
            principal = await self._authenticator.connection(request)
        except Unauthenticated:
            if "authorization" in request.headers:
                raise
            return None
        return None if principal.is_anonymous else principal

    async def begin(self, request: Request, response: Response, signed_in: SignedIn) -> SessionOut:
        """Puts the new session into the browser, and ends the one that was there: it may be somebody else's."""
        former = self.site.session_cookie(request)
        issued, principal = signed_in
        self.site.set_session_cookie(request, response, issued.text, SESSION_LIFETIME)
        if former is not None:
            await self.service.sign_out(former, self.site.client(request))
        return await self.shown(principal)

    async def shown(self, principal: Principal) -> SessionOut:
        """The session as its owner sees it."""
        return SessionOut(
            user=UserOut(id=principal.id, name=principal.name, hue=principal.hue, kind=principal.kind),
            is_admin=principal.is_admin,
            anonymous=principal.is_anonymous,
            signed_in_at=principal.signed_in_at,
            has_password=await self.service.has_password(principal.id),
        )


def session_routes(entrance: Entrance, providers: list[ProviderOut], *, anonymous: bool) -> APIRouter:
    """The web session, and the ways to it; `anonymous` is whether visitors may come in."""
    router = APIRouter(prefix="/api/v1")
    service, site = entrance.service, entrance.site

    @router.get("/sign-in", responses=problems(429))
    async def ways_to_sign_in() -> SignInWays:
        """How one signs in here; for everybody."""
        return SignInWays(password=await service.any_password(), oidc=providers, anonymous=anonymous)

    @router.post("/session", status_code=201, responses=problems(401, 403, 422, 429, 503))
    async def sign_in(body: ByPassword | ByToken, request: Request, response: Response) -> SessionOut:
        """Opens a web session: always a new one, kept in a cookie that scripts cannot read."""
        entrance.require_own_page(request)
        client = site.client(request)
        if isinstance(body, ByToken):
            signed_in = await service.by_token(body.token, client)
        else:
            signed_in = await service.by_password(body.user, body.password.get_secret_value(), client)
        return await entrance.begin(request, response, signed_in)

    @router.get("/session", responses=problems(401))
    async def who_am_i(principal: CurrentPrincipal) -> SessionOut:
        """Who this request is from."""
        return await entrance.shown(principal)

    @router.delete("/session", status_code=204, responses=problems(403))
    async def sign_out(request: Request, response: Response) -> None:
        """Ends the browser's web session and everything it opened; harmless without one."""
        cookie = site.session_cookie(request)
        if cookie is None:
            return
        site.require_own_page(request)
        await service.sign_out(cookie, site.client(request))
        site.delete_session_cookie(request, response)

    @router.post("/session:end-all", status_code=204, responses=problems(401, 403))
    async def sign_out_everywhere(request: Request, response: Response, principal: CurrentPrincipal) -> None:
        """Ends all your web sessions, this one too, and what they opened; keys stay."""
        await service.end_all(principal)
        site.delete_session_cookie(request, response)

    @router.put("/session/password", status_code=204, responses=problems(401, 403, 422, 429, 503))
    async def set_password(body: NewPassword, principal: CurrentPrincipal) -> None:
        """Sets your password and ends your other web sessions; the first one within an hour of signing in."""
        current = body.current.get_secret_value() if body.current else None
        await service.set_password(principal, current, body.new.get_secret_value())

    return router
