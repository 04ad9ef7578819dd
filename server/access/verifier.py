"""Whom a token stands for."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from server.access import store
from server.access.errors import Unauthenticated
from server.access.model import (
    ADMIN_ID,
    BUILT_IN,
    Action,
    Kind,
    Principal,
    ServerRole,
    SessionKind,
    Token,
    TokenKind,
    User,
    hue_of,
)
from server.access.token_format import parse_token, token_digest
from server.kit import metrics
from server.kit.cache import MomentCache
from server.kit.clock import Clock
from server.kit.database import Database

USE_RESOLUTION = timedelta(minutes=1)
SWEEP_BATCH = 1000
NO_DIGEST = bytes(32)
SESSION_KINDS = {
    TokenKind.SESSION: SessionKind.WEB,
    TokenKind.PERSONAL: SessionKind.KEY,
    TokenKind.AGENT: SessionKind.AGENT,
}
ADMIN_TOKEN_ID = "env-"  # noqa: S105 - a prefix, not a secret: ids of the configured token never look like a row's


@dataclass(frozen=True, slots=True)
class Verified:
    """A token and its principal."""

    token: Token
    principal: Principal


class TokenVerifier:
    """Verifies tokens against their rows, remembering the answer for a moment.

    `admin_token` is accepted verbatim, as the administrator's personal token; sessions made with it end when it is
    replaced by another.
    """

    def __init__(self, database: Database, clock: Clock, *, admin_token: str | None = None) -> None:
        self._database = database
        self._clock = clock
        self._remembered: MomentCache[bytes, Verified] = MomentCache(clock)
        self._admin_digest = token_digest(admin_token) if admin_token else NO_DIGEST
        self._admin_token_id = ADMIN_TOKEN_ID + self._admin_digest.hex()[:8]

    async def verify(self, text: str, kinds: Collection[TokenKind]) -> Verified:
        """The token, if it is one of `kinds`; raises `Unauthenticated`, which never says what is wrong with it."""
        try:
            return await self._verify(text, kinds)
        except Unauthenticated:
            metrics.AUTH_FAILURES.inc()
            raise

    async def _verify(self, text: str, kinds: Collection[TokenKind]) -> Verified:
        secret = token_digest(text)
        if hmac.compare_digest(secret, self._admin_digest):
            verified = self._administrator()
        else:
            verified = await self._remembered.get(secret, lambda: self._load(text, secret))
        if verified.token.kind not in kinds or not verified.token.is_live(self._clock.now()):
            raise Unauthenticated
        return verified

    async def sweep(self, token_ids: Collection[str]) -> set[str]:
        """Those of `token_ids` that count no more: expired, or revoked here or by another process."""
        now = self._clock.now()
        ids = sorted(set(token_ids) - {self._admin_token_id})
        batches = [ids[start : start + SWEEP_BATCH] for start in range(0, len(ids), SWEEP_BATCH)]

        def live(session: Session) -> set[str]:
            return set().union(*(store.live_tokens(session, batch, now) for batch in batches))

        return set(ids) - await self._database.read(live)

    def forget(self) -> None:
        """Drops what is remembered: a token was revoked."""
        self._remembered.clear()

    async def _load(self, text: str, secret: bytes) -> Verified:
        parsed = parse_token(text)
        if parsed is None:
            raise Unauthenticated
        _, id = parsed
        found, behind = await self._database.read(lambda session: _look_up(session, id))
        # An unknown id and a wrong secret take the same path.
        if not hmac.compare_digest(secret, found[1] if found else NO_DIGEST) or found is None:
            raise Unauthenticated
        token, _, user = found
        if not token.is_live(self._clock.now()) or self._is_from_former_admin_token(token) or user.disabled_at:
            raise Unauthenticated
        await self._touch(token)
        return Verified(token, _principal(token, user, behind))

    async def _touch(self, token: Token) -> None:
        now = self._clock.now()
        recent = token.last_used_at and now - token.last_used_at < USE_RESOLUTION
        if token.kind is not TokenKind.TICKET and not recent:
            await self._database.write(lambda session: store.touch(session, token, now))

    def _is_from_former_admin_token(self, token: Token) -> bool:
        parent = token.parent_id or ""
        return parent.startswith(ADMIN_TOKEN_ID) and parent != self._admin_token_id

    def _administrator(self) -> Verified:
        user = BUILT_IN[ADMIN_ID]
        token = Token(
            self._admin_token_id,
            TokenKind.PERSONAL,
            user.id,
            "ATRIUM_ADMIN_TOKEN",
            Kind.PERSON,
            created_at=self._clock.now(),
        )
        return Verified(token, _principal(token, user, token))


def _look_up(session: Session, id: str) -> tuple[tuple[Token, bytes, User] | None, Token | None]:
    """A credential, and the token that its holder came with: for a ticket, the one that it was made with."""
    found = store.credential(session, id)
    if found is None or found[0].kind is not TokenKind.TICKET:
        return found, found[0] if found else None
    parent_id = found[0].parent_id
    return found, store.token_by_id(session, parent_id) if parent_id else None


def _principal(token: Token, user: User, behind: Token | None) -> Principal:
    unnarrowed = token.scopes is None or Action.ADMIN in token.scopes
    is_agent = token.acts_as is Kind.AGENT and user.kind is Kind.PERSON
    # A ticket may expire while its sockets live on: they hang on what the ticket was made with.
    token_id = token.parent_id if token.kind is TokenKind.TICKET else token.id
    return Principal(
        id=user.id,
        name=f"{token.name} ({user.name})" if is_agent else user.name,
        hue=hue_of(f"{user.id} {token.name}") if is_agent else user.hue,
        kind=token.acts_as,
        is_admin=user.server_role == ServerRole.ADMIN and unnarrowed,
        token_id=token_id,
        project_scope=token.project_id,
        scopes=token.scopes,
        signed_in_at=token.signed_in_at,
        session_kind=SESSION_KINDS.get(behind.kind) if behind else None,
    )
