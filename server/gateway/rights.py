"""What somebody may do in a document that they have open: asked again whenever it may have changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from server.access import Forbidden, Principal
from server.files import DocumentResolver, Resolved
from server.gateway.authentication import SocketAuthentication
from server.gateway.errors import RightsChanged, SignInEnded
from server.kit.errors import AtriumError, NotFound, Unavailable

logger = logging.getLogger(__name__)


class LiveRights:
    """The rights of one principal to one open document."""

    def __init__(
        self, found: Resolved, principal: Principal, resolver: DocumentResolver, authentication: SocketAuthentication
    ) -> None:
        self._found, self._principal = found, principal
        self._resolver, self._authentication = resolver, authentication
        self._changes = 0
        self._asking = 0

    @property
    def sees(self) -> Callable[[str], bool] | None:
        """Whether they may read the file with a path; None when they may read them all."""
        visit = self._found.visit
        return None if visit.sees_all_files else visit.sees

    def concerns(self, project_id: str | None, principal_id: str | None) -> bool:
        """Whether these are rights of that principal in that project; None stands for all."""
        return project_id in (None, self._found.project.id) and principal_id in (None, self._principal.id)

    def is_due(self, now: datetime) -> bool:
        """Whether the time has come when they may be others, without any change of the policy."""
        until = self._found.visit.can.valid_until
        return until is not None and until <= now and not self._asking

    def changed(self) -> None:
        """An answer that was asked for before this may be outdated."""
        self._changes += 1

    async def lost(self) -> AtriumError | None:
        """Asks again, and says why the socket has to be closed; None when it may stay.

        Any change is a reason, in either direction: a socket that turned read-only would let its client's document
        diverge in silence; it connects again instead.
        """
        self._asking += 1
        try:
            return await self._ask()
        except Exception:  # an edge: who may not be asked about may not stay
            logger.exception("access.not_rechecked")
            return Unavailable("Your access cannot be checked right now; connect again.")
        finally:
            self._asking -= 1

    async def _ask(self) -> AtriumError | None:
        try:
            now = await self._again()
        except NotFound:
            # Who lost everything with their sign-in comes back with another; who lost this document does not.
            ended = await self._authentication.has_ended(self._principal)
            return SignInEnded() if ended else Forbidden("You may no longer see this document.")
        if now.writable != self._found.writable:
            return RightsChanged()
        self._found = now
        return None

    async def _again(self) -> Resolved:
        while True:
            changes = self._changes
            now = await self._resolver.again(self._found, self._principal)
            if changes == self._changes:
                return now
