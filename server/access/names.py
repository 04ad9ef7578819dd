"""What users may be called."""

from __future__ import annotations

import unicodedata

from server.access.errors import InvalidUser
from server.access.model import BUILT_IN, RESERVED_NAMES

MAX_NAME_LENGTH = 64
SEPARATORS = frozenset("/:")
TAKEN = RESERVED_NAMES | {user.name.casefold() for user in BUILT_IN.values()}


def checked_name(raw: str) -> str:
    """A name that looks like itself: no control or invisible characters, and nothing that looks like an id.

    Raises `InvalidUser`.
    """
    name = unicodedata.normalize("NFC", raw.strip())
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise InvalidUser(f"A user's name has 1 to {MAX_NAME_LENGTH} characters; this one has {len(name)}.")
    if not name.isprintable() or SEPARATORS & set(name):
        raise InvalidUser("A user's name has no control or invisible characters, and no '/' or ':'.")
    if name.casefold() in TAKEN:
        raise InvalidUser(f"The name {name!r} is reserved; choose another.")
    return name


def name_like(raw: str) -> str:
    """The closest that `checked_name` takes: for somebody whom another system has named."""
    name = "".join(c for c in unicodedata.normalize("NFC", raw) if c.isprintable() and c not in SEPARATORS)
    name = name.strip()[: MAX_NAME_LENGTH - 8].strip()  # leaves room for a number
    return f"{name or 'user'} 1" if not name or name.casefold() in TAKEN else name
