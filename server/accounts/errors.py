"""What can go wrong with accounts and signing in."""

from __future__ import annotations

from server.access import Forbidden, InvalidUser, Unauthenticated
from server.kit.errors import AtriumError, Conflict, FieldError, Invalid, NotFound, Unavailable


class SignInFailed(Unauthenticated):
    """The name or the password is wrong, or this account may not sign in."""

    code = "sign_in.failed"


class WrongPassword(Forbidden):
    """The current password is wrong."""

    code = "password.wrong"


class PasswordRefused(InvalidUser):
    """This password cannot be used."""

    code = "password.refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[FieldError(["body", "password"], detail)])


class SignInAgain(Forbidden):
    """Sign in again first: your sign-in is too old for this, or was made with a key."""

    code = "sign_in.too_old"


class HashingCrowded(Unavailable):
    """Too many people are signing in at this moment; try again."""

    code = "sign_in.crowded"


class NotAMachine(InvalidUser):
    """Administrators make keys for agents and workers; people make their own."""

    code = "user.not_a_machine"


class InvitationNotFound(NotFound):
    """There is no such invitation, or it has expired, is used up or was taken back."""

    code = "invitation.not_found"


class AccountNeeded(Invalid):
    """Nobody is signed in: choose a name and a password, or sign in first."""

    code = "invitation.account_needed"


class OidcOff(NotFound):
    """No identity provider is configured here (ATRIUM_OIDC_ISSUER)."""

    code = "oidc.off"


class OidcFailed(AtriumError):
    """The sign-in with the identity provider did not come to its end; start it again."""

    code = "oidc.failed"
    http_status = 401


class OidcUnknownUser(Forbidden):
    """Nobody here is linked to this account of the identity provider; ask an administrator for an invitation."""

    code = "oidc.unknown_user"


class OidcUnavailable(Unavailable):
    """The identity provider does not answer, or not as it should; try again later."""

    code = "oidc.unavailable"


class OidcLinked(Conflict):
    """This account of the identity provider is linked to another user."""

    code = "oidc.linked"
