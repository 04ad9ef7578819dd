"""Tokens in the making: rows, within a transaction of the caller's."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from server.access import store
from server.access.errors import Unauthenticated
from server.access.model import SHORT_LIVED_KINDS, Action, Issued, Kind, Principal, Token, TokenKind
from server.access.site import UNKNOWN_CLIENT, Client
from server.access.token_format import new_token, token_digest
from server.kit.clock import Clock

SESSION_LIFETIME = timedelta(days=30)
KEEP_EXPIRED = timedelta(days=1)


class TokenIssuer:
    """Makes tokens, and forgets those that are long over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def forget_expired(self, session: Session) -> None:
        """Deletes the rows of sessions, tickets and login links that nobody will ask for."""
        store.forget_expired(session, SHORT_LIVED_KINDS, self._clock.now() - KEEP_EXPIRED)

    def open(self, session: Session, user_id: str, name: str, client: Client, acts_as: Kind = Kind.PERSON) -> Issued:
        """A web session of somebody who has just proved who they are."""
        self.forget_expired(session)
        return self.issue(
            session,
            TokenKind.SESSION,
            user_id,
            name,
            SESSION_LIFETIME,
            acts_as=acts_as,
            client=client,
            signed_in_at=self._clock.now(),
        )

    def derive(
        self,
        session: Session,
        kind: TokenKind,
        principal: Principal,
        lifetime: timedelta,
        *,
        project_id: str | None = None,
        client: Client = UNKNOWN_CLIENT,
    ) -> Issued:
        """A token that stands for exactly `principal` and bears the name of the token it is made with."""
        made_with = principal.token_id and store.token_by_id(session, principal.token_id)
        return self.issue(
            session,
            kind,
            principal.id,
            made_with.name if made_with else principal.name,
            lifetime,
            parent_id=principal.token_id,
            acts_as=principal.kind,
            scopes=principal.scopes,
            project_id=project_id,
            client=client,
            signed_in_at=principal.signed_in_at,
        )

    def issue(
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
        client: Client = UNKNOWN_CLIENT,
        signed_in_at: datetime | None = None,
    ) -> Issued:
        """A token that ends with the one it is made with at the latest; raises `Unauthenticated` after its end."""
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
            address=client.address,
            user_agent=client.agent,
            signed_in_at=signed_in_at,
        )
        store.add_token(session, token, token_digest(text))
        return Issued(token, text)


def long_lived(session: Session, principal: Principal, now: datetime) -> str | None:
    """The id of the personal token that `principal` came with, or signed in with; None when that has no row.

    Raises `Unauthenticated` when what they came with has been revoked in this moment.
    """
    token = principal.token_id and store.token_by_id(session, principal.token_id)
    if token and not token.is_live(now):
        raise Unauthenticated
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
