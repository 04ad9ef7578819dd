"""A principal as the audit log names who acted."""

from __future__ import annotations

from server.access.model import Principal
from server.kit.audit import Actor


def actor_of(principal: Principal) -> Actor:
    """Who acted, with which token and from where."""
    return Actor(
        principal.id, principal.name, principal.kind, token_id=principal.token_id or "", address=principal.address
    )
