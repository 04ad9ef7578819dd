"""Resume tokens: 256 random bits, shown once and stored hashed."""

from __future__ import annotations

import hashlib
import secrets

BYTES = 32


def new_token() -> str:
    """The text of a new token."""
    return secrets.token_urlsafe(BYTES)


def digest(token: str) -> bytes:
    """The SHA-256 under which it is stored; takes any text, also what is no valid Unicode."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
