"""What can go wrong with sessions."""

from __future__ import annotations

from server.kit.errors import AtriumError, Conflict, NotFound


class InvalidResume(AtriumError):
    """This session cannot be resumed: the token is not its user's, is unknown, or came too late; connect anew."""

    code = "session.resume_refused"
    http_status = 401
    close_code = 4401


class SessionNotFound(NotFound):
    """There is no such session here, or it is over."""

    code = "session.not_found"


class InvalidTransition(Conflict):
    """A session in this state cannot do that."""

    code = "session.invalid_transition"
