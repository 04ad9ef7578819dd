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


class FormRefused(AtriumError):
    """With a browser's cookie a POST is JSON, or anything else that no form can send."""

    code = "access.form"
    http_status = 415
    close_code = 4400


class TokenNotFound(NotFound):
    """You have no token with this id."""

    code = "token.not_found"


class UserNotFound(NotFound):
    """There is no such user, or not where you look."""

    code = "user.not_found"


class InvalidUser(Invalid):
    """This user cannot be created or changed like that."""

    code = "user.invalid"


class NameTaken(Conflict):
    """Somebody has this name already; choose another."""

    code = "user.name_taken"


class LastOwner(Conflict):
    """A project keeps at least one owner: make somebody else an owner first."""

    code = "project.last_owner"


class UnknownProject(NotFound):
    """There is no such project."""

    code = "project.not_found"


class LastAdministrator(Conflict):
    """A server keeps at least one enabled administrator: make somebody else one first."""

    code = "user.last_administrator"


class InvalidPermission(Invalid):
    """This permission cannot be: something in it is not known here, or is over already."""

    code = "access.invalid"


class LacksItself(Forbidden):
    """You cannot give or take what you do not have yourself, in this project and for as long."""

    code = "access.lacks_itself"


class RoleNotFound(NotFound):
    """There is no such role."""

    code = "role.not_found"


class RoleCycle(Conflict):
    """A role cannot inherit itself."""

    code = "role.cycle"


class RoleFixed(Conflict):
    """The roles that every server has cannot be changed; define one of your own."""

    code = "role.fixed"


class RoleInUse(Conflict):
    """Somebody or something still has this role."""

    code = "role.in_use"


class GrantNotFound(NotFound):
    """There is no such grant in this project."""

    code = "grant.not_found"


class TemplateNotFound(NotFound):
    """There is no such template."""

    code = "template.not_found"
