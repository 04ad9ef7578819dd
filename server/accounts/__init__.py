"""Accounts: signing in with passwords and identity providers, invitations, the administration of users."""

from __future__ import annotations

from server.accounts.accounts import Accounts
from server.accounts.model import Provider
from server.accounts.routes import routes
from server.accounts.throttle import SignInThrottle

__all__ = ["Accounts", "Provider", "SignInThrottle", "routes"]
