"""Proving who one is: by password, by token, by a provider's word; and ending that again."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

from sqlmodel import Session

from server.access import (
    Client,
    Forbidden,
    Issued,
    Kind,
    Principal,
    SessionKind,
    TokenKind,
    TokenService,
    Unauthenticated,
    User,
    UserService,
    actor_of,
)
from server.accounts import store
from server.accounts.errors import OidcLinked, OidcUnknownUser, SignInAgain, SignInFailed, WrongPassword
from server.accounts.model import Identity
from server.accounts.passwords import Passwords, checked
from server.accounts.throttle import SignInThrottle
from server.kit import metrics
from server.kit.audit import Act, Actor, Outcome
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.errors import AtriumError, RateLimited
from server.kit.events import EventBus

FRESH = timedelta(hours=1)
NOBODY = Actor("anonymous", "Nobody", Kind.PERSON)

SignedIn = tuple[Issued, Principal]


class SignInService:
    """Opens web sessions. Publishes an act for every attempt, whatever comes of it.

    What is refused never says whether there is such a user, and costs the same either way.
    """

    def __init__(
        self,
        database: Database,
        events: EventBus,
        clock: Clock,
        *,
        users: UserService,
        tokens: TokenService,
        passwords: Passwords,
        throttle: SignInThrottle,
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._users = users
        self._tokens = tokens
        self._passwords = passwords
        self._throttle = throttle

    async def by_token(self, text: str, client: Client) -> SignedIn:
        """With a login link's, a personal or an agent's token; raises `Unauthenticated`, `RateLimited`."""
        self._attempt("token", client)
        try:
            return self._opened("token", await self._tokens.sign_in(text, client))
        except Unauthenticated as error:
            self._refuse("token", client, None, error)

    async def by_password(self, name: str, password: str, client: Client) -> SignedIn:
        """Raises `SignInFailed` for whatever is wrong, `RateLimited`."""
        self._attempt("password", client, name)
        user = await self._users.find(name)
        kept = await self._kept(user.id if user else "")
        if not await self._passwords.verify(kept, password) or user is None or user.disabled_at:
            self._refuse("password", client, user, SignInFailed())
        self._throttle.succeeded(name)
        if kept and self._passwords.is_outdated(kept):
            await self._keep(user, await self._passwords.hash(checked(password, user.name)))
        return self._opened("password", await self._tokens.open_session(user, client))

    async def by_identity(self, identity: Identity, client: Client, *, create: bool) -> SignedIn:
        """Whoever is linked to what the provider vouches for, a new user if `create`; raises `OidcUnknownUser`.

        Nobody is found by a name or an address of mail: those may be somebody else's at the provider.
        """
        user_id = await self._linked(identity)
        user = await self._users.find(user_id) if user_id else None
        if user is None and create:
            user = await self._database.write(lambda session: self._create(session, identity))
        if user is None or user.disabled_at:
            self._refuse("oidc", client, user, OidcUnknownUser())
        return self._opened("oidc", await self._tokens.open_session(user, client))

    async def of_new_user(self, user: User, client: Client) -> SignedIn:
        """Somebody whose account has been made this moment, with an invitation."""
        return self._opened("invitation", await self._tokens.open_session(user, client))

    async def link(self, principal: Principal, identity: Identity) -> None:
        """From now on the identity stands for `principal`; raises `OidcLinked` when it stands for somebody else."""
        user_id = await self._linked(identity)
        if user_id not in (None, principal.id):
            raise OidcLinked
        if user_id is None:
            await self._database.write(lambda session: self._link(session, identity, principal.id))
            detail = {"issuer": identity.issuer, "subject": identity.subject}
            self._events.publish(
                Act("identity.linked", actor_of(principal), resource=f"users/{principal.id}", detail=detail)
            )

    # Passwords

    async def any_password(self) -> bool:
        """Whether anybody could sign in with one."""
        return await self._database.read(store.any_password)

    async def has_password(self, user_id: str) -> bool:
        return await self._kept(user_id) is not None

    async def set_password(self, principal: Principal, current: str | None, new: str) -> None:
        """Sets one's own password and ends one's other web sessions.

        Without one so far, the sign-in must be fresh: a session left open somewhere is not enough. Raises `Forbidden`,
        `WrongPassword`, `SignInAgain`, `PasswordRefused`, `RateLimited`.
        """
        require_person(principal)
        user = await self._users.get(principal.id)
        await self._require_proof(principal, user, current)
        hash = await self._passwords.hash(checked(new, user.name))
        await self._tokens.end_all(
            user.id,
            {TokenKind.SESSION},
            but=principal.token_id,
            together_with=lambda session: store.set_password(session, user.id, hash, self._clock.now()),
        )
        self._throttle.succeeded(user.name)
        self._events.publish(Act("password.changed", actor_of(principal), resource=f"users/{user.id}"))

    async def _require_proof(self, principal: Principal, user: User, current: str | None) -> None:
        kept = await self._kept(user.id)
        if kept is None:
            at = principal.signed_in_at
            if at is None or self._clock.now() - at > FRESH:
                raise SignInAgain
            return
        self._throttle.attempt(principal.address, user.name)
        if not await self._passwords.verify(kept, current or ""):
            act = Act("password.changed", actor_of(principal), resource=f"users/{user.id}", outcome=Outcome.FAILED)
            self._events.publish(act)
            raise WrongPassword

    # The end

    async def sign_out(self, token: str, client: Client) -> None:
        """Ends the web session whose token this is; any other text is ignored."""
        await self._tokens.sign_out(token, client)

    async def end_all(self, principal: Principal) -> None:
        """Ends all web sessions of `principal`, this one too; keys stay."""
        await self._tokens.end_all(principal.id, {TokenKind.SESSION})
        self._events.publish(Act("session.ended", actor_of(principal), detail={"all": True}))

    # Inside

    async def _kept(self, user_id: str) -> str | None:
        return await self._database.read(lambda session: store.password(session, user_id))

    async def _keep(self, user: User, hash: str) -> None:
        now = self._clock.now()
        await self._database.write(lambda session: store.set_password(session, user.id, hash, now))

    async def _linked(self, identity: Identity) -> str | None:
        return await self._database.read(lambda session: store.identified(session, identity.issuer, identity.subject))

    def _create(self, session: Session, identity: Identity) -> User:
        user = self._users.add_like(session, identity.name)
        self._link(session, identity, user.id)
        return user

    def _link(self, session: Session, identity: Identity, user_id: str) -> None:
        store.link(session, identity.issuer, identity.subject, user_id, self._clock.now())

    def _opened(self, method: str, signed_in: SignedIn) -> SignedIn:
        issued, principal = signed_in
        metrics.SIGN_INS.labels(method, Outcome.DONE).inc()
        actor = Actor(principal.id, principal.name, principal.kind, issued.token.id, issued.token.address)
        self._events.publish(Act("session.started", actor, detail={"method": method}))
        return signed_in

    def _attempt(self, method: str, client: Client, *name: str) -> None:
        try:
            self._throttle.attempt(client.address, *name)
        except RateLimited as error:
            self._refuse(method, client, None, error)

    def _refuse(self, method: str, client: Client, user: User | None, error: AtriumError) -> NoReturn:
        """Names the user only if there is one: what was typed as a name may have been a password."""
        metrics.SIGN_INS.labels(method, Outcome.FAILED).inc()
        actor = Actor(NOBODY.id, NOBODY.name, NOBODY.kind, address=client.address)
        detail = {"method": method, "user": user.id if user else None}
        self._events.publish(Act("session.started", actor, outcome=Outcome.FAILED, detail=detail))
        raise error


def require_person(principal: Principal) -> None:
    """Raises `Forbidden` for whoever is not a person in a web session, with all of their rights."""
    narrowed = principal.scopes is not None or principal.kind is not Kind.PERSON
    if narrowed or principal.session_kind is not SessionKind.WEB:
        raise Forbidden("This is done in a web session of the person it is for, not with a key.")
