"""Why a message on the control channel is refused, or its socket closed."""

from __future__ import annotations

from server.kit.errors import AtriumError, BadRequest, Conflict, Unavailable


class MalformedMessage(BadRequest):
    """A message is one JSON object with a `type`."""

    code = "control.malformed"


class UnknownType(BadRequest):
    """The server knows no message of this type; all of them are in /control/schema.json."""

    code = "control.unknown_type"


class NoProjectNamed(BadRequest):
    """Say which project: /control?project={slug}."""

    code = "control.no_project"


class UnsupportedData(AtriumError):
    """The control channel carries text messages."""

    code = "control.unsupported_data"
    http_status = 415
    close_code = 1003


class ForeignSession(Conflict):
    """On this socket you act for its own session only."""

    code = "control.foreign_session"


class Silent(Unavailable):
    """You have not been heard of for too long; connect again with your resume token."""

    code = "control.silent"


class SessionOver(AtriumError):
    """Your session has been ended; connect again for a new one."""

    code = "control.session_over"
    close_code = 4409


class TakenOver(AtriumError):
    """Another connection goes on with your session."""

    code = "control.taken_over"
    close_code = 4409


class ProjectGone(AtriumError):
    """The project has been deleted."""

    code = "control.project_gone"
    close_code = 4404
