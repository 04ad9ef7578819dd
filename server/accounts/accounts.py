"""The parts of accounts, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from server.access import AccessPolicy, RoleService, TokenService, UserService
from server.accounts.administration import UserAdministration
from server.accounts.invitations import InvitationService
from server.accounts.model import Provider
from server.accounts.passwords import Passwords
from server.accounts.sign_in import SignInService
from server.accounts.throttle import SignInThrottle
from server.kit.clock import Clock
from server.kit.database import Database
from server.kit.events import EventBus

if TYPE_CHECKING:
    from server.accounts.oidc import OidcClient


class Accounts:
    """Signing in, the administration of users, invitations; and the identity provider, if there is one."""

    def __init__(
        self,
        database: Database,
        events: EventBus,
        clock: Clock,
        *,
        roles: RoleService,
        tokens: TokenService,
        policy: AccessPolicy,
        throttle: SignInThrottle,
        provider: Provider | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        passwords = Passwords(hasher)
        users = UserService(database, clock, roles, tokens)
        self.users = users
        self.oidc = _oidc_client(provider, clock) if provider else None
        self.sign_in = SignInService(
            database, events, clock, users=users, tokens=tokens, passwords=passwords, throttle=throttle
        )
        self.administration = UserAdministration(
            database, events, clock, users=users, roles=roles, tokens=tokens, passwords=passwords, policy=policy
        )
        self.invitations = InvitationService(
            database,
            events,
            clock,
            users=users,
            roles=roles,
            passwords=passwords,
            policy=policy,
            throttle=throttle,
        )
        self._passwords = passwords

    async def close(self) -> None:
        """Waits for what is being hashed, and leaves the provider."""
        self._passwords.close()
        if self.oidc is not None:
            await self.oidc.close()


def _oidc_client(provider: Provider, clock: Clock) -> OidcClient:
    from server.accounts.oidc import OidcClient  # half a second of libraries that few servers need

    return OidcClient(provider, clock)
