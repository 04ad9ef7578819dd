"""Identifiers that sort by creation time."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def uuid7() -> str:
    """A UUID version 7 (RFC 9562, section 5.7) in its 36-character form."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return str(UUID(int=value))
