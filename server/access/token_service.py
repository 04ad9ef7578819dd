"""Tokens: made, derived from one another, listed, revoked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlmodel import Session

from server.access import store
from server.access.actor import actor_of
from server.access.errors import Forbidden, TokenNotFound, Unauthenticated
from server.access.events import TokenRevoked
from server.access.issuing import SESSION_LIFETIME, TokenIssuer, long_lived
from server.access.model import (
    ADMIN_ID,
    LISTED_KINDS,
    SERVER,
    SIGN_IN_KINDS,
    Action,
    Issued,
    Kind,
    Principal,
    Token,
    TokenKind,
    User,
    with_implied,
)
from server.access.site import UNKNOWN_CLIENT, Client
from server.access.token_format import is_token_id
from server.access.verifier import TokenVerifier
from server.kit.audit import Act
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus

TICKET_LIFETIME = timedelta(minutes=10)
LOGIN_LIFETIME = timedelta(hours=24)


class TokenService:
    """Opaque random tokens with a row each, stored by SHA-256. Publishes `TokenRevoked`, and acts worth remembering.

    A token made with another one (a session or a ticket, but also a personal token made with a personal token) expires
    and is revoked with it at the latest: a leaked token leaves nothing behind.
    """

    def __init__(self, database: Database, events: EventBus, clock: Clock, verifier: TokenVerifier) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._verifier = verifier
        self._issuer = TokenIssuer(clock)

    # Personal and agent tokens

    async def create_for(self, user: User, name: str, *, lifetime: timedelta | None = None) -> Issued:
        """A key of a user, made by somebody who has the data directory in hand. `lifetime` None: until revoked."""
        issued = await self._database.write(
            lambda session: self._issuer.issue(session, _key_kind(user), user.id, name, lifetime, acts_as=user.kind)
        )
        return self._created(issued, SERVER)

    async def create(
        self,
        principal: Principal,
        kind: TokenKind,
        name: str,
        *,
        lifetime: timedelta | None = None,
        scopes: frozenset[Action] | None = None,
    ) -> Issued:
        """A personal or agent token of `principal`; raises `Forbidden` for visitors and narrowed tokens."""
        acts_as = Kind.AGENT if kind is TokenKind.AGENT else principal.kind
        return await self._create(principal, principal.id, kind, name, lifetime, scopes, acts_as)

    async def create_key(
        self,
        principal: Principal,
        user: User,
        name: str,
        *,
        lifetime: timedelta | None = None,
        scopes: frozenset[Action] | None = None,
    ) -> Issued:
        """A key of somebody else, an agent or a worker; raises `Forbidden` as `create` does."""
        return await self._create(principal, user.id, _key_kind(user), name, lifetime, scopes, user.kind)

    async def _create(
        self,
        principal: Principal,
        user_id: str,
        kind: TokenKind,
        name: str,
        lifetime: timedelta | None,
        scopes: frozenset[Action] | None,
        acts_as: Kind,
    ) -> Issued:
        if principal.is_anonymous:
            raise Forbidden("Anonymous visitors have no tokens; sign in, or use `atrium token create` on the server.")
        if principal.scopes is not None:
            raise Forbidden("A token that is narrowed by scopes makes no tokens; sign in, or use one without scopes.")
        issued = await self._database.write(
            lambda session: self._issuer.issue(
                session,
                kind,
                user_id,
                name,
                lifetime,
                parent_id=long_lived(session, principal, self._clock.now()),
                acts_as=acts_as,
                scopes=None if scopes is None else with_implied(scopes),
                client=Client(principal.address),
            )
        )
        return self._created(issued, principal)

    def _created(self, issued: Issued, by: Principal) -> Issued:
        token = issued.token
        detail = {"kind": token.kind, "name": token.name, "user": token.user_id}
        self._events.publish(Act("token.created", actor_of(by), resource=f"tokens/{token.id}", detail=detail))
        return issued

    async def list(self, principal: Principal, *, after: str = "", limit: int = 50) -> list[Token]:
        """The principal's live tokens and web sessions by id, those after `after`."""
        now = self._clock.now()
        return await self._database.read(
            lambda session: store.tokens_of(session, principal.id, LISTED_KINDS, now, after, limit)
        )

    async def revoke(self, token_id: str, principal: Principal | None = None) -> None:
        """Revokes a token and all that were made with it; `principal` must own it or be an administrator.

        Raises `TokenNotFound`, also for somebody else's.
        """
        if not is_token_id(token_id):
            raise TokenNotFound

        def work(session: Session) -> tuple[Token, list[str]]:
            token = store.token_by_id(session, token_id)
            if token is None or not _may_revoke(principal, token):
                raise TokenNotFound
            return token, store.revoke(session, token_id, self._clock.now())

        token, revoked = await self._database.write(work)
        self.announce(revoked)
        if revoked:
            action = "session.ended" if token.kind is TokenKind.SESSION else "token.revoked"
            detail = {"kind": token.kind, "name": token.name, "user": token.user_id}
            by = actor_of(principal or SERVER)
            self._events.publish(Act(action, by, resource=f"tokens/{token.id}", detail=detail))

    async def end_all(
        self,
        user_id: str,
        kinds: Collection[TokenKind] = frozenset(TokenKind),
        *,
        but: str | None = None,
        together_with: Callable[[Session], None] | None = None,
    ) -> None:
        """Revokes all of a user's tokens of `kinds`, but for one, and what was made with them.

        `together_with` runs before, in the same transaction: a user is disabled together with all they have open.
        """

        def work(session: Session) -> Sequence[str]:
            if together_with:
                together_with(session)
            return self.end_all_in(session, user_id, kinds, but=but)

        self.announce(await self._database.write(work))

    def end_all_in(
        self,
        session: Session,
        user_id: str,
        kinds: Collection[TokenKind] = frozenset(TokenKind),
        *,
        but: str | None = None,
    ) -> Sequence[str]:
        """The same in a transaction of the caller's, who calls `announce` with the ids after it."""
        return store.revoke_all(session, user_id, kinds, self._clock.now(), but)

    def announce(self, revoked: Iterable[str]) -> None:
        """Tells everybody that these tokens count no more."""
        self._verifier.forget()
        for id in revoked:
            self._events.publish(TokenRevoked(id))

    # Web sessions and tickets

    async def awaits_first_sign_in(self) -> bool:
        """Whether nobody has ever had a token here, so that the administrator needs a login link."""
        return not await self._database.read(lambda session: store.any_token_but(session, TokenKind.LOGIN))

    async def create_login_link(self) -> str:
        """A token with which the administrator signs in: once, within a day, unless a newer one was made."""

        def work(session: Session) -> Issued:
            store.delete_tokens(session, TokenKind.LOGIN)
            return self._issuer.issue(session, TokenKind.LOGIN, ADMIN_ID, "login link", LOGIN_LIFETIME)

        issued = await self._database.write(work)
        self._verifier.forget()
        return issued.text

    async def sign_in(self, text: str, client: Client = UNKNOWN_CLIENT) -> tuple[Issued, Principal]:
        """Exchanges a login link's (used up by it), personal or agent token for a new web session.

        Raises `Unauthenticated`.
        """
        verified = await self._verifier.verify(text, SIGN_IN_KINDS)
        if verified.token.kind is TokenKind.LOGIN:
            issued = await self._database.write(lambda session: self._use_up(session, verified.token, client))
            self._verifier.forget()
        else:
            principal = verified.principal
            issued = await self._database.write(
                lambda session: self._issuer.derive(
                    session, TokenKind.SESSION, principal, SESSION_LIFETIME, client=client
                )
            )
        return issued, await self._holder(issued)

    async def open_session(self, user: User, client: Client) -> tuple[Issued, Principal]:
        """A new web session of somebody who has just proved who they are; raises `Unauthenticated` for a disabled one.

        Only sessions like this one and those of a login link have a time of sign-in: a key proves that somebody has
        the key.
        """
        issued = await self._database.write(
            lambda session: self._issuer.open(session, user.id, user.name, client, user.kind)
        )
        return issued, await self._holder(issued)

    async def sign_out(self, text: str, client: Client = UNKNOWN_CLIENT) -> None:
        """Ends the web session whose token this is; any other text is ignored."""
        try:
            verified = await self._verifier.verify(text, {TokenKind.SESSION})
        except Unauthenticated:
            return
        await self.revoke(verified.token.id, replace(verified.principal, address=client.address))

    async def create_ticket(self, principal: Principal, project_id: str) -> Issued:
        """A socket ticket for one project: good for any number of connections while it lives."""

        def work(session: Session) -> Issued:
            self._issuer.forget_expired(session)
            return self._issuer.derive(session, TokenKind.TICKET, principal, TICKET_LIFETIME, project_id=project_id)

        return await self._database.write(work)

    async def _holder(self, issued: Issued) -> Principal:
        return (await self._verifier.verify(issued.text, {TokenKind.SESSION})).principal

    def _use_up(self, session: Session, login: Token, client: Client) -> Issued:
        if not store.revoke(session, login.id, self._clock.now()):
            raise Unauthenticated
        return self._issuer.open(session, login.user_id, login.name, client)


def _key_kind(user: User) -> TokenKind:
    return TokenKind.PERSONAL if user.kind is Kind.PERSON else TokenKind.AGENT


def _may_revoke(principal: Principal | None, token: Token) -> bool:
    return principal is None or principal.is_admin or token.user_id == principal.id
