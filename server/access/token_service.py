"""Tokens: made, derived from one another, listed, revoked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from server.access import store
from server.access.errors import Forbidden, TokenNotFound, Unauthenticated
from server.access.events import TokenRevoked
from server.access.model import (
    ADMIN_ID,
    LISTED_KINDS,
    SHORT_LIVED_KINDS,
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
from server.access.token_format import digest, is_token_id, new_token
from server.access.verifier import TokenVerifier
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus

SESSION_LIFETIME = timedelta(days=30)
TICKET_LIFETIME = timedelta(minutes=10)
LOGIN_LIFETIME = timedelta(hours=24)
KEEP_EXPIRED = timedelta(days=1)


class TokenService:
    """Opaque random tokens with a row each, stored by SHA-256. Publishes `TokenRevoked`.

    A token made with another one (a session or a ticket, but also a personal token made with a personal token) expires
    and is revoked with it at the latest: a leaked token leaves nothing behind.
    """

    def __init__(self, database: Database, events: EventBus, clock: Clock, verifier: TokenVerifier) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._verifier = verifier

    # Personal and agent tokens

    async def create_for(self, user: User, name: str, *, lifetime: timedelta | None = None) -> Issued:
        """A personal token, made by somebody who has the data directory in hand. `lifetime` None: until revoked."""
        return await self._database.write(
            lambda session: self._issue(session, TokenKind.PERSONAL, user.id, name, lifetime)
        )

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
        if principal.is_anonymous:
            raise Forbidden("Anonymous visitors have no tokens; sign in, or use `atrium token create` on the server.")
        if principal.scopes is not None:
            raise Forbidden("A token that is narrowed by scopes makes no tokens; sign in, or use one without scopes.")
        acts_as = Kind.AGENT if kind is TokenKind.AGENT else principal.kind
        return await self._database.write(
            lambda session: self._issue(
                session,
                kind,
                principal.id,
                name,
                lifetime,
                parent_id=_long_lived(session, principal),
                acts_as=acts_as,
                scopes=None if scopes is None else with_implied(scopes),
            )
        )

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

        def work(session: Session) -> list[str]:
            token = store.token_by_id(session, token_id)
            if token is None or not _may_revoke(principal, token):
                raise TokenNotFound
            return store.revoke(session, token_id, self._clock.now())

        self._announce(await self._database.write(work))

    # Web sessions and tickets

    async def awaits_first_sign_in(self) -> bool:
        """Whether nobody has ever had a token here, so that the administrator needs a login link."""
        return not await self._database.read(lambda session: store.any_token_but(session, TokenKind.LOGIN))

    async def create_login_link(self) -> str:
        """A token with which the administrator signs in: once, within a day, unless a newer one was made."""

        def work(session: Session) -> Issued:
            store.delete_tokens(session, TokenKind.LOGIN)
            return self._issue(session, TokenKind.LOGIN, ADMIN_ID, "login link", LOGIN_LIFETIME)

        issued = await self._database.write(work)
        self._verifier.forget()
        return issued.text

    async def sign_in(self, text: str) -> tuple[Issued, Principal]:
        """Exchanges a login link's (used up by it), personal or agent token for a new web session.

        Raises `Unauthenticated`.
        """
        verified = await self._verifier.verify(text, SIGN_IN_KINDS)
        if verified.token.kind is TokenKind.LOGIN:
            issued = await self._database.write(lambda session: self._use_up(session, verified.token))
            self._verifier.forget()
        else:
            principal = verified.principal
            issued = await self._database.write(
                lambda session: self._derive(session, TokenKind.SESSION, principal, SESSION_LIFETIME)
            )
        signed_in = await self._verifier.verify(issued.text, {TokenKind.SESSION})
        return issued, signed_in.principal

    async def sign_out(self, text: str) -> None:
        """Ends the web session whose token this is; any other text is ignored."""
        try:
            verified = await self._verifier.verify(text, {TokenKind.SESSION})
        except Unauthenticated:
            return
        await self.revoke(verified.token.id)

    async def create_ticket(self, principal: Principal, project_id: str) -> Issued:
        """A socket ticket for one project: good for any number of connections while it lives."""

        def work(session: Session) -> Issued:
            store.forget_expired(session, SHORT_LIVED_KINDS, self._clock.now() - KEEP_EXPIRED)
            return self._derive(session, TokenKind.TICKET, principal, TICKET_LIFETIME, project_id=project_id)

        return await self._database.write(work)

    def _use_up(self, session: Session, login: Token) -> Issued:
        if not store.revoke(session, login.id, self._clock.now()):
            raise Unauthenticated
        return self._issue(session, TokenKind.SESSION, login.user_id, login.name, SESSION_LIFETIME)

    def _derive(
        self,
        session: Session,
        kind: TokenKind,
        principal: Principal,
        lifetime: timedelta,
        *,
        project_id: str | None = None,
    ) -> Issued:
        """A token that stands for exactly `principal` and bears the name of the token it is made with."""
        made_with = principal.token_id and store.token_by_id(session, principal.token_id)
        return self._issue(
            session,
            kind,
            principal.id,
            made_with.name if made_with else principal.name,
            lifetime,
            parent_id=principal.token_id,
            acts_as=principal.kind,
            scopes=principal.scopes,
            project_id=project_id,
        )

    def _issue(
        self,
        session: Session,
        kind: TokenKind,
        user_id: str,
        name: str,
        lifetime: timedelta | None,
        *,
        parent_id: str | None = None,
        acts_as: Kind = Kind.PERSON,
        scopes: frozenset[Action] | None = None,
        project_id: str | None = None,
    ) -> Issued:
        now = self._clock.now()
        text, id = new_token(kind)
        ends = (now + lifetime if lifetime else None, _parent_expiry(session, parent_id, now))
        token = Token(
            id=id,
            kind=kind,
            user_id=user_id,
            name=name,
            acts_as=acts_as,
            created_at=now,
            expires_at=min(filter(None, ends), default=None),
            scopes=scopes,
            project_id=project_id,
            parent_id=parent_id,
        )
        store.add_token(session, token, digest(text))
        return Issued(token, text)

    def _announce(self, revoked: Iterable[str]) -> None:
        self._verifier.forget()
        for id in revoked:
            self._events.publish(TokenRevoked(id))


def _may_revoke(principal: Principal | None, token: Token) -> bool:
    return principal is None or principal.is_admin or token.user_id == principal.id


def _long_lived(session: Session, principal: Principal) -> str | None:
    """The id of the personal token that `principal` came with, or signed in with; None when that has no row."""
    token = principal.token_id and store.token_by_id(session, principal.token_id)
    if token and token.kind is TokenKind.SESSION:
        token = token.parent_id and store.token_by_id(session, token.parent_id)
    return token.id if token else None


def _parent_expiry(session: Session, parent_id: str | None, now: datetime) -> datetime | None:
    parent = parent_id and store.token_by_id(session, parent_id)
    if not parent:
        return None  # nothing behind it, or the configured administrator's token, which has no row
    if not parent.is_live(now):
        raise Unauthenticated
    return parent.expires_at
