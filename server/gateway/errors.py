"""Why a socket is refused or closed."""

from __future__ import annotations

from server.access import Unauthenticated
from server.kit.errors import AtriumError, Unavailable


class Draining(Unavailable):
    """The server is restarting; connect again."""

    code = "gateway.draining"
    close_code = 1001


class Crowded(Unavailable):
    """This server carries as many sockets as it may; try again later."""

    code = "gateway.crowded"


class Backlogged(Unavailable):
    """Too much was sent before the document was open; connect again."""

    code = "gateway.backlogged"


class AskedTooOften(Unavailable):
    """The state was asked for too often; wait before you connect again."""

    code = "gateway.asked_too_often"


class TooManyDocuments(AtriumError):
    """One socket carries no more documents; open another."""

    code = "gateway.too_many_documents"
    close_code = 1008


class RightsChanged(AtriumError):
    """What you may do in this document has changed; connect again."""

    code = "gateway.rights_changed"
    close_code = 1008


class SignInEnded(Unauthenticated):
    """Your sign-in has ended."""

    code = "gateway.sign_in_ended"


class NoDocumentNamed(AtriumError):
    """A y-websocket client puts the document's name in the path: /sync/{project}/{kind}/{id}."""

    code = "gateway.no_document"
    close_code = 4400


class AuthenticationTimeout(AtriumError):
    """Nobody signed in on this socket in time."""

    code = "gateway.authentication_timeout"
    close_code = 4408


class CannotListen(AtriumError):
    """The server cannot listen on its address."""

    code = "gateway.cannot_listen"
