"""How often somebody may try to sign in."""

from __future__ import annotations

import unicodedata

from server.kit.clock import Clock
from server.kit.rate import RateLimit

WINDOW_S = 300
MAX_KEY = 200


class SignInThrottle:
    """Counts attempts, in five minutes, from an address and at a name; whether anybody has that name does not matter.

    Every attempt counts before its password is looked at, so that many at the same moment are counted too. A name's
    count starts again when its owner has signed in; an address's does not, or an attacker with an account of his own
    could go on for ever.
    """

    def __init__(self, clock: Clock, *, per_name: int, per_address: int) -> None:
        self._names = RateLimit("sign_in_name", clock, amount=per_name, window_s=WINDOW_S)
        self._addresses = RateLimit("sign_in_address", clock, amount=per_address, window_s=WINDOW_S)

    def attempt(self, address: str, name: str | None = None) -> None:
        """Raises `RateLimited`; `name` None is an attempt without a name: a token, an invitation."""
        self._addresses.take(address)
        if name is not None:
            self._names.take(_key(name))

    def succeeded(self, name: str) -> None:
        """The attempts at this name were its owner's."""
        self._names.forget(_key(name))


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()[:MAX_KEY]
