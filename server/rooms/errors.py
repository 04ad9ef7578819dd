"""Errors of rooms."""

from __future__ import annotations

from server.kit.errors import AtriumError, Conflict, Invalid, Unavailable


class RoomBroken(Unavailable):
    """The document had to be reloaded from its log; connect again."""

    code = "room.reloaded"
    close_code = 1011


class UpdateRefused(Invalid):
    """The update is refused."""

    code = "update.refused"


class UpdateGap(Conflict):
    """The update builds on changes that this document does not have; send them first."""

    code = "document.gap"


class DocumentGone(AtriumError):
    """The document has been deleted."""

    code = "document.deleted"
    http_status = 404
    close_code = 4404
