"""What can go wrong with the audit log."""

from __future__ import annotations

from server.kit.errors import AtriumError, Unavailable


class NotRecorded(Unavailable):
    """What you did is done, but could not be written to the audit log; look before you do it again."""

    code = "audit.not_recorded"
    retryable = False


class ChainBroken(AtriumError):
    """The audit log is not what was written: see the lines above."""

    code = "audit.broken"
