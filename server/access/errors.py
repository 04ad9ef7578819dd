"""What can go wrong with access."""

from __future__ import annotations

from typing import ClassVar

from server.kit.errors import AtriumError, Conflict, Invalid, NotFound


class Unauthenticated(AtriumError):
    """Sign in, or give a valid token: this one is missing, malformed, unknown, expired or revoked."""

    code = "access.unauthenticated"
    http_status = 401
    close_code = 4401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="atrium"'}


class Forbidden(AtriumError):
    """You may see this but not do that."""

    code = "access.denied"
    http_status = 403
    close_code = 4403


class OriginRefused(AtriumError):
    """A browser's cookie counts only when the request comes from a page of this server."""

    code = "access.origin"
    http_status = 403
    close_code = 4403


class TokenNotFound(NotFound):
    """You have no token with this id."""

    code = "token.not_found"


class UserNotFound(NotFound):
    """There is no such user, or not where you look."""

    code = "user.not_found"


class InvalidUser(Invalid):
    """This user cannot be created or changed like that."""

    code = "user.invalid"


class LastOwner(Conflict):
    """A project keeps at least one owner: make somebody else an owner first."""

    code = "project.last_owner"


class UnknownProject(NotFound):
    """There is no such project."""

    code = "project.not_found"
