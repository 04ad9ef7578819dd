"""What accounts are about: users as administrators see them, invitations, identities of a provider."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """Lets somebody into a project, with a role, a number of times."""

    id: str
    project_id: str
    role: str
    note: str
    uses_left: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Neither used up, nor expired, nor taken back."""
        return self.uses_left > 0 and self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider and this server's registration with it; `name` is what people know it by."""

    issuer: str
    client_id: str
    client_secret: str | None
    name: str
    create_users: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider has vouched for: `subject` never changes and is never given to somebody else (OIDC Core, 2)."""

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one browser has to bring back from the provider; it keeps it in a cookie meanwhile."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Challenge:
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))
